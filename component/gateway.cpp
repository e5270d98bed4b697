#include "component/gateway.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include "component/addresses.hpp"
#include "component/blocking.hpp"
#include "component/bookmarks.hpp"
#include "component/commands.hpp"
#include "component/contact.hpp"
#include "component/facets.hpp"
#include "component/muc.hpp"
#include "component/people.hpp"
#include "component/privilege.hpp"
#include "component/subscriptions.hpp"
#include "mapping/address.hpp"
#include "mapping/digest.hpp"
#include "mapping/messages_table.hpp"
#include "mapping/rooms_table.hpp"
#include "mapping/settings_table.hpp"

namespace dragoman {

// What one person sees of the network; the view of nobody in particular where rooms are shared.
struct Gateway::View {
  std::unordered_map<RoomId, std::unique_ptr<Muc>> rooms;
  std::map<Conversation, std::unique_ptr<Contact>> contacts;
  std::vector<RoomId> shared;  // where the person has, or had, a voice in a shared room
};

// Rooms and contacts that are over, kept until no call is inside them.
struct Gateway::Closed {
  std::vector<std::unique_ptr<Muc>> rooms;
  std::vector<std::unique_ptr<Contact>> contacts;
};

Gateway::Busy::~Busy() {
  if (--gateway.depth_ == 0) *gateway.closed_ = {};
}

namespace {

constexpr std::size_t most_contacts = 1000;   // kept for one person; the quiet ones go first
constexpr std::size_t longest_origin = 1024;  // bytes of a sender's JID and id that go into a token

// Whose message a token speaks of: see new_token().
struct Origin {
  std::string jid, stanza_id;
  bool receipt = false;
};
constexpr std::string_view receipt_mark = "r";

// By any of the ways that only the other end can read (XEP-0380 names them).
bool is_encrypted(const Stanza& message) {
  for (std::string_view ns : {"urn:xmpp:eme:0", "eu.siacs.conversations.axolotl", "urn:xmpp:omemo:2",
                              "urn:xmpp:openpgp:0", "jabber:x:encrypted"}) {
    if (message.root.child_ns(ns) != nullptr) return true;
  }
  const Element* body = message.root.child("body");
  return body != nullptr && body->text.starts_with("?OTR");
}

// "PREFIX-NUMBER", and behind that of a message " SIZE JID" + "ID", where SIZE is the JID's; an "r" behind it
// says that a receipt is wanted.
std::optional<Origin> origin_of(std::string_view token) {
  const std::size_t size_at = token.find(' ');
  if (size_at == token.npos) return std::nullopt;
  const std::size_t jid_at = token.find(' ', size_at + 1);
  if (jid_at == token.npos) return std::nullopt;
  const std::string_view rest = token.substr(jid_at + 1);
  std::size_t size = 0;
  const char* digits_end = token.data() + jid_at;
  const auto [end, error] = std::from_chars(token.data() + size_at + 1, digits_end, size);
  const std::string_view mark(end, static_cast<std::size_t>(digits_end - end));
  if (error != std::errc() || (!mark.empty() && mark != receipt_mark) || size > rest.size())
    return std::nullopt;
  return Origin{std::string(rest.substr(0, size)), std::string(rest.substr(size)), !mark.empty()};
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
}

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

// --------------------------------------------------------------------------------------------------- from
// the network

void Gateway::on_event(Session& from, Event event) {
  const Busy busy(*this);
  const PersonId& person = from.person();
  if (const auto* link = std::get_if<LinkState>(&event.what);
      link != nullptr && std::holds_alternative<PlaceId>(event.in)) {
    on_link(from, event, *link);
    return;
  }
  // Answers to questions of ours.
  if (const auto* answered = std::get_if<Answered>(&event.what)) {
    questions_.answer(answered->token, *answered);
    return;
  }
  if (const auto* delivered = std::get_if<Delivered>(&event.what);
      delivered != nullptr && questions_.answer(delivered->token, *delivered)) {
    return;
  }
  if (const auto* failed = std::get_if<Failed>(&event.what);
      failed != nullptr && questions_.answer(failed->token, *failed)) {
    return;
  }
  if (const auto* delivered = std::get_if<Delivered>(&event.what);
      delivered != nullptr && answer_late(from, event, delivered->token)) {
    return;
  }
  if (const auto* failed = std::get_if<Failed>(&event.what);
      failed != nullptr && answer_late(from, event, failed->token)) {
    return;
  }
  if (const auto* profile = std::get_if<Profile>(&event.what)) {
    const std::string of = std::visit([](const auto& id) { return id.value(); }, event.in);
    questions_.answer_for("profile " + person.value() + " " + of, *profile);
    if (const auto* user = std::get_if<UserId>(&event.in))
      subscriptions_->on_profile(person, *user, *profile);
    return;
  }
  if (const auto* listing = std::get_if<Listing>(&event.what)) {
    const std::string of = std::visit([](const auto& id) { return id.value(); }, event.in);
    questions_.answer_for("listing " + person.value() + " " + of, *listing);
    return;
  }
  if (const auto* places = std::get_if<OwnPlaces>(&event.what))
    return bookmarks_->on_places(person, *places, from.nick());
  const auto* room = std::get_if<RoomId>(&event.in);
  if (const auto* user = std::get_if<UserId>(&event.in)) {
    if (const auto* presence = std::get_if<Presence>(&event.what))
      return subscriptions_->on_presence_of(person, *user, *presence);
    if (const auto* asked = std::get_if<Invited>(&event.what))
      return subscriptions_->on_asked(person, *user, *asked);
  }
  if (const auto* list = std::get_if<StandingList>(&event.what); list != nullptr && room == nullptr) {
    blocking_->on_list(person, *list);
    questions_.answer_for("standings " + person.value() + " ", *list);
    return;
  }
  if (room == nullptr) {
    contact(person, event.in).on_event(event);
    return;
  }
  if (const auto* standings = std::get_if<StandingList>(&event.what)) {
    questions_.answer_for("standings " + viewer_of(person, *room).value() + " " + room->value(), *standings);
    return;
  }
  if (const auto* invited = std::get_if<Invited>(&event.what)) {
    // Who is in their own room already has heard what it is about.
    if (const Muc* muc = find_room(person, *room);
        muc != nullptr && !muc->room().viewer().empty() && muc->anybody())
      return;
    std::string out;
    XmlWriter w(out);
    const std::string address = address_of(*room);
    w.open("message").attr("from", address).attr("to", person.value());
    w.open("x", ns::muc_user).open("invite");
    w.attr("from", invited->by.empty() ? domain() : address_of(network_->user_of(*room, invited->by)));
    if (!invited->reason.empty()) w.element("reason", invited->reason);
    w.close();
    if (!invited->key.empty()) w.element("password", invited->key);
    w.close().open("x", ns::conference).attr("jid", address).close().close();
    deliver(person, std::move(out));
    return;
  }
  Muc* muc = room_for(person, *room, event.what);
  // A room that was put upon the person by its network; anything else about a room that is not open is an
  // echo of leaving, or of a room that nobody looks at now and that tells its history later.
  if (muc == nullptr && std::holds_alternative<Entered>(event.what) && !viewer_of(person, *room).empty() &&
      !from.features(*room).history) {
    muc = &open_room(person, *room);
  }
  if (muc == nullptr && !was_up_) muc = reopened(person, *room);
  if (muc == nullptr) return;
  std::vector<std::string> seen;
  if (subscriptions_->any(person)) {
    if (const auto* joined = std::get_if<MemberJoined>(&event.what)) seen = {joined->member.nick};
    if (const auto* left = std::get_if<MemberLeft>(&event.what)) seen = {left->nick};
    if (const auto* renamed = std::get_if<MemberRenamed>(&event.what))
      seen = {renamed->nick, renamed->new_nick};
  }
  const bool all = std::holds_alternative<Entered>(event.what) || std::holds_alternative<Exited>(event.what);
  std::string updated;
  if (const auto* u = std::get_if<MemberUpdated>(&event.what); u != nullptr && subscriptions_->any(person))
    updated = u->member.nick;
  muc->room().on_event(event, person);
  if (all) subscriptions_->announce_people(person);
  if (!updated.empty())
    subscriptions_->announce_member(person, network_->node_of(network_->user_of(*room, updated)));
  for (const std::string& nick : seen)
    subscriptions_->announce(person, network_->node_of(network_->user_of(*room, nick)));
}

// What concerns a voice alone comes to where that voice is, though its person sees the room by another now
// (an account of their own).
Muc* Gateway::room_for(const PersonId& person, const RoomId& room, const What& what) const {
  if (Muc* muc = find_room(person, room)) return muc;
  const bool of_voice = std::holds_alternative<Exited>(what) || std::holds_alternative<Delivered>(what) ||
                        std::holds_alternative<Failed>(what);
  if (!of_voice || person.empty()) return nullptr;
  View* shared = find_view(PersonId{});
  if (shared == nullptr) return nullptr;
  auto found = shared->rooms.find(room);
  const bool there = found != shared->rooms.end() && found->second->room().state(person) != Room::State::out;
  return there ? found->second.get() : nullptr;
}

bool Gateway::refuse_late(const Conversation& in, const std::string& token, const Failure& failure) {
  const std::optional<Origin> origin = origin_of(token);
  if (!origin) return false;
  std::string out;
  XmlWriter w(out);
  const std::string sent_to = token.starts_with('~') ? domain() : address_of(in);
  w.open("message").attr("from", sent_to).attr("to", origin->jid).attr("type", "error");
  w.attr_if("id", origin->stanza_id);
  write_error(w, to_error(failure));
  w.close();
  deliver(PersonId{origin->jid.substr(0, origin->jid.find('/'))}, std::move(out));
  return true;
}

bool Gateway::answer_late(Session& from, const Event& event, const std::string& token) {
  const auto* room = std::get_if<RoomId>(&event.in);
  const bool of_this_run = token.starts_with(token_prefix_);
  // Of this run its room or contact knows it, unless the room was closed meanwhile.
  if (of_this_run && (room == nullptr || room_for(from.person(), *room, event.what) != nullptr ||
                      !from.features(*room).history)) {
    return false;
  }
  if (const auto* failed = std::get_if<Failed>(&event.what))
    return refuse_late(event.in, token, failed->failure);
  const std::optional<Origin> origin = origin_of(token);
  if (!origin) return false;
  const auto* user = std::get_if<UserId>(&event.in);
  if ((room == nullptr && user == nullptr) || event.id.empty() || origin->stanza_id.empty()) return true;
  const RoomKey key = room != nullptr ? store_.rooms().find(id(), *room, viewer_of(from.person(), *room))
                                      : store_.rooms().open(id(), chat_room(*user), from.person());
  const std::string sender = origin->jid.substr(0, origin->jid.find('/'));
  if (key != 0) store_.messages().put(key, origin->stanza_id, event.id, sender);
  if (user != nullptr && origin->receipt)
    contact(from.person(), event.in).tell_received(origin->jid, origin->stanza_id);
  return true;
}

void Gateway::on_link(Session& from, const Event& event, const LinkState& state) {
  const PersonId person = from.person();
  if (state.link == Link::lost || state.link == Link::closed) {
    for (Muc* muc : rooms_of(person)) {
      if (network_->find_session(person, muc->room().id()) == &from) muc->room().on_event(event, person);
    }
  }
  subscriptions_->announce(person, network_->node_of(from.place()));
  subscriptions_->announce_people(person);
}

const MemberTable* Gateway::members(const Session& of, const RoomId& room) const {
  Muc* muc = find_room(of.person(), room);
  if (muc == nullptr) return nullptr;
  const bool in = of.person().empty() ? muc->room().is_in() : muc->room().is_in(of.person());
  return in ? &muc->room().members() : nullptr;
}

void Gateway::on_session_end(Session& session) {
  const Busy busy(*this);
  const PersonId person = session.person();
  for (Muc* muc : rooms_of(person)) {
    // Who sees the room by another session now has only this one's voice in it.
    const bool same_view = muc->room().viewer() == viewer_of(person, muc->room().id());
    if (same_view && network_->find_session(person, muc->room().id()) != &session) continue;
    if (muc->room().state(person) == Room::State::entering) {
      muc->entry_failed(person, {Reason::connection_lost, "The connection to the network ended."});
    } else if (muc->room().is_in(person)) {
      muc->room().on_event({muc->room().id(),
                            {},
                            {},
                            {},
                            false,
                            Exited{Departure::lost, {}, "The connection to the network ended."}},
                           person);
    }
  }
  // Those of a session that is still there are its own.
  const Session* still = network_->find_session(person, PlaceId{});
  if (still == nullptr || still == &session) bookmarks_->forget(person);
  subscriptions_->announce_people(person);
  if (const View* seen = find_view(person); seen != nullptr && is_empty(person, *seen)) views_.erase(person);
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

Gateway::View* Gateway::find_view(const PersonId& person) const {
  auto found = views_.find(person);
  return found == views_.end() ? nullptr : found->second.get();
}

Gateway::View& Gateway::view(const PersonId& person) {
  auto& slot = views_[person];
  if (!slot) slot = std::make_unique<View>();
  return *slot;
}

Muc* Gateway::find_room(const PersonId& person, const RoomId& room) const {
  View* seen = find_view(viewer_of(person, room));
  if (seen == nullptr) return nullptr;
  auto found = seen->rooms.find(room);
  return found == seen->rooms.end() ? nullptr : found->second.get();
}

Muc& Gateway::open_room(const PersonId& person, const RoomId& room) {
  const PersonId viewer = viewer_of(person, room);
  auto& slot = view(viewer).rooms[room];
  if (!slot) slot = std::make_unique<Muc>(*this, room, viewer);
  return *slot;
}

std::vector<Muc*> Gateway::rooms_of(const PersonId& person) const {
  std::vector<Muc*> rooms;
  if (View* seen = find_view(person)) {
    for (const auto& [id, muc] : seen->rooms) rooms.push_back(muc.get());
    View* shared = seen->shared.empty() ? nullptr : find_view(PersonId{});
    for (const RoomId& id : seen->shared) {
      if (shared == nullptr) break;
      auto found = shared->rooms.find(id);
      if (found != shared->rooms.end() && found->second->room().state(person) != Room::State::out)
        rooms.push_back(found->second.get());
    }
  }
  return rooms;
}

void Gateway::note_voice(const PersonId& person, const Muc& room) {
  if (!room.room().is_shared() || person.empty()) return;
  std::vector<RoomId>& known = view(person).shared;
  const View& shared = view(PersonId{});
  std::erase_if(known, [&](const RoomId& id) {
    auto found = shared.rooms.find(id);
    return found == shared.rooms.end() || found->second->room().state(person) == Room::State::out;
  });
  if (std::find(known.begin(), known.end(), room.room().id()) == known.end())
    known.push_back(room.room().id());
}

std::vector<Muc*> Gateway::all_rooms() const {
  std::vector<Muc*> rooms;
  for (const auto& [person, seen] : views_) {
    for (const auto& [id, muc] : seen->rooms) rooms.push_back(muc.get());
  }
  return rooms;
}

Contact& Gateway::contact(const PersonId& person, const Conversation& with) {
  auto& contacts = view(person).contacts;
  auto found = contacts.find(with);
  if (found == contacts.end()) {
    for (auto it = contacts.begin(); contacts.size() >= most_contacts && it != contacts.end();) {
      auto next = std::next(it);
      if (!it->second->busy()) closed_->contacts.push_back(std::move(contacts.extract(it).mapped()));
      it = next;
    }
    found = contacts.emplace(with, std::make_unique<Contact>(*this, person, with)).first;
  }
  return *found->second;
}

// Chats that nothing was said in for long, and people whom nothing is left of.
void Gateway::forget_idle(Time now) {
  constexpr auto pause = std::chrono::minutes(10);
  constexpr auto idle = std::chrono::hours(24);
  if (now - looked_for_idle_ < pause) return;
  looked_for_idle_ = now;
  for (auto& [person, seen] : views_) {
    for (auto it = seen->contacts.begin(); it != seen->contacts.end();) {
      auto next = std::next(it);
      if (!it->second->busy() && now - it->second->used() >= idle)
        closed_->contacts.push_back(std::move(seen->contacts.extract(it).mapped()));
      it = next;
    }
  }
  std::erase_if(views_, [&](const auto& view) { return is_empty(view.first, *view.second); });
}

bool Gateway::is_empty(const PersonId& person, const View& seen) const {
  return seen.contacts.empty() && seen.rooms.empty() && rooms_of(person).empty();
}

void Gateway::close_room(Muc& room) {
  auto found = views_.find(room.room().viewer());
  if (found == views_.end()) return;
  auto node = found->second->rooms.extract(room.room().id());
  if (!node.empty()) closed_->rooms.push_back(std::move(node.mapped()));
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

std::string Gateway::new_token() { return token_prefix_ + std::to_string(++token_counter_); }

std::string Gateway::new_token(const Stanza& of, bool receipt) {
  std::string token = new_token();
  const std::string jid = of.from.str();
  if (jid.size() + of.id.size() > longest_origin) return token;
  token += " " + std::to_string(jid.size());
  if (receipt) token += receipt_mark;
  return token + " " + jid + of.id;
}

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
