// What a person can set and ask by forms: the gateway's, a server's and a channel's configuration,
// disconnecting, and how a connection is doing. Nodes, fields, types and defaults are those that users of IRC
// gateways know.
#include <algorithm>
#include <set>

#include <fmt/chrono.h>

#include "bridges/irc/network.hpp"
#include "mapping/store.hpp"

namespace dragoman::irc {
namespace {

constexpr int default_history = 20;
constexpr int default_throttle = 10;

// A form that keeps what it is about: fields with their values now, and a way back into the store.
class Sheet {
 public:
  Sheet(std::string title, std::string instructions, SettingMap stored)
      : form_{std::move(title), std::move(instructions), {}}, stored_(std::move(stored)) {}

  void text(const char* name, const char* label, const std::string& otherwise, const char* help = "") {
    add(name, FieldType::text, label, help, {value(name, otherwise)});
  }
  void secret(const char* name, const char* label) {
    add(name, FieldType::secret, label, "", {value(name, "")});
  }
  void lines(const char* name, const char* label, const std::vector<std::string>& otherwise,
             const char* help = "") {
    auto found = stored_.find(name);
    add(name, FieldType::text_multi, label, help,
        found == stored_.end() ? otherwise : lines_of(found->second.value));
  }
  void boolean(const char* name, const char* label, bool otherwise) {
    add(name, FieldType::boolean, label, "", {truth(value(name, ""), otherwise) ? "true" : "false"});
  }
  void choice(const char* name, const char* label, std::vector<FieldOption> options,
              const std::string& otherwise) {
    add(name, FieldType::choice, label, "", {value(name, otherwise)});
    form_.fields.back().options = std::move(options);
  }
  void number_field(const char* name, const char* label, int otherwise) {
    text(name, label, std::to_string(otherwise));
    numbers_.emplace(name, otherwise);
  }

  const Form& form() const { return form_; }

  // What is stored after these answers: a field that was left out keeps its value, a number that is none
  // falls back to its default, an empty text takes the setting back.
  SettingMap merged(const Answers& answers) const {
    auto out = stored_;
    for (const auto& field : form_.fields) {
      auto given = answers.find(field.name);
      if (given == answers.end()) continue;
      const auto& values = given->second;
      std::string first = values.empty() ? std::string{} : values.front();
      Setting setting;
      setting.secret = field.type == FieldType::secret;
      switch (field.type) {
        case FieldType::text_multi: setting.value = join_lines(values); break;
        case FieldType::boolean: setting.value = truth(first, false) ? "true" : "false"; break;
        case FieldType::choice: {
          bool known = std::any_of(field.options.begin(), field.options.end(),
                                   [&](const FieldOption& option) { return option.value == first; });
          if (!known) continue;
          setting.value = first;
          break;
        }
        default: setting.value = first;
      }
      if (auto fallback = numbers_.find(field.name); fallback != numbers_.end()) {
        setting.value = std::to_string(number(first, fallback->second));
      } else if (field.type != FieldType::text_multi && setting.value.empty()) {
        // An emptied list is a value (no ports of this kind); an emptied text is none.
        out.erase(field.name);
        continue;
      }
      out[field.name] = std::move(setting);
    }
    return out;
  }

 private:
  std::string value(const char* name, const std::string& otherwise) const {
    auto found = stored_.find(name);
    return found == stored_.end() ? otherwise : found->second.value;
  }
  void add(const char* name, FieldType type, const char* label, const char* help,
           std::vector<std::string> values) {
    if (type != FieldType::text_multi && values.size() == 1 && values.front().empty()) values.clear();
    form_.fields.push_back({name, type, label, help, false, std::move(values), {}});
  }

