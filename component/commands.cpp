#include "component/commands.hpp"

#include <algorithm>
#include <utility>

#include "component/form.hpp"
#include "component/gateway.hpp"
#include "component/muc.hpp"
#include "mapping/digest.hpp"

namespace dragoman {

namespace {

constexpr std::size_t most_dialogues = 10000;
constexpr std::size_t most_of_one_person = 8;  // the oldest goes for a new one
constexpr std::size_t most_answer_bytes = 64 << 10;

std::size_t size_of(const Answers& answers) {
  std::size_t bytes = 0;
  for (const auto& [name, values] : answers) {
    bytes += name.size();
    for (const std::string& value : values) bytes += value.size() + 1;
  }
  return bytes;
}

const std::vector<Procedure>& own_procedures() {
  static const std::vector<Procedure> list = {
      {"ping", "Do a ping", false},
      {"hello", "Receive a greeting", false},
      {"reload", "Read the configuration again", true},
      {"disconnect-user", "Disconnect users", true},
  };
  return list;
}

bool is_own(const std::string& node) {
  const auto& own = own_procedures();
  return std::any_of(own.begin(), own.end(), [&](const Procedure& p) { return p.node == node; });
}

std::string first_of(const Answers& answers, const std::string& name, const std::string& fallback) {
  auto found = answers.find(name);
  return found == answers.end() || found->second.empty() ? fallback : found->second.front();
}

}  // namespace

Commands::Commands(Gateway& gateway) : gateway_(gateway) {
  gateway.router().on_set(ns::commands, [this](const Stanza& iq, const Element& command,
                                               const Target& target) { on_command(iq, command, target); });
}

std::vector<Procedure> Commands::available(const Jid& who, const Target& target) const {
  std::vector<Procedure> all;
  if (!target.where || !target.nick.empty()) return all;
  if (target.place() != nullptr && gateway_.address_of(*target.where) == gateway_.domain())
    all = own_procedures();
  for (Procedure& p : gateway_.network().procedures(*target.where)) all.push_back(std::move(p));
  if (!gateway_.is_admin(who)) std::erase_if(all, [](const Procedure& p) { return p.admin_only; });
  return all;
}

std::string Commands::name_of(const Jid& who, const Target& target, const std::string& node) const {
  for (const Procedure& p : available(who, target)) {
    if (p.node == node) return p.name;
  }
  return {};
}

void Commands::on_command(const Stanza& iq, const Element& command, const Target& target) {
  forget_old();
  const std::string node{command.attr_or("node")};
  const std::string action{command.attr_or("action", "execute")};
  std::string session{command.attr_or("sessionid")};

  if (action != "execute" && action != "next" && action != "complete" && action != "cancel" &&
      action != "prev") {
    return gateway_.refuse(iq, bad_request("There is no action \"" + action + "\"."));
  }
  if (name_of(iq.from, target, node).empty()) {
    bool exists = is_own(node) && iq.to.local.empty();
    if (target.where) {
      for (const Procedure& p : gateway_.network().procedures(*target.where))
        exists = exists || p.node == node;
    }
    return gateway_.refuse(iq, exists ? forbidden("Only admins may do this.")
                                      : item_not_found("There is no such command here."));
  }

  if (session.empty()) {
    if (action == "cancel") return gateway_.refuse(iq, bad_request("Say which form to cancel."));
    make_room(iq.from.bare());
    if (dialogues_.size() >= most_dialogues)
      return gateway_.refuse(iq, {"wait", "resource-constraint", "Too many open forms; try later."});
    Outcome outcome = run(iq, target, node, {}, false);
    if (std::holds_alternative<Form>(outcome)) {
      session = random_hex(8);
      dialogues_[session] = {iq.from.str(), node, iq.to.str(), {}, gateway_.now() + std::chrono::hours(1),
                             ++opened_};
    }
    return answer(iq, node, session, outcome);
  }

  auto open = dialogues_.find(session);
  if (open == dialogues_.end() || open->second.jid != iq.from.str() || open->second.node != node ||
      open->second.address != iq.to.str()) {
    return gateway_.refuse(iq, bad_request("This form is no longer open; start the command again."));
  }
  if (action == "cancel") {
    dialogues_.erase(open);
    std::string out;
    XmlWriter(out)
        .open("command", ns::commands)
        .attr("node", node)
        .attr("sessionid", session)
        .attr("status", "canceled")
        .close();
    return gateway_.reply(iq, out);
  }
  if (action == "prev") return gateway_.refuse(iq, bad_request("This form has no step back."));
  if (const Element* x = command.child("x", ns::data_form)) {
    for (auto& [name, values] : form::answers(*x)) open->second.answers[name] = values;
  }
  if (size_of(open->second.answers) > most_answer_bytes) {
    dialogues_.erase(open);
    return gateway_.refuse(iq, policy_violation("These answers are too long."));
  }
  Outcome outcome = run(iq, target, node, open->second.answers, true);
  if (!std::holds_alternative<Form>(outcome)) dialogues_.erase(open);
  answer(iq, node, session, outcome);
}

Outcome Commands::run(const Stanza& iq, const Target& target, const std::string& node, const Answers& answers,
                      bool submitted) {
  if (is_own(node) && iq.to.local.empty()) return run_own(node, answers, submitted);
  Outcome outcome = gateway_.network().run(PersonId{iq.from.bare().str()}, gateway_.is_admin(iq.from),
                                           *target.where, node, answers, submitted);
  if (submitted) {
    for (Muc* muc : gateway_.rooms_of(PersonId{iq.from.bare().str()})) muc->forget_preferences();
  }
  return outcome;
}

Outcome Commands::run_own(const std::string& node, const Answers& answers, bool submitted) {
  if (node == "ping") return Note{"Pong"};
  if (node == "hello") {
    const std::string name = first_of(answers, "name", "");
    if (submitted && !name.empty()) return Note{"Hello " + name + "!"};
    if (submitted) return Failure{Reason::invalid, "Please say your name."};
    return Form{"Greeting",
                "Say your name and be greeted.",
                {{.name = "name", .label = "Your name", .required = true}}};
  }
  if (node == "reload") {
    const std::string wrong = gateway_.reload();
    if (!wrong.empty()) return Note{"Nothing was changed: " + wrong, true};
    return Note{"Configuration reloaded."};
  }
  // disconnect-user
  if (!submitted) {
    Field jids{.name = "jids",
               .type = FieldType::choice_multi,
               .label = "The users to disconnect",
               .required = true};
    std::vector<std::string> people;
    for (Session* session : gateway_.network().sessions()) people.push_back(session->person().value());
    std::sort(people.begin(), people.end());
    people.erase(std::unique(people.begin(), people.end()), people.end());
    for (const std::string& person : people) jids.options.push_back({person, person});
    return Form{
        "Disconnect users",
        "Choose whom to disconnect from the network.",
        {std::move(jids),
         {.name = "quit-message", .label = "What the network is told", .values = {"Disconnected by admin"}}}};
  }
  auto chosen = answers.find("jids");
  if (chosen == answers.end() || chosen->second.empty())
    return Failure{Reason::invalid, "Choose at least one user."};
  std::size_t count = 0;
  for (const std::string& jid : chosen->second) {
    for (Session* session : gateway_.network().sessions()) {
      if (session->person().value() != jid) continue;
      gateway_.network().disconnect(*session, first_of(answers, "quit-message", "Disconnected by admin"));
      ++count;
    }
  }
  return Note{std::to_string(count) + (count == 1 ? " connection was ended." : " connections were ended.")};
}

void Commands::answer(const Stanza& iq, const std::string& node, const std::string& session,
                      const Outcome& outcome) {
  if (const auto* failure = std::get_if<Failure>(&outcome)) return gateway_.refuse(iq, to_error(*failure));
  std::string out;
  XmlWriter w(out);
  w.open("command", ns::commands).attr("node", node);
  if (const auto* fields = std::get_if<Form>(&outcome)) {
    w.attr("sessionid", session).attr("status", "executing");
    w.open("actions").attr("execute", "complete").open("complete").close().close();
    form::write(w, *fields);
  } else if (const auto* note = std::get_if<Note>(&outcome)) {
    w.attr("sessionid", session.empty() ? random_hex(8) : session).attr("status", "completed");
    w.open("note").attr("type", note->warning ? "warn" : "info").text(note->text).close();
  }
  w.close();
  gateway_.reply(iq, out);
}

void Commands::make_room(const Jid& person) {
  const std::string theirs = person.str() + "/";
  std::size_t open = 0;
  auto oldest = dialogues_.end();
  for (auto it = dialogues_.begin(); it != dialogues_.end(); ++it) {
    if (!it->second.jid.starts_with(theirs) && it->second.jid != person.str()) continue;
    ++open;
    if (oldest == dialogues_.end() || it->second.number < oldest->second.number) oldest = it;
  }
  if (open >= most_of_one_person) dialogues_.erase(oldest);
}

void Commands::forget_old() {
  const auto now = gateway_.now();
  std::erase_if(dialogues_, [&](const auto& entry) { return entry.second.ends < now; });
}

}  // namespace dragoman
