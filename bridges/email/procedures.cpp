// What people can set and ask for, as forms.
#include <algorithm>
#include <charconv>

#include "bridges/email/address.hpp"
#include "bridges/email/network.hpp"
#include "mapping/mails_table.hpp"
#include "mapping/store.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

constexpr int longest_coalesce = 3600;  // seconds

std::string one(const Answers& answers, const std::string& name) {
  const auto found = answers.find(name);
  return found == answers.end() || found->second.empty() ? std::string() : found->second.front();
}

std::string many(const Answers& answers, const std::string& name) {
  std::string out;
  if (const auto found = answers.find(name); found != answers.end())
    for (const std::string& line : found->second) out += (out.empty() ? "" : "\n") + xml_clean(line);
  return out;
}

bool is_yes(const std::string& text) { return text == "1" || text == "true"; }

Form settings_form(const Preferences& now, const std::string& address) {
  static const std::vector<FieldOption> welcomes{
      {"asked", "I am asked about everybody new (they see nothing of it)"},
      {"verified", "Whoever's address is verified"},
      {"contacts", "Only those I know"}};
  return {
      "Mail settings",
      "Your mail address is " + address + ".",
      {{.name = "name", .label = "Your name in mails", .values = {now.name}},
       {.name = "welcome",
        .type = FieldType::choice,
        .label = "Who may write to you",
        .help = "Whoever you have written to, or have in your contact list, always may.",
        .values = {welcomes[now.welcome == Preferences::Welcome::asked      ? 0
                            : now.welcome == Preferences::Welcome::verified ? 1
                                                                            : 2]
                       .value},
        .options = welcomes},
       {.name = "coalesce",
        .label = "Send after so many seconds of silence",
        .help = "What you write within that time becomes one mail. 0: each message is a mail.",
        .values = {std::to_string(now.coalesce.count())}},
       {.name = "signature", .type = FieldType::text_multi, .label = "Signature", .values = {now.signature}},
       {.name = "reactions",
        .type = FieldType::boolean,
        .label = "Send reactions",
        .help = "Many mail programs show each as a mail of its own.",
        .values = {now.reactions ? "1" : "0"}},
       {.name = "read-marks",
        .type = FieldType::boolean,
        .label = "Tell those who ask for it that you have read their mail",
        .values = {now.read_marks ? "1" : "0"}}}};
}

}  // namespace

std::vector<Procedure> Network::procedures(const Conversation& target) const {
  if (std::holds_alternative<PlaceId>(target)) {
    std::vector<Procedure> all{{"settings", "Mail settings and my address", false},
                               {"waiting", "Mails that wait to be sent", false},
                               {"blocked", "Who may not write to me", false},
                               {"send-now", "Send what I have written, now", false}};
    for (Procedure& one : accounts_->procedures()) all.push_back(std::move(one));
    return all;
  }
  if (const auto* room = std::get_if<RoomId>(&target); room != nullptr && is_list(*room))
    return {{"send-now", "Send what I have written, now", false}, {"unsubscribe", "Leave this list", false}};
  return {{"send-now", "Send what I have written, now", false},
          {"original", "Show the last mail as it came", false}};
}

