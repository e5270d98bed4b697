#include "bridges/email/conversations.hpp"

#include <algorithm>
#include <set>

#include "bridges/email/address.hpp"
#include "bridges/json.hpp"
#include "bridges/net/base64.hpp"
#include "bridges/pictures.hpp"
#include "mapping/digest.hpp"
#include "mapping/mails_table.hpp"
#include "mapping/notes_table.hpp"
#include "mapping/store.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

constexpr std::string_view conversation_mark = "c-";
constexpr std::size_t conversation_size = 26;
constexpr std::size_t longest_nick = 60;
constexpr std::size_t most_people = 100;     // of a conversation; more are a crowd
constexpr std::size_t most_in_a_list = 100;  // who spoke last; a list does not say who is on it

std::string packed(const Room& room) {
  json::array people;
  for (const Participant& one : room.people)
    people.push_back(json::object{{"nick", one.nick}, {"address", one.address}, {"copied", one.copied}});
  return json::serialize(json::object{{"name", room.name},
                                      {"post", room.post_address},
                                      {"list", room.list},
                                      {"unsubscribe_mail", room.unsubscribe_mail},
                                      {"unsubscribe_subject", room.unsubscribe_subject},
                                      {"unsubscribe_url", room.unsubscribe_url},
                                      {"one_click", room.one_click},
                                      {"people", std::move(people)}});
}

std::optional<Room> unpacked(std::string_view text) {
  const auto value = parse_json(text);
  if (!value || !value->is_object()) return std::nullopt;
  const json::object& in = value->get_object();
  Room room{std::string(text_at(in, "name")),
            std::string(text_at(in, "post")),
            true_at(in, "list"),
            std::string(text_at(in, "unsubscribe_mail")),
            std::string(text_at(in, "unsubscribe_subject")),
            std::string(text_at(in, "unsubscribe_url")),
            true_at(in, "one_click"),
            {}};
  if (const json::array* people = array_at(in, "people")) {
    for (const json::value& entry : *people) {
      const json::object& one = object_of(entry);
      room.people.push_back(
          {std::string(text_at(one, "nick")), std::string(text_at(one, "address")), true_at(one, "copied")});
    }
  }
  return room;
}

std::string room_key(const PersonId& person, const RoomId& id) { return person.value() + " " + id.value(); }

// The same people, whatever the order.
std::string set_key(const PersonId& person, const std::vector<std::pair<Mailbox, bool>>& others) {
  std::set<std::string> addresses;
  for (const auto& [box, copied] : others) addresses.insert(folded(box.address));
  std::string all;
  for (const std::string& address : addresses) all += address + " ";
  return person.value() + " " + keyed_digest(std::string(32, 'c'), all);
}

std::string shown_name(const Mailbox& box) {
  std::string name = display_clean(box.name);
  if (name.size() > longest_nick) name.resize(prefix_within(name, longest_nick));
  return name;
}

std::string with_address(const std::string& name, const Mailbox& box) {
  return name.empty() ? "<" + box.address + ">" : name + " <" + box.address + ">";
}

Participant* find(Room& room, std::string_view address) {
  const std::string wanted = folded(address);
  for (Participant& one : room.people)
    if (folded(one.address) == wanted) return &one;
  return nullptr;
}

}  // namespace

bool is_conversation_id(std::string_view text) {
  if (!text.starts_with(conversation_mark) || text.size() != conversation_mark.size() + conversation_size)
    return false;
  text.remove_prefix(conversation_mark.size());
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

bool is_list(const RoomId& room) { return !is_conversation_id(room.value()); }

bool is_list_id(std::string_view text) {
  if (text.empty() || text.size() > 255 || text.front() == '.' || text.back() == '.') return false;
  if (text.find('.') == std::string_view::npos) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view(".-_+").find(c) != std::string_view::npos;
  });
}

