#include "component/refusal.hpp"

#include <initializer_list>

namespace dragoman {

namespace {

std::string join(std::initializer_list<std::string_view> parts) {
  std::string out;
  for (const std::string_view part : parts) out += part;
  return out;
}

std::string at(const Door& door) { return join({door.host, ":", std::to_string(door.port)}); }

std::string component_section(const Door& door) {
  return join({"Prosody: Component \"", door.domain,
               "\" with component_secret = \"…\", then reload; ejabberd: \"", door.domain,
               "\" with its password under `hosts` of an ejabberd_service listener."});
}

}  // namespace

std::string refusal_words(const Door& door, std::string_view condition, std::string_view text) {
  if (condition == "not-authorized")
    return join({"The XMPP server at ", at(door), " does not accept the secret of ", door.domain,
                 ". `secret` here must be the same as there. Prosody: component_secret under Component \"",
                 door.domain, "\"; ejabberd: password of \"", door.domain,
                 "\" under `hosts` of the ejabberd_service listener."});
  if (condition == "host-unknown")
    return join({"The XMPP server at ", at(door), " knows no component ", door.domain, ". Add it there. ",
                 component_section(door)});
  if (condition == "conflict")
    return join({"Another program is connected to ", at(door), " as ", door.domain,
                 ". Stop it (is a second dragoman running?). Prosody lets the newer one win with "
                 "component_conflict_resolve = \"kick_old\" under Component \"",
                 door.domain, "\"; ejabberd: give each its own name under `hosts`."});
  return join({"The XMPP server at ", at(door), " refused ", door.domain, ": ", condition,
               text.empty() ? "" : ", \"", text, text.empty() ? "" : "\"", "."});
}

std::string unreachable_words(const Door& door, std::string_view why) {
  return join(
      {"No XMPP server answers at ", at(door), " (", why,
       "). Is it running, and does it listen there for components? Prosody: component_ports and "
       "component_interfaces, and at least one Component section; ejabberd: an ejabberd_service listener "
       "with that port."});
}

std::string hung_up_words(const Door& door) {
  return join({"The server at ", at(door), " hung up before it let ", door.domain,
               " in. Is that port the one for components (usually 5347), not the one for clients? ",
               component_section(door)});
}

std::string silent_words(const Door& door) {
  return join(
      {"The server at ", at(door), " does not answer. Is that port the one for components (usually 5347)?"});
}

std::string stranger_words(const Door& door) {
  return join({"What answers at ", at(door),
               " is not an XMPP server's port for components (jabber:component:accept), usually 5347."});
}

}  // namespace dragoman
