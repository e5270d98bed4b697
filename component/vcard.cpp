// XEP-0054, and XEP-0292's own request: the gateway's own card, and cards of people and rooms (XEP-0486) as
// far as their network tells.
#include <functional>

#include "bridges/net/base64.hpp"
#include "component/facets.hpp"
#include "component/listing.hpp"
#include "component/looks.hpp"
#include "component/muc.hpp"
#include "component/pictures.hpp"

namespace dragoman {

namespace {

struct Card {
  std::string nick, name, about, address;
  std::optional<Picture> picture;
};

std::string vcard_temp(const Card& card) {
  std::string out;
  XmlWriter w(out);
  w.open("vCard", ns::vcard);
  if (!card.name.empty()) w.element("FN", card.name);
  if (!card.nick.empty()) w.element("NICKNAME", card.nick);
  if (!card.address.empty()) w.element("JABBERID", card.address);
  if (!card.about.empty()) w.element("DESC", card.about);
  if (card.picture) {
    w.open("PHOTO").element("TYPE", card.picture->media_type);
    w.element("BINVAL", net::base64(card.picture->bytes)).close();
  }
  w.close();
  return out;
}

void text_property(XmlWriter& w, std::string_view name, std::string_view text) {
  if (!text.empty()) w.open(name).element("text", text).close();
}
void uri_property(XmlWriter& w, std::string_view name, const std::string& uri) {
  w.open(name).element("uri", uri).close();
}

std::string vcard4(const Card& card) {
  std::string out;
  XmlWriter w(out);
  w.open("vcard", ns::vcard4);
  text_property(w, "fn", card.name.empty() ? card.nick : card.name);
  text_property(w, "nickname", card.nick);
  if (!card.address.empty()) uri_property(w, "impp", "xmpp:" + card.address);
  text_property(w, "note", card.about);
  if (card.picture)
    uri_property(w, "photo",
                 "data:" + card.picture->media_type + ";base64," + net::base64(card.picture->bytes));
  w.close();
  return out;
}

using Write = std::string (*)(const Card&);

// The card at an address, asked for in the name of `person`; or why it can't be had.
void find_card(Gateway& gateway, const PersonId& person, const Conversation& owner,
               const std::function<void(const Card&)>& done,
               const std::function<void(const Failure&)>& refused) {
  Card card;
  const auto* room = std::get_if<RoomId>(&owner);
  if (const auto* user = std::get_if<UserId>(&owner)) {
    card.nick = gateway.network().nick_of(*user);
    card.address = gateway.address_of(*user);
  }
  if (room != nullptr) {
    Muc* muc = gateway.find_room(person, *room);
    // What only the invited may enter tells others nothing of itself.
    if (gateway.viewer_of(person, *room).empty() && (muc == nullptr || !muc->is_known_to(person))) {
      card.name = room->value();
      return done(card);
    }
    card.name = gateway.network().display_name(*room);
    if (muc != nullptr) {
      const RoomInfo info = muc->room().info();
      if (!info.name.empty()) card.name = info.name;
      card.about = info.description;
    }
    // Elsewhere rooms have no pictures, and no more than this is known of them.
    const Session* session = gateway.network().find_session(person, *room);
    if (session == nullptr) session = gateway.network().find_session(PersonId{}, *room);
    if (session == nullptr || !session->features(PlaceId{}).profiles) return done(card);
  }
  auto answer = [card, done, refused, of_room = room != nullptr](const Questions::Reply& reply) {
    // A room that nobody of ours is in keeps its picture to itself; its name is known all the same.
    if (const auto* failed = std::get_if<Failed>(&reply); failed != nullptr && !of_room)
      return refused(failed->failure);
    Card whole = card;
    if (const auto* profile = std::get_if<Profile>(&reply)) {
      if (!profile->nick.empty()) whole.nick = profile->nick;
      if (!profile->full_name.empty()) whole.name = profile->full_name;
      if (!profile->about.empty()) whole.about = profile->about;
      if (profile->picture && profile->picture->bytes.size() <= pictures::most_bytes)
        whole.picture = profile->picture;
    }
    done(whole);
  };
  if (!ask_profile(gateway, person, owner, answer)) done(card);
}

void on_get(Gateway& gateway, const Stanza& iq, const Target& target, Write write) {
  const std::optional<Conversation> owner = card_owner(gateway, target);
  if (!owner) {
    Card card;
    card.name = gateway.network().title();
    card.about = "Bridged by dragoman " DRAGOMAN_VERSION;
    return gateway.reply(iq, write(card));
  }
  find_card(
      gateway, PersonId{iq.from.bare().str()}, *owner,
      [&gateway, iq, write](const Card& card) { gateway.reply(iq, write(card)); },
      [&gateway, iq](const Failure& failure) { gateway.refuse(iq, to_error(failure)); });
}

}  // namespace

std::optional<Conversation> card_owner(Gateway& gateway, const Target& target) {
  if (target.room() != nullptr && !target.nick.empty())
    return gateway.network().user_of(*target.room(), target.nick);
  if (target.room() != nullptr || target.user() != nullptr) return target.where;
  return std::nullopt;
}

void answer_node(Gateway& gateway, const Stanza& iq, const UserId& of, const std::string& node) {
  const auto reply = [&gateway, iq, node](const Card& card) {
    std::string out;
    XmlWriter w(out);
    w.open("pubsub", ns::pubsub).open("items").attr("node", node);
    w.open("item").attr("id", "current");
    if (node == ns::nick) {
      w.element("nick", card.name.empty() ? card.nick : card.name, ns::nick);
    } else {
      w.raw(vcard4(card));
    }
    w.close().close().close();
    gateway.reply(iq, out);
  };
  find_card(gateway, PersonId{iq.from.bare().str()}, of, reply,
            [&gateway, iq](const Failure& failure) { gateway.refuse(iq, to_error(failure)); });
}

bool ask_profile(Gateway& gateway, const PersonId& person, const Conversation& of, Questions::OnReply done) {
  Session* session = gateway.network().find_session(person, of);
  if (session == nullptr) session = listing::public_voice(gateway, person);
  if (session == nullptr) return false;
  const std::string id = std::visit([](const auto& what) { return what.value(); }, of);
  const std::string token = gateway.new_token();
  gateway.questions().ask_for(token, "profile " + session->person().value() + " " + id, std::move(done));
  const auto* user = std::get_if<UserId>(&of);
  session->perform({of, token, FetchProfile{user ? gateway.network().nick_of(*user) : std::string()}});
  return true;
}

void add_vcard(Gateway& gateway) {
  Router& router = gateway.router();
  const auto refuse = [&](const Stanza& iq, const Element&, const Target&) {
    gateway.refuse(iq, forbidden("This card is not yours to change."));
  };
  router.on_get(ns::vcard, [&](const Stanza& iq, const Element&, const Target& t) {
    on_get(gateway, iq, t, vcard_temp);
  });
  router.on_get(ns::vcard4,
                [&](const Stanza& iq, const Element&, const Target& t) { on_get(gateway, iq, t, vcard4); });
  router.on_set(ns::vcard, [&gateway, refuse](const Stanza& iq, const Element& card, const Target& t) {
    if (t.room() == nullptr || !t.nick.empty()) return refuse(iq, card, t);
    Muc* muc = gateway.find_room(PersonId{iq.from.bare().str()}, *t.room());
    if (muc == nullptr) return gateway.refuse(iq, not_acceptable("You are not in this room."));
    muc->on_picture(iq, card);
  });
  router.on_set(ns::vcard4, refuse);
  router.advertise(ns::vcard);
  router.advertise(ns::vcard4);
}

}  // namespace dragoman
