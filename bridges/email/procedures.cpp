#include "bridges/email/procedures.hpp"

#include <algorithm>

#include "bridges/email/address.hpp"
#include "bridges/email/incoming.hpp"
#include "bridges/email/links.hpp"
#include "mapping/mails_table.hpp"
#include "mapping/store.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::email {

const std::array<Procedures::Entry, 10> Procedures::table{{
    {"settings", "Mail settings", true, false, false, false, &Procedures::settings},
    {"addresses", "My mail addresses", true, false, false, false, &Procedures::addresses},
    {"own-address", "Have answers sent to another address of mine", true, false, false, false,
     &Procedures::own_address},
    {"blocked", "Who may not write to me", true, false, false, false, &Procedures::blocked},
    {"waiting", "Mails that wait to be sent", true, false, false, false, &Procedures::waiting},
    {"send-now", "Send what I have written, now", true, true, true, true, &Procedures::send_now},
    {"mailbox", "What is kept of my mails", true, false, false, false, &Procedures::mailbox},
    {"original", "Show the last mail as it came", false, true, true, true, &Procedures::original},
    {"block", "Block this address, or let it write again", false, true, false, false, &Procedures::block},
    {"unsubscribe", "Leave this list", false, false, false, true, &Procedures::unsubscribe},
}};

Procedures::Procedures(Wing& wing, const Links& links, Quota& quota, Drafts::SessionOf session_of)
    : wing_(wing),
      hub_(wing.hub),
      links_(links),
      quota_(quota),
      session_of_(std::move(session_of)),
      proof_(hub_),
      http_(hub_.loop, {.max_per_host = 2, .before_write = [&store = hub_.store] { store.commit(); }}) {}
Procedures::~Procedures() = default;

std::string Procedures::Call::one(const std::string& name) const {
  const auto found = answers.find(name);
  return found == answers.end() || found->second.empty() ? std::string() : found->second.front();
}

std::vector<std::string> Procedures::Call::all(const std::string& name) const {
  const auto found = answers.find(name);
  return found == answers.end() ? std::vector<std::string>() : found->second;
}

std::vector<Procedure> Procedures::available(const Conversation& target) const {
  const auto* room = std::get_if<RoomId>(&target);
  const bool list = room != nullptr && is_list(*room);
  std::vector<Procedure> out;
  for (const Entry& entry : table) {
    const bool here = std::holds_alternative<PlaceId>(target)  ? entry.with_gateway
                      : std::holds_alternative<UserId>(target) ? entry.with_people
                      : list                                   ? entry.in_lists
                                                               : entry.in_conversations;
    if (here) out.push_back({std::string(entry.node), std::string(entry.name), false});
  }
  return out;
}

dragoman::Outcome Procedures::run(const PersonId& person, const Conversation& target, const std::string& node,
                                  const Answers& answers, bool submitted) {
  if (!hub_.is_registered(person))
    return Failure{Reason::registration_required, "Register with this gateway first."};
  const auto* entry =
      std::find_if(table.begin(), table.end(), [&](const Entry& e) { return e.node == node; });
  if (entry == table.end()) return Failure{Reason::unsupported, {}};
  return (this->*entry->run)({person, target, answers, submitted});
}

dragoman::Outcome Procedures::send_now(const Call& call) {
  if (std::holds_alternative<PlaceId>(call.target)) {
    wing_.drafts->flush_all(call.person);
  } else {
    wing_.drafts->flush(call.person, call.target);
  }
  return Note{"It is on its way.", false};
}

dragoman::Outcome Procedures::waiting(const Call& call) {
  if (!call.submitted) {
    const auto waiting = wing_.drafts->waiting(call.person);
    if (waiting.empty()) return Note{"Nothing waits: all of your mails were sent.", false};
    Form form{"Mails that wait", "Choose those that shall not be sent.", {}};
    Field field{.name = "cancel", .type = FieldType::choice_multi, .label = "Do not send"};
    for (const Drafts::Waiting& mail : waiting)
      field.options.push_back(
          {mail.key, "to " + mail.to + ": " + mail.what + (mail.why.empty() ? "" : " (" + mail.why + ")")});
    form.fields.push_back(std::move(field));
    return form;
  }
  std::size_t cancelled = 0;
  for (const std::string& key : call.all("cancel"))
    cancelled += wing_.drafts->cancel(session_of_(call.person), key) ? 1 : 0;
  return Note{cancelled == 1 ? "1 mail was cancelled." : std::to_string(cancelled) + " mails were cancelled.",
              false};
}

dragoman::Outcome Procedures::blocked(const Call& call) {
  const std::vector<std::string> blocked = wing_.consent.blocked(call.person);
  if (!call.submitted) {
    return Form{
        "Who may not write to you",
        "One mail address a line. What comes from them is refused before it is taken.",
        {{.name = "blocked", .type = FieldType::text_multi, .label = "Addresses", .values = blocked}}};
  }
  std::vector<std::string> wanted;
  for (const std::string& line : call.all("blocked")) {
    const std::string trimmed = display_clean(line);
    if (trimmed.empty()) continue;
    const auto address = valid_address(trimmed);
    if (!address) return Failure{Reason::invalid, "\"" + trimmed + "\" is no mail address."};
    wanted.push_back(folded(*address));
  }
  Session& session = session_of_(call.person);
  for (const std::string& address : blocked)
    if (std::find(wanted.begin(), wanted.end(), address) == wanted.end())
      wing_.consent.unblock(call.person, address);
  for (const std::string& address : wanted) {
    wing_.consent.block(call.person, address);
    wing_.incoming->turn_away(session, UserId{address});
  }
  session.tell_blocked();
  return Note{"Saved.", false};
}

dragoman::Outcome Procedures::block(const Call& call) {
  const auto* user = std::get_if<UserId>(&call.target);
  if (user == nullptr) return Failure{Reason::unsupported, {}};
  Session& session = session_of_(call.person);
  if (wing_.consent.unblock(call.person, user->value())) {
    session.tell_blocked();
    return Note{user->value() + " may write to you again.", false};
  }
  if (!call.submitted)
    return Form{"Block " + user->value(),
                "What comes from there is refused from now on. Do this again to undo it.",
                {}};
  wing_.consent.block(call.person, user->value());
  wing_.incoming->turn_away(session, *user);
  session.tell_blocked();
  return Note{user->value() + " is blocked.", false};
}

dragoman::Outcome Procedures::original(const Call& call) {
  const auto row = hub_.store.mails().last_incoming(hub_.network, call.person, name_of(call.target));
  if (!row) return Failure{Reason::invalid, "No mail has come in this conversation yet."};
  const auto bytes = hub_.store.mails().bytes(hub_.network, row->key);
  if (!bytes) return Failure{Reason::invalid, "This mail is not kept any more."};
  if (const std::string url = links_.of(row->key, std::nullopt, "mail.eml"); !url.empty())
    return Note{url, false};
  constexpr std::size_t shown = 50'000;
  return Note{xml_clean(to_utf8(std::string_view(*bytes).substr(0, shown))), false};
}

}  // namespace dragoman::email
