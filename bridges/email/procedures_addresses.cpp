// Addresses that people have: those here, and one elsewhere that they prove to be theirs.
#include <algorithm>

#include <fmt/format.h>

#include "bridges/email/address.hpp"
#include "bridges/email/procedures.hpp"
#include "mapping/store.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

std::string listed(const std::vector<std::string>& names, const std::string& domain) {
  std::string out;
  for (const std::string& name : names)
    out.append(out.empty() ? "" : ", ").append(name).append("@").append(domain);
  return out;
}

}  // namespace

dragoman::Outcome Procedures::addresses(const Call& call) {
  const std::string by_rule = hub_.aliases.of(call.person), &domain = hub_.aliases.domain();
  if (by_rule.empty()) return Failure{Reason::storage_failed, {}};
  std::vector<std::string> chosen = hub_.aliases.chosen(call.person);
  const std::size_t most = hub_.email().aliases_per_person;
  Preferences preferences = hub_.preferences(call.person);
  if (!call.submitted) {
    if (chosen.empty() && most == 0)
      return Note{
          "Your mail address is " + by_rule + ". What stands after a + in front of the @ is your own affair.",
          false};
    Form form{"My mail addresses",
              "Mail comes to all of them. One that you give up is nobody else's, and can be yours again.",
              {}};
    Field from{.name = "from",
               .type = FieldType::choice,
               .label = "Write from",
               .values = {hub_.from_of(call.person).address},
               .options = {{by_rule, by_rule}}};
    Field drop{.name = "give-up", .type = FieldType::choice_multi, .label = "Give up"};
    for (const std::string& name : chosen) {
      const std::string whole = fmt::format("{}@{}", name, domain);
      from.options.push_back({whole, whole});
      drop.options.push_back({name, whole});
    }
    form.fields.push_back(std::move(from));
    if (chosen.size() < most)
      form.fields.push_back(
          {.name = "add", .label = "One more", .help = "What stands in front of @" + domain});
    if (!chosen.empty()) form.fields.push_back(std::move(drop));
    return form;
  }
  if (std::string add = display_clean(call.one("add")); !add.empty()) {
    if (add.ends_with("@" + domain)) add.resize(add.size() - domain.size() - 1);
    const bool there = std::find(chosen.begin(), chosen.end(), ascii_lower(add)) != chosen.end();
    if (!there && chosen.size() >= most)
      return Failure{Reason::not_permitted, "You have as many addresses as you may."};
    switch (hub_.aliases.choose(call.person, add)) {
      case Aliases::Choice::done: break;
      case Aliases::Choice::taken:
        return Failure{Reason::conflict, add + "@" + domain + " is somebody else's. Choose another one."};
      case Aliases::Choice::unusable:
        return Failure{Reason::invalid,
                       "\"" + add +
                           "\" can't be an address here. It has 3 to 40 letters, digits, dots and "
                           "hyphens, and is no name that has a meaning of its own."};
      case Aliases::Choice::trouble: return Failure{Reason::storage_failed, {}};
    }
  }
  for (const std::string& name : call.all("give-up")) hub_.aliases.give_up(call.person, name);
  if (const std::string from = call.one("from"); !from.empty()) {
    const std::string name = from.substr(0, from.find('@'));
    chosen = hub_.aliases.chosen(call.person);
    preferences.from = std::find(chosen.begin(), chosen.end(), name) != chosen.end() ? name : std::string();
    if (!hub_.save(call.person, preferences)) return Failure{Reason::storage_failed, {}};
  }
  chosen = hub_.aliases.chosen(call.person);
  return Note{"You write from " + hub_.from_of(call.person).address + ". Mail also comes to " + by_rule +
                  (chosen.empty() ? std::string() : ", " + listed(chosen, domain)) + ".",
              false};
}

dragoman::Outcome Procedures::own_address(const Call& call) {
  Preferences preferences = hub_.preferences(call.person);
  const auto waiting = proof_.waiting(call.person);
  const auto code_form = [](const std::string& address) {
    return Form{"Enter the code",
                "A mail with a code has been sent to " + address + ". It is good for half an hour.",
                {{.name = "code", .label = "The code"},
                 {.name = "address", .label = "Or another address", .values = {address}}}};
  };
  if (!call.submitted) {
    if (waiting) return code_form(*waiting);
    return Form{
        "Another address of mine",
        preferences.own_address.empty()
            ? "Give a mail address of yours. A code goes there, to be entered here; from then on answers to "
              "your mails go to that address."
            : "Answers can go to " + preferences.own_address +
                  ". Give another address, or none to have them all here again.",
        {{.name = "address", .label = "Mail address", .values = {preferences.own_address}}}};
  }
  const std::string given = display_clean(call.one("address"));
  const auto address = valid_address(given);
  const std::string code = call.one("code");
  if (waiting && !code.empty() && (given.empty() || (address && *address == *waiting))) {
    const auto proved = proof_.end(call.person, code);
    if (const auto* why = std::get_if<Failure>(&proved)) return *why;
    preferences.own_address = std::get<std::string>(proved);
    preferences.answers_there = true;
    if (!hub_.save(call.person, preferences)) return Failure{Reason::storage_failed, {}};
    return Note{"Answers to your mails go to " + preferences.own_address +
                    " from now on. The settings turn that off and on.",
                false};
  }
  if (given.empty()) {
    preferences.own_address.clear();
    preferences.answers_there = false;
    if (!hub_.save(call.person, preferences)) return Failure{Reason::storage_failed, {}};
    return Note{"Answers to your mails come here.", false};
  }
  if (!address) return Failure{Reason::invalid, "\"" + given + "\" is no mail address."};
  if (domain_part(*address) == hub_.aliases.domain())
    return Failure{Reason::invalid, "Mail to " + *address + " comes here by itself."};
  if (*address == preferences.own_address)
    return Note{"Answers can go there already: see the settings.", false};
  if (waiting && *waiting == *address) return code_form(*address);  // it is on its way
  const auto fresh = proof_.begin(call.person, *address);
  if (const auto* why = std::get_if<Failure>(&fresh)) return *why;
  Text words(
      "Somebody who chats as " + call.person.value() +
      " says that this mail address is theirs.\n\nIf that is you, enter this code there:\n\n" +
      std::get<std::string>(fresh) +
      "\n\nIt is good for half an hour. If it is not you, there is nothing to do: without the code nothing "
      "changes.");
  if (!wing_.drafts->send_word(call.person, *address, "Is this your address?", std::move(words)))
    return Failure{Reason::rate_limited, "No mail can be sent for you now. Try again in a while."};
  return code_form(*address);
}

}  // namespace dragoman::email