  Form form_;
  SettingMap stored_;
  std::map<std::string, int> numbers_;
};

std::vector<std::string> port_words(const std::vector<std::uint16_t>& ports) {
  std::vector<std::string> out;
  for (auto port : ports) out.push_back(std::to_string(port));
  return out;
}

Outcome save(Store& store, const NetworkId& network, const PersonId& person, const std::string& scope,
             const SettingMap& values) {
  if (!store.settings().save(network, person, scope, values) || !store.durable()) {
    return Failure{Reason::storage_failed, "The settings could not be stored"};
  }
  return Note{"Configuration successfully applied.", false};
}

std::string first_answer(const Answers& answers, const char* name, const char* otherwise) {
  auto found = answers.find(name);
  return found == answers.end() || found->second.empty() || found->second.front().empty()
             ? otherwise
             : found->second.front();
}

}  // namespace

bool Network::is_gateway(const Conversation& target) const {
  const auto* place = std::get_if<PlaceId>(&target);
  return place &&
         (place->empty() || (hub_.addresses.fixed() && place->value() == hub_.addresses.fixed_server()));
}

std::vector<Procedure> Network::procedures(const Conversation& target) const {
  const Procedure info{"get-irc-connection-info", "Show the state of the connection to the IRC server",
                       false};
  const Procedure disconnect{"disconnect-from-irc-server", "Disconnect from the selected IRC servers", false};
  if (std::holds_alternative<RoomId>(target)) return {{"configure", "Configure this IRC channel", false}};
  if (!std::holds_alternative<PlaceId>(target)) return {};
  if (!is_gateway(target)) return {{"configure", "Configure this IRC server", false}, info};
  if (!hub_.addresses.fixed())
    return {{"configure", "Configure the gateway for yourself", false}, disconnect};
  return {{"global-configure", "Configure the gateway for yourself", false},
          {"server-configure", "Configure the IRC server", false},
          disconnect,
          info};
}

Outcome Network::run(const PersonId& person, bool admin, const Conversation& target, const std::string& node,
                     const Answers& answers, bool submitted) {
  auto known = procedures(target);
  if (std::none_of(known.begin(), known.end(), [&](const Procedure& p) { return p.node == node; })) {
    return Failure{Reason::unsupported, "There is no such command here"};
  }
  auto place = hub_.addresses.place_of(target);
  if (const auto* room = std::get_if<RoomId>(&target))
    return configure_room(person, *room, answers, submitted);
  if (node == "disconnect-from-irc-server") return disconnect_servers(person, admin, answers);
  if (node == "get-irc-connection-info") return connection_info(person, place);
  if (node == "server-configure") return configure_server(person, place, answers, submitted);
  if (node == "global-configure" || is_gateway(target)) return configure_gateway(person, answers, submitted);
  return configure_server(person, place, answers, submitted);
}

Outcome Network::configure_gateway(const PersonId& person, const Answers& answers, bool submitted) {
  Sheet sheet("Configure the gateway", "These settings hold for all your channels.",
              hub_.store.settings().load(hub_.network, person, ""));
  sheet.number_field("max_history_length", "How many lines of history a room shows when you enter",
                     default_history);
  sheet.boolean("record_history", "Keep an archive of your channels", true);
  sheet.boolean("persistent", "Stay in channels when your last client has left",
                hub_.settings.irc.persistent_by_default);
  if (!submitted) return sheet.form();
  return save(hub_.store, hub_.network, person, "", sheet.merged(answers));
}

Outcome Network::configure_server(const PersonId& person, const PlaceId& place, const Answers& answers,
                                  bool submitted) {
  auto scope = server_scope(place.value());
  auto defaults = server_settings(hub_.settings.irc, place.value(), {});
  Sheet sheet("Configure the IRC server " + place.value(), "They hold from the next connection on.",
              hub_.store.settings().load(hub_.network, person, scope));
  if (!hub_.addresses.fixed()) {
    sheet.text("address", "Address", defaults.address, "A host name or an IP address");
  }
  sheet.lines("ports", "Ports", port_words(defaults.ports), "Without TLS");
  sheet.lines("tls_ports", "TLS ports", port_words(defaults.tls_ports));
  sheet.boolean("verify_cert", "Verify the certificate", defaults.verify_cert);
  sheet.text("fingerprint", "SHA-256 fingerprint of the certificate to trust", "");
  sheet.text("nick", "Nick, instead of the one a room is entered with", "");
  sheet.secret("pass", "Server password");
  sheet.secret("sasl_password", "SASL password");
  sheet.lines("after_connect_commands", "IRC commands to send once connected", {}, "One a line");
  sheet.text("username", "User name", "");
  sheet.text("realname", "Real name", "");
  sheet.number_field("throttle_limit", "How many lines may be sent at once; -1 for no limit",
                     default_throttle);
  sheet.text("encoding_out", "Encoding of what is sent", "");
  sheet.text("encoding_in", "Encoding of what is received and is no UTF-8", "");
  sheet.number_field("max_history_length", "How many lines of history a room shows when you enter",
                     default_history);
  if (!submitted) return sheet.form();
  return save(hub_.store, hub_.network, person, scope, sheet.merged(answers));
}

Outcome Network::configure_room(const PersonId& person, const RoomId& room, const Answers& answers,
                                bool submitted) {
  auto scope = room_scope(room.value());
  Sheet sheet("Configure the IRC channel " + display_name(room), "They hold for you alone.",
              hub_.store.settings().load(hub_.network, person, scope));
  sheet.choice("record_history", "Keep an archive of this channel",
               {{"unset", "As for all channels"}, {"true", "Yes"}, {"false", "No"}}, "unset");
  sheet.text("encoding_out", "Encoding of what is sent", "");
  sheet.text("encoding_in", "Encoding of what is received and is no UTF-8", "");
  sheet.boolean("persistent", "Stay here when your last client has left", false);
  if (!submitted) return sheet.form();
  return save(hub_.store, hub_.network, person, scope, sheet.merged(answers));
}

// An admin first chooses whose connections. Without a choice of servers there is a form, with one the deed.
Outcome Network::disconnect_servers(const PersonId& person, bool admin, const Answers& answers) {
  Form form{"Disconnect from IRC servers", "", {}};
  auto whose = person.value();
  if (admin) {
    whose = first_answer(answers, "jid", "");
    if (whose.empty()) {
      std::set<std::string> persons;
      for (const auto& [key, session] : sessions_) persons.insert(session->person().value());
      if (persons.empty()) return Note{"Nobody is connected to any IRC server.", false};
      Field field{"jid", FieldType::choice, "Whose connections", "", true, {}, {}};
      for (const auto& name : persons) field.options.push_back({name, name});
      form.instructions = "Choose a user.";
      form.fields.push_back(std::move(field));
      return form;
    }
  }
  std::map<std::string, Session*> servers;
  for (const auto& [key, session] : sessions_) {
    if (session->person().value() == whose) servers.emplace(session->place().value(), session.get());
  }
  if (servers.empty()) {
    return Note{admin ? whose + " is connected to no IRC server." : "You are connected to no IRC server.",
                false};
  }
  auto chosen = answers.find("irc-servers");
  if (chosen == answers.end()) {
    Field field{"irc-servers", FieldType::choice_multi, "Servers", "", true, {}, {}};
    for (const auto& [name, session] : servers) field.options.push_back({name, name});
    form.instructions = "Choose the servers to disconnect from.";
    form.fields.push_back(std::move(field));
    form.fields.push_back(
        {"quit-message", FieldType::text, "Quit message", "", false, {"Killed by admin"}, {}});
    return form;
  }
  auto message = first_answer(answers, "quit-message", "Killed by admin");
  std::size_t count = 0;
  for (const auto& name : chosen->second) {
    // Looked up again each time: what ends one connection may have ended another.
    auto* session = servers.contains(name) ? find(PersonId(whose), PlaceId(name)) : nullptr;
    if (!session) continue;
    session->quit(message);
    ++count;
  }
  return Note{fmt::format("{} IRC server{} disconnected.", count, count == 1 ? "" : "s"), false};
}

Outcome Network::connection_info(const PersonId& person, const PlaceId& place) const {
  const auto* session = find(person, place);
  if (!session || !session->connection())
    return Note{"You are not connected to " + place.value() + ".", false};
  const auto& connection = *session->connection();
  auto text = fmt::format("Connected to {} ({}, port {}), {}. You are {}.", place.value(),
                          connection.remote_address, connection.remote_port,
                          connection.tls.empty() ? "in plain text" : "encrypted by " + connection.tls,
                          session->nick());
  if (session->link() == Link::up) {
    text += fmt::format(" Connected since {:%Y-%m-%d %H:%M:%S} UTC.",
                        fmt::gmtime(std::chrono::system_clock::to_time_t(session->up_since())));
  }
  std::string channels;
  for (const auto& name : session->channel_names()) channels += (channels.empty() ? "" : ", ") + name;
  if (!channels.empty()) text += " In: " + channels + ".";
  return Note{std::move(text), false};
}

}  // namespace dragoman::irc