Conversations::Place Conversations::place_of(const PersonId& person, const Mail& mail) {
  if (mail.list && is_list_id(mail.list->id)) return in_list(person, mail);
  const Preferences preferences = hub_.preferences(person);
  std::vector<std::pair<Mailbox, bool>> others;
  std::set<std::string> seen;
  const auto add = [&](const std::vector<Mailbox>& boxes, bool copied) {
    for (const Mailbox& box : boxes)
      if (!hub_.is_own(person, preferences, box.address) && seen.insert(folded(box.address)).second)
        others.emplace_back(box, copied);
  };
  // Answers go where the sender wants them.
  add(mail.reply_to.empty() ? mail.from : mail.reply_to, false);
  const bool from_is_in = mail.reply_to.empty() || seen.contains(folded(mail.from.front().address));
  add(mail.to, false);
  add(mail.cc, true);
  const Mailbox& sender = mail.from.front();
  note_person(sender, mail.verified && mail.judge == Mail::Judge::ours);
  // What goes to a crowd is said by one: nobody answers all of them.
  if (others.size() <= 1 || others.size() > most_people ||
      (others.size() == 2 && !from_is_in && mail.to.empty() && mail.cc.empty()))
    return {UserId{folded(sender.address)}, {}, {}, {}};
  return in_conversation(person, mail, others);
}

std::optional<Conversations::Place> Conversations::place_of_sent(const PersonId& person, const Mail& mail) {
  const Preferences preferences = hub_.preferences(person);
  const std::string from = folded(mail.from.front().address);
  std::vector<std::pair<Mailbox, bool>> others;
  std::set<std::string> seen{from};
  for (const auto* boxes : {&mail.to, &mail.cc}) {
    for (const Mailbox& box : *boxes)
      if (!hub_.is_own(person, preferences, box.address) && seen.insert(folded(box.address)).second)
        others.emplace_back(box, boxes == &mail.cc);
  }
  if (others.size() > most_people || (mail.to.empty() && mail.cc.empty())) return std::nullopt;
  Place place{UserId{from}, {}, {}, {}, true};  // a note to themselves
  for (const auto& [box, copied] : others) {
    if (auto list = list_at(person, box.address)) {
      place.where = std::move(*list);
      return place;
    }
  }
  if (others.size() == 1) {
    note_person(others.front().first);
    place.where = UserId{folded(others.front().first.address)};
  } else if (!others.empty()) {
    place = in_conversation(person, mail, others);
    place.own = true;
  }
  return place;
}

std::optional<RoomId> Conversations::list_at(const PersonId& person, const std::string& post_address) const {
  for (RoomId& id : rooms_of(person)) {
    if (!is_list(id)) continue;
    const auto known = room(person, id);
    if (known && !known->post_address.empty() && folded(known->post_address) == folded(post_address))
      return std::move(id);
  }
  return std::nullopt;
}

Conversations::Place Conversations::in_list(const PersonId& person, const Mail& mail) {
  const RoomId id{mail.list->id};
  Room room = this->room(person, id).value_or(Room{});
  Place place{id, {}, {}, {}};
  room.list = true;
  room.name = mail.list->name.empty() ? mail.list->id : mail.list->name;
  // Where posts go is as the list first said: whoever writes "List-Id" into a mail does not turn them away.
  if (room.post_address.empty()) room.post_address = mail.list->post;
  // Not each mail says how the list is left.
  if (!mail.list->unsubscribe_mail.empty() || !mail.list->unsubscribe_url.empty()) {
    room.unsubscribe_mail = mail.list->unsubscribe_mail;
    room.unsubscribe_subject = mail.list->unsubscribe_subject;
    room.unsubscribe_url = mail.list->unsubscribe_url;
    room.one_click = mail.list->one_click;
  }
  const Mailbox& sender = mail.from.front();
  note_person(sender, mail.verified && mail.judge == Mail::Judge::ours);
  if (Participant* known = find(room, sender.address)) {
    place.sender_nick = known->nick;
    // Who spoke last is last: whoever has long been silent goes first.
    std::rotate(room.people.begin() + (known - room.people.data()),
                room.people.begin() + (known - room.people.data()) + 1, room.people.end());
  } else {
    Participant fresh = participant(id, room, sender, false);
    place.sender_nick = fresh.nick;
    if (room.people.size() >= most_in_a_list) {
      place.gone.push_back(room.people.front());
      room.people.erase(room.people.begin());
    }
    room.people.push_back(fresh);
    place.came.push_back(std::move(fresh));
  }
  save(person, id, room);
  return place;
}

