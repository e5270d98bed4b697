// Small questions that every address answers: XEP-0199 ping, XEP-0092 version, XEP-0202 time; and muc#admin,
// muc#owner, which are the room's.
#include "component/datetime.hpp"
#include "component/facets.hpp"
#include "component/gateway.hpp"
#include "component/muc.hpp"

namespace dragoman {

namespace {

// A question to somebody on the network, and what to make of the answer.
void ask(Gateway& gateway, const Stanza& iq, const UserId& user, Act act,
         const std::function<std::string(const std::string&)>& answer) {
  // A question is no reason to connect.
  Session* session = gateway.network().find_session(PersonId{iq.from.bare().str()}, user);
  if (session == nullptr) return gateway.refuse(iq, to_error({Reason::not_connected, {}}));
  const bool ping = std::holds_alternative<Ping>(act);
  const std::string token = gateway.new_token();
  gateway.questions().ask(token, [&gateway, iq, answer, ping](const Questions::Reply& reply) {
    if (const auto* failed = std::get_if<Failed>(&reply))
      return gateway.refuse(iq, ping ? to_ping_error(failed->failure) : to_error(failed->failure));
    const auto* answered = std::get_if<Answered>(&reply);
    gateway.reply(iq, answer(answered != nullptr ? answered->text : std::string()));
  });
  session->perform({user, token, std::move(act)});
}

// Whom an iq is for: somebody on the network, if it is.
std::optional<UserId> somebody(Gateway& gateway, const Target& target) {
  if (target.user() != nullptr) return *target.user();
  if (target.room() != nullptr && !target.nick.empty())
    return gateway.network().user_of(*target.room(), target.nick);
  return std::nullopt;
}

void on_ping(Gateway& gateway, const Stanza& iq, const Target& target) {
  if (target.room() != nullptr && !target.nick.empty()) {
    Muc* muc = gateway.find_room(PersonId{iq.from.bare().str()}, *target.room());
    if (muc == nullptr) return gateway.refuse(iq, {"cancel", "not-acceptable", "You are not in this room."});
    return muc->on_self_ping(iq, target.nick);
  }
  if (auto user = somebody(gateway, target)) {
    return ask(gateway, iq, *user, Ping{gateway.network().nick_of(*user)},
               [](const std::string&) { return std::string(); });
  }
  gateway.reply(iq);
}

std::string version_xml(std::string_view name, std::string_view version) {
  std::string out;
  XmlWriter w(out);
  w.open("query", ns::version).element("name", name);
  if (!version.empty()) w.element("version", version);
  w.close();
  return out;
}

void on_version(Gateway& gateway, const Stanza& iq, const Target& target) {
  if (auto user = somebody(gateway, target)) {
    return ask(gateway, iq, *user, FetchVersion{gateway.network().nick_of(*user)},
               [](const std::string& text) { return version_xml(text, {}); });
  }
  gateway.reply(iq, version_xml("dragoman", DRAGOMAN_VERSION));
}

void on_time(Gateway& gateway, const Stanza& iq) {
  std::string out;
  XmlWriter w(out);
  w.open("time", ns::time).element("tzo", "+00:00").element("utc", format_datetime(gateway.now())).close();
  gateway.reply(iq, out);
}

}  // namespace

void add_basics(Gateway& gateway) {
  Router& router = gateway.router();
  router.on_get(ns::ping,
                [&](const Stanza& iq, const Element&, const Target& t) { on_ping(gateway, iq, t); });
  router.on_get(ns::version,
                [&](const Stanza& iq, const Element&, const Target& t) { on_version(gateway, iq, t); });
  router.on_get(ns::time, [&](const Stanza& iq, const Element&, const Target&) { on_time(gateway, iq); });
  router.advertise(ns::ping);
  router.advertise(ns::version);
  router.advertise(ns::time);
}

void add_rooms(Gateway& gateway) {
  auto with_room = [&gateway](auto handle) {
    return [&gateway, handle](const Stanza& iq, const Element& query, const Target& target) {
      if (target.room() == nullptr)
        return gateway.refuse(iq, feature_not_implemented("This address is not a room."));
      handle(iq, query, gateway.find_room(PersonId{iq.from.bare().str()}, *target.room()), target);
    };
  };
  gateway.router().on_iq(ns::muc_admin,
                         with_room([&](const Stanza& iq, const Element& query, Muc* muc, const Target&) {
                           if (muc == nullptr)
                             return gateway.refuse(iq, not_acceptable("You are not in this room."));
                           muc->on_admin(iq, query);
                         }));
  gateway.router().on_iq(
      ns::muc_owner, with_room([&](const Stanza& iq, const Element& query, Muc*, const Target& target) {
        // A room can be configured before it is joined.
        gateway.open_room(PersonId{iq.from.bare().str()}, *target.room()).on_owner(iq, query);
        Muc* muc = gateway.find_room(PersonId{iq.from.bare().str()}, *target.room());
        if (muc != nullptr && muc->room().state() == Room::State::out && !muc->anybody())
          gateway.close_room(*muc);
      }));
}

}  // namespace dragoman
