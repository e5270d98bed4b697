#include "component/stanza.hpp"

#include <utility>

namespace dragoman {

namespace {

// Which of the two addresses is at fault goes to the log; the address itself may be a megabyte of rubbish.
std::optional<Jid> address(const Element& element, std::string_view attribute, std::string& why) {
  const std::string* text = element.attr(attribute);
  if (!text) {
    why = "no '" + std::string(attribute) + "' address";
    return std::nullopt;
  }
  std::optional<Jid> jid = Jid::parse(*text);
  if (!jid) why = "a '" + std::string(attribute) + "' address that is no JID";
  return jid;
}

}  // namespace

std::optional<Stanza> Stanza::from_element(Element&& element, std::string& why) {
  Stanza stanza;
  if (element.ns != ns::component) {
    why = "not of the component's namespace";
    return std::nullopt;
  }
  if (element.name == "message") {
    stanza.kind = StanzaKind::message;
  } else if (element.name == "presence") {
    stanza.kind = StanzaKind::presence;
  } else if (element.name == "iq") {
    stanza.kind = StanzaKind::iq;
  } else {
    why = "neither message, presence nor iq";
    return std::nullopt;
  }
  std::optional<Jid> from = address(element, "from", why);
  if (!from) return std::nullopt;
  std::optional<Jid> to = address(element, "to", why);
  if (!to) return std::nullopt;
  stanza.from = std::move(*from);
  stanza.to = std::move(*to);
  stanza.id = element.attr_or("id");
  stanza.type = element.attr_or("type");
  stanza.root = std::move(element);
  return stanza;
}

}  // namespace dragoman