Conversations::Place Conversations::in_conversation(const PersonId& person, const Mail& mail,
                                                    const std::vector<std::pair<Mailbox, bool>>& others) {
  std::optional<RoomId> id;
  // What it answers says where it belongs; else the people do.
  std::vector<std::string> answers = mail.references;
  if (!mail.in_reply_to.empty()) answers.push_back(mail.in_reply_to);
  for (auto one = answers.rbegin(); one != answers.rend() && !id; ++one) {
    const auto row = hub_.store.mails().find(hub_.network, person, *one);
    const auto where = row ? conversation_of(row->conversation) : std::nullopt;
    if (const auto* room = where ? std::get_if<RoomId>(&*where) : nullptr; room != nullptr && !is_list(*room))
      id = *room;
  }
  const RoomId where = known_by(person, std::move(id), others);
  Room room = this->room(person, where).value_or(Room{});
  if (room.name.empty()) room.name = mail.subject;
  Place place{where, {}, {}, {}};
  std::vector<Participant> now;
  for (const auto& [box, copied] : others) {
    if (const Participant* known = find(room, box.address)) {
      now.push_back({known->nick, box.address, copied});
    } else {
      Participant fresh = participant(where, room, box, copied);
      room.people.push_back(fresh);
      place.came.push_back(fresh);
      now.push_back(std::move(fresh));
    }
  }
  for (const Participant& before : room.people) {
    if (std::none_of(now.begin(), now.end(), [&](const Participant& p) { return p.nick == before.nick; }))
      place.gone.push_back(before);
  }
  room.people = std::move(now);
  const Participant* sender = find(room, mail.from.front().address);
  // Who wants answers to go elsewhere is not in it, and goes by no name that somebody there may have.
  const Mailbox& from = mail.from.front();
  place.sender_nick = sender != nullptr ? sender->nick : with_address(shown_name(from), from);
  save(person, where, room);
  return place;
}

// The room of this id from now on, else the one that these people have been in last, else a new one.
RoomId Conversations::known_by(const PersonId& person, std::optional<RoomId> id,
                               const std::vector<std::pair<Mailbox, bool>>& others) {
  const std::string key = set_key(person, others);
  NotesTable& notes = hub_.store.notes();
  if (!id) {
    if (auto known = notes.get(hub_.network, "people", key)) id = RoomId{*known};
  }
  if (!id) id = RoomId{std::string(conversation_mark) + random_hex(conversation_size / 2)};
  notes.put(hub_.network, "people", key, id->value());
  return *id;
}

std::optional<RoomId> Conversations::with(const PersonId& person,
                                          const std::vector<std::pair<Mailbox, bool>>& others,
                                          const std::string& subject) {
  if (others.empty() || others.size() > most_people) return std::nullopt;
  const RoomId id = known_by(person, std::nullopt, others);
  Room room = this->room(person, id).value_or(Room{});
  if (room.name.empty()) room.name = subject;
  std::vector<Participant> now;
  for (const auto& [box, copied] : others) {
    const Participant* known = find(room, box.address);
    Participant one = known != nullptr ? *known : participant(id, room, box, copied);
    one.copied = copied;
    if (known == nullptr) room.people.push_back(one);
    now.push_back(std::move(one));
  }
  room.people = std::move(now);
  if (!save(person, id, room)) return std::nullopt;
  return id;
}

std::optional<Participant> Conversations::add(const PersonId& person, const RoomId& id, const Mailbox& box) {
  auto room = this->room(person, id);
  if (!room || room->people.size() >= most_people || find(*room, box.address) != nullptr) return std::nullopt;
  room->people.push_back(participant(id, *room, box, false));
  save(person, id, *room);
  return room->people.back();
}

