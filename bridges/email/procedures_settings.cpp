// What people can choose: how they write, and who may write to them.
#include <charconv>

#include "bridges/email/procedures.hpp"
#include "mapping/store.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

constexpr int longest_coalesce = 3600;            // seconds
constexpr std::size_t longest_signature = 2'000;  // bytes
constexpr std::size_t longest_own_name = 200;

bool is_yes(const std::string& text) { return text == "1" || text == "true"; }

Form settings_form(const Preferences& now, const std::string& address) {
  static const std::vector<FieldOption> welcomes{
      {"asked", "I am asked about everybody new (they see nothing of it)"},
      {"verified", "Whoever's address is verified"},
      {"contacts", "Only those I know"}};
  Form form{
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
  if (!now.own_address.empty())
    form.fields.push_back({.name = "answers-there",
                           .type = FieldType::boolean,
                           .label = "Answers to my mails go to " + now.own_address,
                           .help = "They are not seen here then.",
                           .values = {now.answers_there ? "1" : "0"}});
  return form;
}

}  // namespace

dragoman::Outcome Procedures::settings(const Call& call) {
  Preferences now = hub_.preferences(call.person);
  const std::string address = hub_.from_of(call.person).address;
  if (!call.submitted) return settings_form(now, address);
  if (call.has("name")) {
    now.name = display_clean(call.one("name"));
    now.name.resize(prefix_within(now.name, longest_own_name));
  }
  if (const std::string welcome = call.one("welcome"); !welcome.empty()) {
    now.welcome = welcome == "contacts"   ? Preferences::Welcome::contacts
                  : welcome == "verified" ? Preferences::Welcome::verified
                                          : Preferences::Welcome::asked;
  }
  if (const std::string text = call.one("coalesce"); !text.empty()) {
    int seconds = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc() || end != text.data() + text.size() || seconds < 0 || seconds > longest_coalesce)
      return Failure{Reason::invalid, "The time is a number of seconds from 0 to 3600."};
    now.coalesce = std::chrono::seconds(seconds);
  }
  if (call.has("signature")) {
    now.signature.clear();
    for (const std::string& line : call.all("signature"))
      now.signature += (now.signature.empty() ? "" : "\n") + xml_clean(line);
    if (now.signature.size() > longest_signature)
      return Failure{Reason::too_large, "The signature is too long: it goes with every mail."};
  }
  if (call.has("reactions")) now.reactions = is_yes(call.one("reactions"));
  if (call.has("read-marks")) now.read_marks = is_yes(call.one("read-marks"));
  if (call.has("answers-there") && !now.own_address.empty())
    now.answers_there = is_yes(call.one("answers-there"));
  if (!hub_.save(call.person, now)) return Failure{Reason::storage_failed, {}};
  return Note{"Saved. Your mail address is " + address + ".", false};
}

}  // namespace dragoman::email
