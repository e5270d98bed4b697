// What the room is, and who changes it: XEP-0045 section 10 (muc#owner) and XEP-0486. The owner's form is
// one: what the network's rooms can be told to be (Features::can_set), and what the person may set for
// themselves there (the network's procedure "configure").
#include <algorithm>
#include <charconv>
#include <utility>
#include <variant>

#include "component/form.hpp"
#include "component/gateway.hpp"
#include "component/muc.hpp"
#include "component/pictures.hpp"

namespace dragoman {

namespace {

constexpr std::string_view form_type = "http://jabber.org/protocol/muc#roomconfig";
constexpr std::string_view own_settings = "configure";
// XEP-0045 15.5.3.
constexpr const char* name_field = "muc#roomconfig_roomname";
constexpr const char* members_field = "muc#roomconfig_membersonly";
constexpr const char* public_field = "muc#roomconfig_publicroom";
constexpr const char* moderated_field = "muc#roomconfig_moderatedroom";
constexpr const char* protected_field = "muc#roomconfig_passwordprotectedroom";
constexpr const char* secret_field = "muc#roomconfig_roomsecret";
constexpr const char* limit_field = "muc#roomconfig_maxusers";
constexpr std::size_t usual_limits[] = {10, 20, 30, 50, 100};

Field yes_or_no(const char* name, const char* label, bool now) {
  return {.name = name, .type = FieldType::boolean, .label = label, .values = {now ? "1" : "0"}};
}
Field line(const char* name, FieldType type, const char* label, const std::string& now) {
  Field field{.name = name, .type = type, .label = label};
  if (!now.empty()) field.values = {now};
  return field;
}

Field limit_choice(const std::optional<std::size_t>& now) {
  Field field{.name = limit_field, .type = FieldType::choice, .label = "How many may be in it"};
  field.values = {now ? std::to_string(*now) : "none"};
  field.options.push_back({"none", "No limit"});
  bool offered = !now;
  for (const std::size_t usual : usual_limits) {
    if (!offered && *now <= usual) {
      offered = true;
      if (*now < usual) field.options.push_back({std::to_string(*now), std::to_string(*now)});
    }
    field.options.push_back({std::to_string(usual), std::to_string(usual)});
  }
  if (!offered) field.options.push_back({std::to_string(*now), std::to_string(*now)});
  return field;
}

std::vector<Field> fields_of(const RoomTraits& can, const RoomInfo& now, const std::string& key) {
  std::vector<Field> fields;
  if (can.name) fields.push_back(line(name_field, FieldType::text, "Name", now.name));
  if (can.members_only)
    fields.push_back(yes_or_no(members_field, "Only those who are invited may enter", now.members_only));
  if (can.hidden)
    fields.push_back(yes_or_no(public_field, "Listed, so that anybody can find it", !now.hidden));
  if (can.moderated)
    fields.push_back(yes_or_no(moderated_field, "Only those with a voice may speak", now.moderated));
  if (can.key) {
    fields.push_back(yes_or_no(protected_field, "A password is needed to enter", now.password_protected));
    fields.push_back(
        line(secret_field, FieldType::secret, "The password", now.password_protected ? key : ""));
  }
  if (can.limit) fields.push_back(limit_choice(now.limit));
  return fields;
}

// ---- the way back

std::optional<std::string> answer_to(const Answers& answers, const char* field) {
  const auto found = answers.find(field);
  if (found == answers.end()) return std::nullopt;
  return found->second.empty() ? std::string() : found->second.front();
}

std::optional<bool> changed(const Answers& answers, const char* field, bool now) {
  const auto answer = answer_to(answers, field);
  if (!answer) return std::nullopt;
  const bool wanted = *answer == "1" || *answer == "true";
  return wanted == now ? std::nullopt : std::optional(wanted);
}

// What of it is another than now. What was not offered is not looked at (XEP-0004 3.2).
std::variant<SetRoomInfo, StanzaError> wish_in(const Answers& answers, const RoomTraits& can,
                                               const RoomInfo& now, const std::string& key) {
  SetRoomInfo wish;
  if (const auto name = answer_to(answers, name_field); can.name && name && *name != now.name)
    wish.name = *name;
  if (can.members_only) wish.members_only = changed(answers, members_field, now.members_only);
  if (can.moderated) wish.moderated = changed(answers, moderated_field, now.moderated);
  if (can.hidden) {
    wish.hidden = changed(answers, public_field, !now.hidden);
    if (wish.hidden) wish.hidden = !*wish.hidden;
  }
  if (can.key) {
    const std::string secret = answer_to(answers, secret_field).value_or(std::string());
    const auto asked = answer_to(answers, protected_field);
    const bool wanted = asked ? *asked == "1" || *asked == "true" : !secret.empty();
    if (wanted && secret.empty() && !now.password_protected)
      return not_acceptable("A room with a password needs one: fill it in.");
    if (asked && !wanted && now.password_protected) wish.key = std::string();
    if (wanted && !secret.empty() && (secret != key || !now.password_protected)) wish.key = secret;
  }
  if (const auto limit = answer_to(answers, limit_field); can.limit && limit) {
    std::size_t most = 0;
    if (!limit->empty() && *limit != "none") {
      const auto [end, error] = std::from_chars(limit->data(), limit->data() + limit->size(), most);
      if (error != std::errc() || end != limit->data() + limit->size())
        return not_acceptable("How many may be in the room is a number, or \"none\".");
    }
    if (most != now.limit.value_or(0)) wish.limit = most;
  }
  return wish;
}

// Who is not among its owners is told as XEP-0045 10 and XEP-0486 have it.
StanzaError refusal_of(const Failure& failure) {
  StanzaError error = to_error(failure);
  return failure.reason == Reason::not_permitted ? forbidden(std::move(error.text)) : error;
}

}  // namespace

RoomTraits Muc::can_set(const PersonId& person) const {
  if (!room_.is_in(person)) return {};
  Session* session = gateway_.network().find_session(person, room_.id());
  return session != nullptr ? session->features(room_.id()).can_set : RoomTraits{};
}

bool Muc::has_own_settings() const {
  const std::vector<Procedure> all = gateway_.network().procedures(room_.id());
  return std::any_of(all.begin(), all.end(), [](const Procedure& p) { return p.node == own_settings; });
}

void Muc::on_owner(const Stanza& iq, const Element& query) {
  if (query.child("destroy") != nullptr) {
    return gateway_.refuse(iq, not_allowed("A room on another network can't be destroyed from here."));
  }
  const Element* x = query.child("x", ns::data_form);
  if (iq.type == "set" && (x == nullptr || x->attr_or("type") == "cancel")) return gateway_.reply(iq);
  const PersonId person{iq.from.bare().str()};
  const RoomTraits can = can_set(person);
  if (iq.type == "set") return configure(iq, form::answers(*x), can);
  if (!can.any()) return show_configuration(iq);
  const std::string token = gateway_.new_token();
  gateway_.questions().ask(token,
                           [gateway = &gateway_, iq, person, room = room_.id()](const Questions::Reply&) {
                             if (Muc* muc = gateway->find_room(person, room))
                               return muc->show_configuration(iq);
                             gateway->refuse(iq, not_acceptable("You are not in this room."));
                           });
  gateway_.network().session_for(person, room_.id()).perform({room_.id(), token, FetchRoomInfo{}});
}

void Muc::show_configuration(const Stanza& iq) {
  const PersonId person{iq.from.bare().str()};
  Form form{"Configuration of " + gateway_.network().display_name(room_.id()), {}, {}};
  std::vector<Field> fields = fields_of(can_set(person), room_.info(), password_);
  if (has_own_settings()) {
    Outcome outcome = gateway_.network().run(person, gateway_.is_admin(iq.from), room_.id(),
                                             std::string(own_settings), {}, false);
    if (const auto* failure = std::get_if<Failure>(&outcome)) return gateway_.refuse(iq, to_error(*failure));
    if (auto* own = std::get_if<Form>(&outcome)) form = std::move(*own);
  } else if (fields.empty()) {
    return gateway_.refuse(iq, room_.is_in(person)
                                   ? feature_not_implemented("Nothing of this room can be set from here.")
                                   : not_acceptable("You are not in this room: join it first."));
  }
  form.fields.insert(form.fields.begin(), std::make_move_iterator(fields.begin()),
                     std::make_move_iterator(fields.end()));
  std::string out;
  XmlWriter w(out);
  w.open("query", ns::muc_owner);
  form::write(w, form, form_type);
  w.close();
  gateway_.reply(iq, out);
}

void Muc::configure(const Stanza& iq, const Answers& answers, const RoomTraits& can) {
  const auto wish = wish_in(answers, can, room_.info(), password_);
  if (const auto* error = std::get_if<StanzaError>(&wish)) return gateway_.refuse(iq, *error);
  const PersonId person{iq.from.bare().str()};
  if (!has_own_settings() && !can.any()) {
    return gateway_.refuse(iq, room_.is_in(person)
                                   ? feature_not_implemented("Nothing of this room can be set from here.")
                                   : not_acceptable("You are not in this room: join it first."));
  }
  change_info(iq, std::get<SetRoomInfo>(wish), answers);
}

// What the network refuses of the room leaves these as they were, too: one form, one answer.
void Muc::save_own_settings(const Stanza& iq, const Answers& answers) {
  if (answers.empty() || !has_own_settings()) return gateway_.reply(iq);
  const Outcome outcome = gateway_.network().run(PersonId{iq.from.bare().str()}, gateway_.is_admin(iq.from),
                                                 room_.id(), std::string(own_settings), answers, true);
  preferences_.reset();
  if (const auto* failure = std::get_if<Failure>(&outcome)) return gateway_.refuse(iq, to_error(*failure));
  gateway_.reply(iq);
}

void Muc::on_picture(const Stanza& iq, const Element& vcard) {
  const PersonId person{iq.from.bare().str()};
  if (!room_.is_in(person)) return gateway_.refuse(iq, not_acceptable("You are not in this room."));
  if (!can_set(person).picture)
    return gateway_.refuse(iq, service_unavailable("Rooms have no pictures on this network."));
  SetRoomInfo wish{.picture = Picture{}};
  const Element* photo = vcard.child("PHOTO");
  const Element* bytes = photo != nullptr ? photo->child("BINVAL") : nullptr;
  if (bytes != nullptr && !bytes->text.empty()) {
    wish.picture = pictures::decode(bytes->text);
    if (!wish.picture) {
      return gateway_.refuse(iq, not_acceptable("A room's picture is a PNG, JPEG, GIF or WebP of at most " +
                                                std::to_string(pictures::most_bytes / 1024) + " KiB."));
    }
  }
  change_info(iq, std::move(wish));
}

void Muc::change_info(const Stanza& iq, SetRoomInfo wish, const Answers& own) {
  if (wish == SetRoomInfo{}) return save_own_settings(iq, own);
  const PersonId person{iq.from.bare().str()};
  Stanza asked = iq;
  asked.root.children.clear();  // an answer needs no more than the addresses
  const std::string token = gateway_.new_token();
  gateway_.questions().ask(token, [gateway = &gateway_, asked, person, room = room_.id(), key = wish.key,
                                   own](const Questions::Reply& reply) {
    if (const auto* failed = std::get_if<Failed>(&reply))
      return gateway->refuse(asked, refusal_of(failed->failure));
    Muc* muc = gateway->find_room(person, room);
    if (muc == nullptr) return gateway->reply(asked);
    if (key) muc->note_password(person, *key);
    muc->save_own_settings(asked, own);
  });
  gateway_.network().session_for(person, room_.id()).perform({room_.id(), token, std::move(wish)});
}

// It is needed to come in again.
void Muc::note_password(const PersonId& person, const std::string& password) {
  password_ = password;
  if (key_ != 0) gateway_.store().rooms().set_joined(key_, true, room_.nick(person), password_);
}

}  // namespace dragoman