std::optional<Room> Conversations::room(const PersonId& person, const RoomId& id) const {
  const auto kept = hub_.store.notes().get(hub_.network, "room", room_key(person, id));
  return kept ? unpacked(*kept) : std::nullopt;
}

bool Conversations::save(const PersonId& person, const RoomId& id, const Room& room) {
  return hub_.store.notes().put(hub_.network, "room", room_key(person, id), packed(room));
}

std::vector<RoomId> Conversations::rooms_of(const PersonId& person) const {
  std::vector<RoomId> out;
  const std::string prefix = person.value() + " ";
  for (auto& [key, value] : hub_.store.notes().all(hub_.network, "room", prefix))
    out.emplace_back(key.substr(prefix.size()));
  return out;
}

void Conversations::forget(const PersonId& person) {
  const std::string prefix = person.value() + " ";
  for (const RoomId& room : rooms_of(person)) {
    if (is_list(room)) continue;  // its nicks are others' as well
    for (auto& [key, value] : hub_.store.notes().all(hub_.network, "nick", room.value() + " "))
      hub_.store.notes().erase(hub_.network, "nick", key);
  }
  hub_.store.notes().erase(hub_.network, "own name", person.value());
  for (const char* kind : {"room", "people", "known", "blocked", "held", "receipt", "reacted"}) {
    for (auto& [key, value] : hub_.store.notes().all(hub_.network, kind, prefix))
      hub_.store.notes().erase(hub_.network, kind, key);
  }
}

Participant Conversations::participant(const RoomId& id, const Room& room, const Mailbox& box, bool copied) {
  note_person(box);
  Participant out{nick_for(id, room, box), box.address, copied};
  hub_.store.notes().put(hub_.network, "nick", id.value() + " " + out.nick, out.address);
  return out;
}

// The name they go by, as long as nobody else there does; then with the address behind it.
std::string Conversations::nick_for(const RoomId& id, const Room& room, const Mailbox& box) {
  std::string nick = shown_name(box);
  if (nick.empty()) nick = box.address;
  const auto taken = [&](const std::string& wanted) {
    const auto known = hub_.store.notes().get(hub_.network, "nick", id.value() + " " + wanted);
    return (known && folded(*known) != folded(box.address)) ||
           std::any_of(room.people.begin(), room.people.end(),
                       [&](const Participant& p) { return p.nick == wanted; });
  };
  return taken(nick) ? with_address(nick, box) : nick;
}

std::optional<std::string> Conversations::address_of(const RoomId& room, std::string_view nick) const {
  return hub_.store.notes().get(hub_.network, "nick", room.value() + " " + std::string(nick));
}

std::string Conversations::display_name(const UserId& user) const {
  const auto known = hub_.store.notes().get(hub_.network, "name", user.value());
  return known && !known->empty() ? *known : user.value();
}

void Conversations::note_person(const Mailbox& box, bool proved) {
  const std::string id = folded(box.address);
  NotesTable& notes = hub_.store.notes();
  if (!box.name.empty()) {
    const auto known = notes.get(hub_.network, "name", id);
    if (!known || (proved && *known != box.name)) notes.put(hub_.network, "name", id, box.name);
  }
  // The first spelling stays.
  if (box.address != id && !notes.get(hub_.network, "spelling", id))
    notes.put(hub_.network, "spelling", id, box.address);
}

Profile Conversations::profile(const UserId& user) const {
  const std::string name = display_name(user);
  Profile out{.nick = name, .full_name = name, .address = spelling(user)};
  if (const auto kept = hub_.store.notes().get(hub_.network, "picture", user.value()))
    out.picture = pictures::decode(*kept);
  return out;
}

bool Conversations::note_picture(const UserId& user, const Picture& picture) {
  const std::string text = net::base64(picture.bytes);
  if (hub_.store.notes().get(hub_.network, "picture", user.value()) == text) return false;
  return hub_.store.notes().put(hub_.network, "picture", user.value(), text);
}

std::string Conversations::spelling(const UserId& user) const {
  return hub_.store.notes().get(hub_.network, "spelling", user.value()).value_or(user.value());
}

}  // namespace dragoman::email