dragoman::Outcome Network::run(const PersonId& person, bool, const Conversation& target,
                               const std::string& node, const Answers& answers, bool submitted) {
  if (!hub_.is_registered(person))
    return Failure{Reason::registration_required, "Register with this gateway first."};
  if (accounts_->runs(node) && std::holds_alternative<PlaceId>(target))
    return accounts_->run(person, node, answers, submitted);
  if (node == "send-now") {
    if (std::holds_alternative<PlaceId>(target)) {
      drafts_->flush_all(person);
    } else {
      drafts_->flush(person, target);
    }
    return Note{"It is on its way.", false};
  }
  if (node == "settings") {
    Preferences now = hub_.preferences(person);
    if (!submitted) return settings_form(now, hub_.aliases.of(person));
    if (answers.contains("name")) now.name = display_clean(one(answers, "name"));
    if (const std::string welcome = one(answers, "welcome"); !welcome.empty()) {
      now.welcome = welcome == "contacts"   ? Preferences::Welcome::contacts
                    : welcome == "verified" ? Preferences::Welcome::verified
                                            : Preferences::Welcome::asked;
    }
    if (const std::string text = one(answers, "coalesce"); !text.empty()) {
      int seconds = -1;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
      if (error != std::errc() || end != text.data() + text.size() || seconds < 0 ||
          seconds > longest_coalesce)
        return Failure{Reason::invalid, "The time is a number of seconds from 0 to 3600."};
      now.coalesce = std::chrono::seconds(seconds);
    }
    if (answers.contains("signature")) now.signature = many(answers, "signature");
    if (answers.contains("reactions")) now.reactions = is_yes(one(answers, "reactions"));
    if (answers.contains("read-marks")) now.read_marks = is_yes(one(answers, "read-marks"));
    if (!hub_.save(person, now)) return Failure{Reason::storage_failed, {}};
    return Note{"Saved. Your mail address is " + hub_.aliases.of(person) + ".", false};
  }
  if (node == "waiting") {
    const auto waiting = drafts_->waiting(person);
    if (!submitted) {
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
    if (const auto chosen = answers.find("cancel"); chosen != answers.end())
      for (const std::string& key : chosen->second)
        cancelled += drafts_->cancel(session_of(person), key) ? 1 : 0;
    return Note{
        cancelled == 1 ? "1 mail was cancelled." : std::to_string(cancelled) + " mails were cancelled.",
        false};
  }
  if (node == "blocked") {
    const std::vector<std::string> blocked = consent_.blocked(person);
    if (!submitted) {
      return Form{
          "Who may not write to you",
          "One mail address a line.",
          {{.name = "blocked", .type = FieldType::text_multi, .label = "Addresses", .values = blocked}}};
    }
    std::vector<std::string> wanted;
    if (const auto lines = answers.find("blocked"); lines != answers.end()) {
      for (const std::string& line : lines->second) {
        const std::string trimmed = display_clean(line);
        if (trimmed.empty()) continue;
        const auto address = valid_address(trimmed);
        if (!address) return Failure{Reason::invalid, "\"" + trimmed + "\" is no mail address."};
        wanted.push_back(folded(*address));
      }
    }
    for (const std::string& address : blocked)
      if (std::find(wanted.begin(), wanted.end(), address) == wanted.end()) consent_.unblock(person, address);
    for (const std::string& address : wanted) consent_.block(person, address);
    return Note{"Saved.", false};
  }
  if (node == "original") {
    const auto row = hub_.store.mails().last(hub_.network, person, name_of(target));
    if (!row) return Failure{Reason::invalid, "There is no mail in this conversation yet."};
    const std::string url = links_.of(row->key, std::nullopt, "mail.eml");
    if (!url.empty()) return Note{url, false};
    const auto bytes = hub_.store.mails().bytes(hub_.network, row->key);
    if (!bytes) return Failure{Reason::invalid, "This mail is not kept any more."};
    constexpr std::size_t shown = 50'000;
    return Note{xml_clean(to_utf8(std::string_view(*bytes).substr(0, shown))), false};
  }
  if (node == "unsubscribe") {
    const auto* id = std::get_if<RoomId>(&target);
    const auto room = id != nullptr ? conversations_.room(person, *id) : std::nullopt;
    if (!room) return Failure{Reason::no_such_room, {}};
    if (!submitted) {
      return Form{"Leave the list " + room->name,
                  room->unsubscribe_mail.empty()
                      ? room->unsubscribe_url.empty() ? "The list does not say how to leave it."
                                                      : "Open this page: " + room->unsubscribe_url
                      : "A mail to " + room->unsubscribe_mail + " asks the list to let you go.",
                  {}};
    }
    if (room->unsubscribe_mail.empty())
      return Failure{Reason::unsupported, "This list is left on its page: " + room->unsubscribe_url};
    Message message{Text("unsubscribe")};
    message.subject = room->unsubscribe_subject.empty() ? "unsubscribe" : room->unsubscribe_subject;
    const UserId to{folded(room->unsubscribe_mail)};
    session_of(person).perform({to, {}, std::move(message)});
    drafts_->flush(person, to);
    return Note{"The list has been asked.", false};
  }
  return Failure{Reason::unsupported, {}};
}

}  // namespace dragoman::email
