// XEP-0054: the gateway's own card, and cards of people as far as their network tells.
#include "component/facets.hpp"
#include "component/gateway.hpp"

namespace dragoman {

namespace {

std::string card(std::string_view nick, std::string_view name, std::string_view about,
                 std::string_view user) {
  std::string out;
  XmlWriter w(out);
  w.open("vCard", ns::vcard);
  if (!name.empty()) w.element("FN", name);
  if (!nick.empty()) w.element("NICKNAME", nick);
  if (!user.empty()) w.element("JABBERID", user);
  if (!about.empty()) w.element("DESC", about);
  w.close();
  return out;
}

void on_get(Gateway& gateway, const Stanza& iq, const Target& target) {
  std::optional<UserId> user;
  if (target.user() != nullptr) user = *target.user();
  if (target.room() != nullptr && !target.nick.empty())
    user = gateway.network().user_of(*target.room(), target.nick);
  if (!user) {
    const std::string title =
        target.room() != nullptr ? gateway.network().display_name(*target.room()) : gateway.network().title();
    return gateway.reply(iq, card({}, title, "Bridged by dragoman " DRAGOMAN_VERSION, {}));
  }
  const PersonId person{iq.from.bare().str()};
  if (gateway.network().find_session(person, *user) == nullptr) {
    // Nobody can be asked without a connection, and a card is no reason to make one.
    return gateway.reply(iq, card(gateway.network().nick_of(*user), {}, {}, gateway.address_of(*user)));
  }
  const std::string token = gateway.new_token();
  auto answer = [&gateway, iq, address = gateway.address_of(*user)](const Questions::Reply& reply) {
    if (const auto* failed = std::get_if<Failed>(&reply))
      return gateway.refuse(iq, to_error(failed->failure));
    const auto* profile = std::get_if<Profile>(&reply);
    if (profile == nullptr) return gateway.reply(iq, card({}, {}, {}, address));
    gateway.reply(iq, card(profile->nick, profile->full_name, profile->about, address));
  };
  gateway.questions().ask_for(token, "profile " + person.value() + " " + user->value(), answer);
  gateway.network()
      .session_for(person, *user)
      .perform({*user, token, FetchProfile{gateway.network().nick_of(*user)}});
}

}  // namespace

void add_vcard(Gateway& gateway) {
  gateway.router().on_get(ns::vcard,
                          [&](const Stanza& iq, const Element&, const Target& t) { on_get(gateway, iq, t); });
  gateway.router().on_set(ns::vcard, [&](const Stanza& iq, const Element&, const Target&) {
    gateway.refuse(iq, forbidden("This card is not yours to change."));
  });
  gateway.router().advertise(ns::vcard);
}

}  // namespace dragoman
