// XEP-0030: what every address is and can do. Rooms advertise from the same Features by which messages
// degrade.
#include <set>

#include "component/addresses.hpp"
#include "component/blocking.hpp"
#include "component/bookmarks.hpp"
#include "component/commands.hpp"
#include "component/facets.hpp"
#include "component/gateway.hpp"
#include "component/listing.hpp"
#include "component/muc.hpp"

namespace dragoman {

namespace {

void feature(XmlWriter& w, std::string_view var) { w.open("feature").attr("var", var).close(); }

void identity(XmlWriter& w, std::string_view category, std::string_view type, std::string_view name) {
  w.open("identity").attr("category", category).attr("type", type).attr_if("name", name).close();
}

void info_field(XmlWriter& w, std::string_view var, std::string_view value) {
  w.open("field").attr("var", var).element("value", value).close();
}

// Of a room that only the invited may enter others learn nothing but that.
bool is_known(Gateway& gateway, const PersonId& person, const RoomId& room) {
  if (!gateway.viewer_of(person, room).empty()) return true;
  const Muc* muc = gateway.find_room(person, room);
  return muc != nullptr && muc->is_known_to(person);
}

void describe_room(Gateway& gateway, XmlWriter& w, const PersonId& person, const RoomId& room) {
  Muc* muc = gateway.find_room(person, room);
  const bool known = is_known(gateway, person, room);
  const RoomInfo info = muc != nullptr ? muc->room().info() : RoomInfo{};
  std::string name = room.value();
  if (known) name = info.name.empty() ? gateway.network().display_name(room) : info.name;
  identity(w, "conference", gateway.network().kind(), name);
  for (std::string_view f :
       {ns::muc, ns::muc_stable_id, ns::muc_self_ping, ns::mam, ns::sid, ns::occupant_id, ns::commands}) {
    feature(w, f);
  }
  feature(w, "urn:xmpp:mam:2#extended");
  feature(w, "muc_nonanonymous");
  feature(w, "muc_persistent");
  feature(w, info.members_only ? "muc_membersonly" : "muc_open");
  feature(w, info.moderated ? "muc_moderated" : "muc_unmoderated");
  feature(w, info.password_protected ? "muc_passwordprotected" : "muc_unsecured");
  feature(w, info.hidden ? "muc_hidden" : "muc_public");
  Session* session = gateway.network().find_session(person, room);
  const Features can = session != nullptr ? session->features(room) : Features{};
  if (can.edits) feature(w, ns::correct);
  if (can.replies) feature(w, ns::reply);
  if (can.reactions) feature(w, ns::reactions);
  if (can.retractions) feature(w, ns::retract);
  if (can.moderation) feature(w, ns::moderate);
  if (can.typing) feature(w, ns::chat_states);
  if (can.read_marks) feature(w, ns::markers);
  if (can.mentions) feature(w, ns::reference);
  if (!known || muc == nullptr || !muc->room().is_in()) return;
  w.open("x", ns::data_form).attr("type", "result");
  w.open("field")
      .attr("var", "FORM_TYPE")
      .attr("type", "hidden")
      .element("value", "http://jabber.org/protocol/muc#roominfo")
      .close();
  info_field(w, "muc#roominfo_occupants",
             std::to_string(info.headcount.value_or(muc->room().members().size())));
  info_field(w, "muc#roominfo_subject", muc->room().topic().text.plain);
  if (!info.description.empty()) info_field(w, "muc#roominfo_description", info.description);
  if (!info.avatar.empty()) info_field(w, "muc#roominfo_avatarhash", info.avatar);  // XEP-0486
  w.close();
}

bool has_profiles(Gateway& gateway, const PersonId& person, const Conversation& with) {
  Session* session = gateway.network().find_session(person, with);
  return session != nullptr && session->features(PlaceId{}).profiles;
}

// What can be said to somebody, and that they have a picture (XEP-0084).
void describe_contact(Gateway& gateway, XmlWriter& w, const PersonId& person, const Conversation& with) {
  Session* session = gateway.network().find_session(person, with);
  if (session == nullptr) return;
  if (has_profiles(gateway, person, with)) {
    identity(w, "pubsub", "pep", {});
    feature(w, ns::avatar_metadata);
    feature(w, ns::avatar_data);
  }
  const Features can = session->features(with);
  if (can.edits) feature(w, ns::correct);
  if (can.replies) feature(w, ns::reply);
  if (can.reactions) feature(w, ns::reactions);
  if (can.retractions) feature(w, ns::retract);
  if (can.typing) feature(w, ns::chat_states);
  if (can.read_marks) feature(w, ns::markers);
  if (can.stable_ids) feature(w, ns::receipts);
}

void on_info(Gateway& gateway, const Stanza& iq, const Element& query, const Target& target) {
  if (!target.where) return gateway.refuse(iq, item_not_found("There is no such address here."));
  const PersonId person{iq.from.bare().str()};
  const std::string_view node = query.attr_or("node");
  std::string out;
  XmlWriter w(out);
  w.open("query", ns::disco_info).attr_if("node", node);
  if (node == "http://jabber.org/protocol/muc#traffic") {
    // XEP-0045 6.6: the extensions that pass through the room unhindered. None does as such: all are
    // translated.
  } else if (node == "x-roomuser-item") {
    // XEP-0045 7.12: the nick reserved here, if any.
    if (Session* session =
            target.room() != nullptr ? gateway.network().find_session(person, *target.where) : nullptr) {
      identity(w, "conference", "text", session->nick());
    }
  } else if (node == ns::commands) {
    identity(w, "automation", "command-list", "Commands");
    feature(w, ns::commands);
  } else if (!node.empty()) {
    const std::string name = gateway.commands().name_of(iq.from, target, std::string(node));
    if (name.empty()) return gateway.refuse(iq, item_not_found("There is no such node here."));
    identity(w, "automation", "command-node", name);
    feature(w, ns::commands);
    feature(w, ns::data_form);
  } else {
    feature(w, ns::disco_info);
    feature(w, ns::disco_items);
    for (std::string_view f : gateway.router().features()) feature(w, f);
    if (target.room() != nullptr && target.nick.empty()) {
      describe_room(gateway, w, person, *target.room());
    } else if (target.place() != nullptr) {
      identity(w, "conference", gateway.network().kind(), gateway.network().display_name(*target.place()));
      for (std::string_view f : {ns::muc, ns::commands, ns::muc_stable_id}) feature(w, f);
      feature(w, "jid\\20escaping");
      if (listing::can_ask(gateway, person, *target.place())) {
        feature(w, ns::search);
        feature(w, ns::channel_search);
        identity(w, "directory", "chatroom", {});
      }
      if (iq.to.local.empty()) {
        identity(w, "gateway", gateway.network().kind(), gateway.network().title());
        feature(w, ns::registration);
        feature(w, ns::gateway);
        if (takes_addresses(gateway)) feature(w, ns::address);
        if (gateway.blocking().offered()) feature(w, ns::blocking);
      }
    } else {
      const bool occupant = target.room() != nullptr;
      identity(w, "client", "pc", occupant ? target.nick : gateway.network().display_name(*target.where));
      if (!occupant) describe_contact(gateway, w, person, *target.where);
    }
  }
  w.close();
  gateway.reply(iq, out);
}

void item(XmlWriter& w, std::string_view jid, std::string_view name, std::string_view node = {}) {
  w.open("item").attr("jid", jid).attr_if("node", node).attr_if("name", name).close();
}

constexpr std::size_t most_own_places = 1000;

// The public rooms of a place, or those that a space lists.
void list_rooms(Gateway& gateway, const Stanza& iq, const Element& query, const Conversation& where) {
  const auto page = listing::page_of(query);
  if (!page) return gateway.refuse(iq, bad_request("The <set/> is malformed (XEP-0059)."));
  auto answer = [&gateway, iq, page = *page](const Questions::Reply& reply) {
    if (const auto* failed = std::get_if<Failed>(&reply))
      return gateway.refuse(iq, to_error(failed->failure));
    std::string out;
    XmlWriter w(out);
    w.open("query", ns::disco_items);
    if (const auto* listing = std::get_if<Listing>(&reply)) {
      for (const ListedRoom& room : listing->rooms) item(w, gateway.address_of(room.room), room.name);
      listing::write_page(w, page, listing->rooms.size(), listing->total);
    }
    w.close();
    gateway.reply(iq, out);
  };
  listing::ask(gateway, PersonId{iq.from.bare().str()}, where, Search{{}, page->offset, page->count}, answer);
}

// Where the person is already, and whom they know there.
void list_own_places(Gateway& gateway, XmlWriter& w, const PersonId& person) {
  const OwnPlaces* places = gateway.bookmarks().of(person);
  if (places == nullptr) return;
  std::size_t shown = 0;
  for (const ListedRoom& room : places->rooms)
    if (shown++ < most_own_places) item(w, gateway.address_of(room.room), room.name);
  shown = 0;
  for (const ListedPerson& one : places->people)
    if (shown++ < most_own_places) item(w, gateway.address_of(one.user), one.name);
}

void on_items(Gateway& gateway, const Stanza& iq, const Element& query, const Target& target) {
  if (!target.where) return gateway.refuse(iq, item_not_found("There is no such address here."));
  const PersonId person{iq.from.bare().str()};
  const std::string_view node = query.attr_or("node");
  std::string out;
  XmlWriter w(out);
  w.open("query", ns::disco_items).attr_if("node", node);
  if (node == ns::commands) {
    const std::string address = iq.to.bare().str();
    for (const Procedure& p : gateway.commands().available(iq.from, target)) item(w, address, p.name, p.node);
  } else if (!node.empty()) {
    // A node without children.
  } else if (target.room() != nullptr && target.nick.empty()) {
    Muc* muc = gateway.find_room(person, *target.room());
    if (muc != nullptr && !muc->is_known_to(person)) muc = nullptr;
    if (muc != nullptr && muc->room().info().space && listing::can_ask(gateway, person, *target.room()))
      return list_rooms(gateway, iq, query, *target.room());
    if (muc != nullptr) {
      std::size_t shown = 0;
      muc->room().members().for_each([&](const Member& m) {
        if (shown++ < listing::most_items) item(w, gateway.address_of(*target.room()) + "/" + m.nick, m.nick);
      });
    }
  } else if (target.user() != nullptr) {
    if (has_profiles(gateway, person, *target.user())) {
      for (std::string_view its : {ns::avatar_metadata, ns::vcard4_node, ns::nick})
        item(w, iq.to.bare().str(), {}, its);
    }
  } else if (target.place() != nullptr) {
    if (iq.to.local.empty() && target.place()->empty()) {
      // Where there is one place only, the gateway itself, its rooms are what is looked for.
      const Session* voice = listing::public_voice(gateway, person);
      if (voice != nullptr && voice->place().empty() && gateway.bookmarks().of(person) == nullptr)
        return list_rooms(gateway, iq, query, *target.place());
      std::set<PlaceId> listed;
      for (Session* session : gateway.network().sessions()) {
        const bool public_here = session == listing::public_voice(gateway, person);
        if (session->place().empty()) continue;
        if ((session->person() == person || public_here) && listed.insert(session->place()).second)
          item(w, gateway.address_of(session->place()), session->place().value());
      }
      list_own_places(gateway, w, person);
    } else if (listing::can_ask(gateway, person, *target.place())) {
      return list_rooms(gateway, iq, query, *target.place());
    }
  }
  w.close();
  gateway.reply(iq, out);
}

}  // namespace

void add_disco(Gateway& gateway) {
  Router& router = gateway.router();
  router.on_get(ns::disco_info,
                [&](const Stanza& iq, const Element& q, const Target& t) { on_info(gateway, iq, q, t); });
  router.on_get(ns::disco_items,
                [&](const Stanza& iq, const Element& q, const Target& t) { on_items(gateway, iq, q, t); });
}

}  // namespace dragoman
