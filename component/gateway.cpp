#include "component/gateway.hpp"

#include <algorithm>
#include <utility>

#include "component/addresses.hpp"
#include "component/blocking.hpp"
#include "component/bookmarks.hpp"
#include "component/commands.hpp"
#include "component/facets.hpp"
#include "component/gateway_views.hpp"
#include "component/people.hpp"
#include "component/privilege.hpp"
#include "component/subscriptions.hpp"
#include "component/uploads.hpp"
#include "mapping/address.hpp"
#include "mapping/digest.hpp"
#include "mapping/settings_table.hpp"

namespace dragoman {

namespace {

// By any of the ways that only the other end can read (XEP-0380 names them).
bool is_encrypted(const Stanza& message) {
  for (std::string_view ns : {"urn:xmpp:eme:0", "eu.siacs.conversations.axolotl", "urn:xmpp:omemo:2",
                              "urn:xmpp:openpgp:0", "jabber:x:encrypted"}) {
    if (message.root.child_ns(ns) != nullptr) return true;
  }
  const Element* body = message.root.child("body");
  return body != nullptr && body->text.starts_with("?OTR");
}

}  // namespace

Gateway::Gateway(Options options, Store& store, Outlet& out)
    : options_(std::move(options)),
      store_(store),
      out_(out),
      told_(store, id()),
      closed_(std::make_unique<Closed>()) {
  commands_ = std::make_unique<Commands>(*this);
  subscriptions_ = std::make_unique<Subscriptions>(*this);
  privileges_ = std::make_unique<Privileges>(*this);
  bookmarks_ = std::make_unique<Bookmarks>(*this);
  people_ = std::make_unique<People>(*this);
  blocking_ = std::make_unique<Blocking>(*this);
  uploads_ = std::make_unique<Uploads>(*this, options_.http);
  add_disco(*this);
  add_basics(*this);
  add_vcard(*this);
  add_avatars(*this);
  add_search(*this);
  add_registration(*this);
  add_rooms(*this);
  add_archive(*this);
  add_moderation(*this);

  token_prefix_ = random_hex(8) + "-";
  SettingMap own = store_.settings().load(id(), PersonId{}, "gateway");
  occupant_key_ = own["occupant-key"].value;
  if (occupant_key_.size() < 32) {
    occupant_key_ = random_hex(16);
    own["occupant-key"] = {occupant_key_, true};
    store_.settings().save(id(), PersonId{}, "gateway", own);
  }
}

Gateway::~Gateway() = default;

void Gateway::attach(std::unique_ptr<Network> network) {
  network_ = std::move(network);
  subscriptions_->load();
}

void Gateway::set_options(config::Bridge bridge, std::vector<std::string> admins) {
  options_.bridge = std::move(bridge);
  options_.admins = std::move(admins);
  network_->reload(options_.bridge);
  uploads_->reload();
}

FileHost& Gateway::file_host() { return *uploads_; }

// ---------------------------------------------------------------------------------------------------- from
// the stream

void Gateway::on_stanza(Stanza&& stanza) {
  const Busy busy(*this);
  const Target target = locate(stanza.to);
  switch (stanza.kind) {
    case StanzaKind::message: on_message(stanza, target); break;
    case StanzaKind::presence: on_presence(stanza, target); break;
    case StanzaKind::iq: on_iq(stanza, target); break;
  }
}

void Gateway::on_iq(const Stanza& iq, const Target& target) {
  if (iq.type == "result" || iq.type == "error") {
    questions_.on_iq_answer(iq);
    return;
  }
  if (iq.type != "get" && iq.type != "set")
    return refuse(iq, bad_request("An iq is of the type get or set."));
  if (iq.id.empty()) return refuse(iq, bad_request("An iq has an id."));
  if (iq.root.children.size() != 1) return refuse(iq, bad_request("An iq carries exactly one request."));
  const Element& payload = iq.root.children.front();
  const Router::IqHandler* handler = router_.find(iq.type, payload.ns);
  if (handler == nullptr)
    return refuse(iq, service_unavailable("This gateway does not do \"" + payload.ns + "\"."));
  if (!target.where) return refuse(iq, item_not_found("There is no such address here."));
  (*handler)(iq, payload, target);
}

void Gateway::on_message(const Stanza& stanza, const Target& target) {
  if (!target.where) return refuse(stanza, item_not_found("There is no such address here."));
  const PersonId person{stanza.from.bare().str()};
  if (target.place() != nullptr && target.place()->empty() && privileges_->on_message(stanza))
    return bookmarks_->publish_all();
  if (stanza.type != "error") people_->used(person);
  if (stanza.type != "error" && is_encrypted(stanza)) {
    return refuse(stanza,
                  feature_not_implemented(
                      "This message is encrypted, and the bridge is not part of the encryption: nothing "
                      "of it was sent. Turn encryption off in this chat."));
  }
  if (const RoomId* room = target.room()) {
    if (stanza.type != "groupchat" && !target.nick.empty()) {
      if (stanza.type == "error") {
        if (Muc* muc = find_room(person, *room)) muc->on_message(stanza);
        return;
      }
      if (Muc* muc = find_room(person, *room); muc != nullptr && muc->on_private(stanza, target.nick)) return;
      return contact(person, network_->user_of(*room, target.nick)).on_message(stanza);
    }
    Muc* muc = find_room(person, *room);
    if (const Element* x = stanza.child("x", ns::muc_user);
        x != nullptr && stanza.type != "error" && x->child("decline") != nullptr &&
        (muc == nullptr || muc->room().state(person) == Room::State::out))
      return decline(person, *room, *x->child("decline"));
    if (muc == nullptr) return refuse(stanza, not_acceptable("You are not in this room: join it first."));
    return muc->on_message(stanza);
  }
  if (const Element* direct = stanza.child("x", ns::conference);
      direct != nullptr && target.user() != nullptr) {
    // XEP-0249: a direct invitation of somebody on the network.
    auto jid = Jid::parse(direct->attr_or("jid"));
    Target room = jid && jid->domain == domain() ? locate(*jid) : Target{};
    if (room.room() == nullptr)
      return refuse(stanza, not_acceptable("People of this network can be invited to its rooms only."));
    const std::string token = new_token();
    questions_.ask(token, [this, stanza](const Questions::Reply& reply) {
      if (const auto* failed = std::get_if<Failed>(&reply)) refuse(stanza, to_error(failed->failure));
    });
    network_->session_for(person, *room.room())
        .perform({*room.room(), token,
                  Invite{network_->nick_of(*target.user()), std::string(direct->attr_or("reason"))}});
    return;
  }
  if (target.place() != nullptr && target.place()->empty()) {
    const Element* addresses = stanza.child("addresses", ns::address);
    if (addresses != nullptr && stanza.type != "error" && takes_addresses(*this))
      return on_addressed(*this, stanza, *addresses);
    if (stanza.type != "error" && stanza.child("body", ns::component) != nullptr) {
      refuse(stanza, service_unavailable("Nobody reads here. " + network_->address_hint()));
    }
    return;
  }
  contact(person, *target.where).on_message(stanza);
}

// Whoever has the gateway among their contacts tells it; of the others their server tells the people they
// know there.
bool Gateway::says_whether_there(const Stanza& presence, const Target& target) const {
  if (presence.to.local.empty()) return true;
  const PersonId person{presence.from.bare().str()};
  return target.user() != nullptr && !subscriptions_->has(person, {}) &&
         subscriptions_->has(person, unescape_node(presence.to.local));
}

void Gateway::on_presence(const Stanza& stanza, const Target& target) {
  const bool directed = stanza.type.empty() || stanza.type == "unavailable" || stanza.type == "error";
  const RoomId* room = target.room();
  people_->on_presence(stanza, says_whether_there(stanza, target));
  if (stanza.type == "unavailable" || stanza.type == "error") blocking_->on_gone(stanza.from);
  if (room == nullptr || !directed) {
    if (room != nullptr && stanza.type == "subscribe") {
      return refuse(stanza, not_allowed("A room is joined, not subscribed to."));
    }
    return subscriptions_->on_presence(stanza, target);
  }
  const PersonId person{stanza.from.bare().str()};
  Muc* muc = find_room(person, *room);
  if (stanza.type.empty()) {
    // XEP-0045 7.2.1. Whatever else comes here makes no room.
    if (stanza.child("x", ns::muc) == nullptr &&
        (muc == nullptr || muc->find_occupant(stanza.from.str()) == nullptr)) {
      return refuse(stanza, {"modify", "not-acceptable", "You are not in this room: join it first."});
    }
    if (target.nick.empty()) {
      const std::string address = address_of(*room);
      return refuse(stanza, {"modify", "jid-malformed", "Say which nick you want: " + address + "/nick."});
    }
    if (muc == nullptr) muc = &open_room(person, *room);
  }
  if (muc != nullptr) muc->on_presence(stanza, target.nick);
}

// XEP-0045 7.8.2: they don't want to come in. Networks on which an invitation stays open end it so.
void Gateway::decline(const PersonId& person, const RoomId& room, const Element& decline) {
  Session* session = network_->find_session(person, room);
  if (session == nullptr && network_->find_session(PersonId{}, PlaceId{}) != nullptr)
    session = &network_->session_for(person, room);
  if (session == nullptr || !session->features(room).history) return;
  const Element* reason = decline.child("reason");
  session->perform({room, {}, Leave{reason != nullptr ? reason->text : std::string()}});
}

void Gateway::say_goodbye(const std::string& reason) {
  for (Muc* muc : all_rooms()) muc->say_goodbye(reason);
  subscriptions_->say_goodbye();
}

void Gateway::tell_admins(const std::string& text) {
  for (const std::string& admin : options_.admins) {
    std::string out;
    XmlWriter w(out);
    w.open("message")
        .attr("from", domain())
        .attr("to", admin)
        .attr("type", "chat")
        .element("body", text)
        .close();
    send(out);
  }
}

// ------------------------------------------------------------------------------------------------------ for
// the facets

bool Gateway::is_admin(const Jid& who) const {
  const std::string bare = who.bare().str();
  return std::find(options_.admins.begin(), options_.admins.end(), bare) != options_.admins.end();
}

Target Gateway::locate(const Jid& address) const {
  return {network_->resolve(unescape_node(address.local)), address.resource};
}

std::string Gateway::address_of(const Conversation& what) const {
  const std::string node = network_->node_of(what);
  return node.empty() ? domain() : escape_node(node) + "@" + domain();
}

void Gateway::reply(const Stanza& iq, std::string_view payload) {
  std::string out;
  XmlWriter w(out);
  w.open("iq").attr("type", "result").attr("id", iq.id).attr("from", iq.to.str()).attr("to", iq.from.str());
  w.raw(payload).close();
  send(out);
}

void Gateway::refuse(const Stanza& stanza, const StanzaError& error) {
  std::string out = error_reply(stanza, error);
  if (out.empty()) return;
  // That a message was not sent is told however late.
  if (stanza.kind == StanzaKind::message) return deliver(PersonId{stanza.from.bare().str()}, std::move(out));
  send(out);
}

std::string Gateway::new_id() { return store_.archive().make_id().value(); }

std::string Gateway::occupant_id(const RoomId& room, const std::string& whose) const {
  std::string source = room.value() + ' ' + whose;
  // Few people say most: a digest a line would be a tenth of its cost.
  auto& known = known_ids_[std::hash<std::string>{}(source) % known_ids_.size()];
  if (known.first != source) {
    known.second = keyed_digest(occupant_key_, source);
    known.first = std::move(source);
  }
  return known.second;
}

}  // namespace dragoman
