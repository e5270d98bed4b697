#include "bridges/matrix/registration.hpp"

#include <stdexcept>

#include <fmt/format.h>

#include "config/settings.hpp"
#include "mapping/digest.hpp"
#include "mapping/settings_table.hpp"
#include "mapping/store.hpp"

namespace dragoman::matrix {
namespace {

constexpr std::size_t token_bytes = 32;
constexpr const char* scope = "appservice";

// Characters that mean something to one of the regular expression engines of homeservers.
std::string regex_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\^$.|?*+()[]{}").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

// A YAML scalar in single quotes: a quote in it is written twice, all else stands for itself.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += '\'';
    out += c;
  }
  return out + "'";
}

}  // namespace

Tokens tokens_of(const config::Bridge& bridge, Store& store) {
  const NetworkId network(bridge.domain);
  SettingMap kept = store.settings().load(network, PersonId(), scope);
  Tokens tokens{kept["as_token"].value, kept["hs_token"].value};
  if (!tokens.as_token.empty() && !tokens.hs_token.empty()) return tokens;
  tokens = {random_hex(token_bytes), random_hex(token_bytes)};
  kept["as_token"] = {tokens.as_token, true};
  kept["hs_token"] = {tokens.hs_token, true};
  if (!store.settings().save(network, PersonId(), scope, kept) || !store.durable()) {
    throw std::runtime_error(bridge.domain +
                             ": the tokens for the homeserver can't be kept in the database: see to its disk "
                             "and its permissions (store.path)");
  }
  return tokens;
}

std::string sender_id(const config::Bridge& bridge) {
  return "@" + bridge.matrix.appservice.sender_localpart + ":" + bridge.matrix.homeserver.server_name;
}

Voice sender_voice(const config::Bridge& bridge, const Tokens& tokens) {
  return {bridge.matrix.homeserver.url, tokens.as_token, sender_id(bridge)};
}

std::string appservice_url(const config::Bridge& bridge) {
  const auto& service = bridge.matrix.appservice;
  if (!service.url.empty()) return service.url;
  const bool v6 = service.address.find(':') != std::string::npos;
  return fmt::format("http://{}{}{}:{}", v6 ? "[" : "", service.address, v6 ? "]" : "", service.port);
}

std::string registration(const config::Bridge& bridge, Store& store) {
  const Tokens tokens = tokens_of(bridge, store);
  const std::string server = regex_escaped(bridge.matrix.homeserver.server_name);
  const std::string prefix = regex_escaped(bridge.matrix.ghost_prefix);
  const std::string sender = regex_escaped(bridge.matrix.appservice.sender_localpart);
  return fmt::format(
      "# The registration of dragoman's bridge {domain} with the homeserver {server_name}.\n"
      "#\n"
      "# Save it as a file that the homeserver can read and nobody else (it holds secrets), for example\n"
      "# /etc/matrix-synapse/dragoman.yaml, and name it in the homeserver's configuration. Synapse, in\n"
      "# homeserver.yaml:\n"
      "#\n"
      "#   app_service_config_files:\n"
      "#     - /etc/matrix-synapse/dragoman.yaml\n"
      "#\n"
      "# Then start the homeserver again, start dragoman, and see what `dragoman doctor matrix` says.\n"
      "# The tokens stay the same each time this is printed.\n"
      "id: {id}\n"
      "url: {url}\n"
      "as_token: {as_token}\n"
      "hs_token: {hs_token}\n"
      "sender_localpart: {localpart}\n"
      "rate_limited: false\n"
      "namespaces:\n"
      "  users:\n"
      "    - regex: {ghosts}\n"
      "      exclusive: true\n"
      "    - regex: {sender}\n"
      "      exclusive: true\n"
      "  aliases:\n"
      "    - regex: {aliases}\n"
      "      exclusive: true\n"
      "  rooms: []\n"
      "protocols:\n"
      "  - xmpp\n"
      "# Typing, receipts and presence; the second line is for Synapse before 1.156.\n"
      "receive_ephemeral: true\n"
      "de.sorunome.msc2409.push_ephemeral: true\n",
      fmt::arg("domain", bridge.domain), fmt::arg("server_name", bridge.matrix.homeserver.server_name),
      fmt::arg("id", quoted(bridge.matrix.appservice.id)), fmt::arg("url", quoted(appservice_url(bridge))),
      fmt::arg("as_token", tokens.as_token), fmt::arg("hs_token", tokens.hs_token),
      fmt::arg("localpart", quoted(bridge.matrix.appservice.sender_localpart)),
      fmt::arg("ghosts", quoted("^@" + prefix + ".*:" + server + "$")),
      fmt::arg("sender", quoted("^@" + sender + ":" + server + "$")),
      fmt::arg("aliases", quoted("^#" + prefix + ".*:" + server + "$")));
}

}  // namespace dragoman::matrix
