// What the network tells: whose it is, and what answers a token of ours.
#include <charconv>
#include <utility>

#include "component/blocking.hpp"
#include "component/bookmarks.hpp"
#include "component/gateway_views.hpp"
#include "component/subscriptions.hpp"
#include "mapping/messages_table.hpp"
#include "mapping/rooms_table.hpp"

namespace dragoman {

namespace {

constexpr std::size_t longest_origin = 1024;  // bytes of a sender's JID and id that go into a token

// Whose message a token speaks of: see new_token().
struct Origin {
  std::string jid, stanza_id;
  bool receipt = false;
};
constexpr std::string_view receipt_mark = "r";

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

std::string Gateway::new_token() { return token_prefix_ + std::to_string(++token_counter_); }

std::string Gateway::new_token(const Stanza& of, bool receipt) {
  std::string token = new_token();
  const std::string jid = of.from.str();
  if (jid.size() + of.id.size() > longest_origin) return token;
  const std::string size = std::to_string(jid.size());
  token.reserve(token.size() + size.size() + jid.size() + of.id.size() + 3);
  token.append(" ").append(size);
  if (receipt) token += receipt_mark;
  token.append(" ").append(jid).append(of.id);
  return token;
}

}  // namespace dragoman
