// An XMPP address, prepared (RFC 6122 nodeprep, nameprep, resourceprep by libidn).
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace dragoman {

struct Jid {
  std::string local, domain, resource;  // prepared, each at most 1023 bytes; domain never empty

  // Nothing where the text is no JID. Pure ASCII takes a quick path.
  static std::optional<Jid> parse(std::string_view text);

  Jid bare() const { return Jid{local, domain, {}}; }
  std::string str() const;
  bool operator==(const Jid&) const = default;
  auto operator<=>(const Jid&) const = default;
};

// A resource as resourceprep makes it; nothing where it can't be one.
std::optional<std::string> prepare_resource(std::string_view text);

}  // namespace dragoman
