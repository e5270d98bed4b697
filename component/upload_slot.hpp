// XEP-0363 on the wire: what is asked of an upload service and what it says. Pure. A service is our own
// server's, yet what it names is looked at: no URL goes out that is not HTTPS, but for one of this machine
// itself, and of the headers only those that the XEP allows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "bridges/event.hpp"
#include "component/xml.hpp"

namespace dragoman::upload {

// The payloads of the two questions.
std::string disco_request();
std::string slot_request(std::string_view name, std::uint64_t size, std::string_view media_type);

// A disco#info answer (section 3): what the service takes. Nothing: it is no upload service.
struct Service {
  std::uint64_t largest = 0;  // bytes; 0: it names no limit
};
std::optional<Service> read_service(const Element& query);

struct Slot {
  std::string put_url, get_url;
  std::vector<std::pair<std::string, std::string>> headers;  // of the PUT, in their order
};
// A <slot/> (section 4), or what is wrong with it.
std::variant<Slot, std::string> read_slot(const Element& slot);

// Why there is none (section 6).
struct Refusal {
  enum class Of : std::uint8_t { this_file, for_now, everything } of = Of::everything;
  std::string words;                     // one line
  std::optional<std::uint64_t> largest;  // where it says how large a file may be
  std::optional<Time> retry;             // where it says when to ask again
};
Refusal read_refusal(const Element& iq);

// HTTPS, or HTTP to this machine alone; ASCII without spaces, no user name in it, of a bounded length.
bool is_fit_url(std::string_view url);

}  // namespace dragoman::upload
