// XEP-0030: what every address is and can do. Rooms advertise from the same Features by which messages
// degrade.
#include <algorithm>
#include <charconv>

#include "component/commands.hpp"
#include "component/facets.hpp"
#include "component/gateway.hpp"
#include "component/muc.hpp"
#include "component/rsm.hpp"

namespace dragoman {

namespace {

void feature(XmlWriter& w, std::string_view var) { w.open("feature").attr("var", var).close(); }

void identity(XmlWriter& w, std::string_view category, std::string_view type, std::string_view name) {
  w.open("identity").attr("category", category).attr("type", type).attr_if("name", name).close();
}

void info_field(XmlWriter& w, std::string_view var, std::string_view value) {
  w.open("field").attr("var", var).element("value", value).close();
}

void describe_room(Gateway& gateway, XmlWriter& w, const PersonId& person, const RoomId& room) {
  Muc* muc = gateway.find_room(person, room);
  const RoomInfo info = muc != nullptr ? muc->room().info() : RoomInfo{};
  identity(w, "conference", gateway.network().kind(),
           info.name.empty() ? gateway.network().display_name(room) : info.name);
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
  if (muc == nullptr || !muc->room().is_in()) return;
  w.open("x", ns::data_form).attr("type", "result");
  w.open("field")
      .attr("var", "FORM_TYPE")
      .attr("type", "hidden")
      .element("value", "http://jabber.org/protocol/muc#roominfo")
      .close();
  info_field(w, "muc#roominfo_occupants", std::to_string(muc->room().members().size()));
  info_field(w, "muc#roominfo_subject", muc->room().topic().text.plain);
  if (!info.description.empty()) info_field(w, "muc#roominfo_description", info.description);
  w.close();
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
      if (iq.to.local.empty()) {
        identity(w, "gateway", gateway.network().kind(), gateway.network().title());
        feature(w, ns::registration);
        feature(w, ns::gateway);
      }
    } else {
      const bool occupant = target.room() != nullptr;
      identity(w, "client", "pc", occupant ? target.nick : gateway.network().display_name(*target.where));
    }
  }
  w.close();
  gateway.reply(iq, out);
}

void item(XmlWriter& w, std::string_view jid, std::string_view name, std::string_view node = {}) {
  w.open("item").attr("jid", jid).attr_if("node", node).attr_if("name", name).close();
}

constexpr std::size_t most_items = 100;

// The public rooms of a place. XEP-0059's ids are positions in the list.
void list_rooms(Gateway& gateway, const Stanza& iq, const Element& query, const PlaceId& place) {
  std::size_t offset = 0, count = most_items;
  if (const Element* set = query.child("set", ns::rsm)) {
    auto page = rsm::parse(*set);
    if (!page) return gateway.refuse(iq, bad_request("The <set/> is malformed (XEP-0059)."));
    auto position = [](const std::string& id) {
      std::size_t n = 0;
      std::from_chars(id.data(), id.data() + id.size(), n);
      return n;
    };
    if (page->max) count = std::min(*page->max, most_items);
    if (page->after) offset = position(*page->after) + 1;
    if (page->before && !page->before->empty()) {
      const std::size_t end = position(*page->before);
      offset = end > count ? end - count : 0;
      count = std::min(count, end);
    }
  }
  const PersonId person{iq.from.bare().str()};
  const std::string token = gateway.new_token();
  auto answer = [&gateway, iq, offset](const Questions::Reply& reply) {
    if (const auto* failed = std::get_if<Failed>(&reply))
      return gateway.refuse(iq, to_error(failed->failure));
    std::string out;
    XmlWriter w(out);
    w.open("query", ns::disco_items);
    const auto* listing = std::get_if<Listing>(&reply);
    if (listing != nullptr) {
      for (const ListedRoom& room : listing->rooms) item(w, gateway.address_of(room.room), room.name);
      rsm::Page set{.count = listing->total};
      if (!listing->rooms.empty()) {
        set.first = std::to_string(offset);
        set.last = std::to_string(offset + listing->rooms.size() - 1);
        set.first_index = offset;
      }
      rsm::write(w, set);
    }
    w.close();
    gateway.reply(iq, out);
  };
  gateway.questions().ask_for(token, "listing " + person.value() + " " + place.value(), answer);
  gateway.network().session_for(person, place).perform({place, token, Search{{}, offset, count}});
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
    if (Muc* muc = gateway.find_room(person, *target.room())) {
      std::size_t shown = 0;
      muc->room().members().for_each([&](const Member& m) {
        if (shown++ < most_items) item(w, gateway.address_of(*target.room()) + "/" + m.nick, m.nick);
      });
    }
  } else if (target.place() != nullptr) {
    if (iq.to.local.empty() && target.place()->empty()) {
      for (Session* session : gateway.network().sessions()) {
        if (session->person() == person)
          item(w, gateway.address_of(session->place()), session->place().value());
      }
    } else {
      Session* session = gateway.network().find_session(person, *target.place());
      if (session != nullptr && session->link() == Link::up)
        return list_rooms(gateway, iq, query, *target.place());
      // XEP-0030 asks nothing of a server that nobody is connected to: connecting for it would surprise.
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
