#include "bridges/matrix/room_view.hpp"

#include <algorithm>
#include <chrono>

#include "bridges/matrix/address.hpp"
#include "bridges/matrix/room_view_impl.hpp"
#include "bridges/net/http_client.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::matrix {

namespace {

// Clocks elsewhere go wrong, and a time is only what somebody claims.
Time time_of(const json::object& event, bool past) {
  const Time now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const std::optional<std::int64_t> told = number_at(event, "origin_server_ts");
  if (!told || *told <= 0 || *told > now.time_since_epoch().count()) return past ? now : Time{};
  return Time{std::chrono::milliseconds(*told)};
}

}  // namespace

RoomView::Impl::Impl(ViewContext& c, ViewOwner& o, std::string room)
    : context(c), owner(o), room_id(std::move(room)), reactions(c.store, c.network) {}

void RoomView::Impl::start() {
  const std::weak_ptr<Impl> weak = weak_from_this();
  avatars = std::make_unique<Avatars>(context.store, context.network, context.media,
                                      [weak](const std::string& mxc, const std::string& sha1) {
                                        if (const auto self = weak.lock()) self->on_avatar(mxc, sha1);
                                      });
  reader.nick_of = [this](std::string_view user) { return nick_of(user); };
  reader.link = [this](const MediaRef& file) { return context.media.link(file); };
  reader.most_bytes = [this] { return context.media.max_file_bytes(); };
}

void RoomView::Impl::tell(const Origin& origin, To to, const What& what) {
  if (!is_ready || closed) return;
  const auto tell_one = [&](const Ear& ear) {
    const bool in_room = std::holds_alternative<RoomId>(ear.in);
    if (ear.from == nullptr || (!in_room && to == To::rooms)) return;
    dragoman::Session* from = ear.from;
    Event event{ear.in, origin.sender, origin.id, origin.time, origin.past != nullptr, what};
    if (in_room && origin.voice != nullptr && origin.past == nullptr) {
      from = origin.voice;
    } else {
      event.sender.own = origin.voice != nullptr && origin.voice == ear.from;
    }
    context.sink.on_event(*from, std::move(event));
  };
  if (origin.past != nullptr) return tell_one(*origin.past);
  for (const Ear& ear : owner.ears(room_id)) {
    tell_one(ear);
    if (closed) return;
  }
}

void RoomView::Impl::tell_service(const std::string& text) {
  tell({}, To::all, Message{.text = text, .kind = MessageKind::notice});
}

Sender RoomView::Impl::sender_of(std::string_view user, bool own) {
  return {nick_of(user), UserId(std::string(user)), std::string(user), own};
}

RoomView::Impl::Origin RoomView::Impl::origin_of(const json::object& event, std::string_view sender,
                                                 const Ear* past) {
  Origin origin;
  origin.voice = owner.own_voice(sender);
  origin.sender = sender_of(sender, origin.voice != nullptr);
  origin.id = MessageId(std::string(text_at(event, "event_id")));
  origin.time = time_of(event, past != nullptr);
  origin.past = past;
  return origin;
}

std::string RoomView::Impl::path(std::string_view rest) const {
  return "/_matrix/client/v3/rooms/" + net::url_encoded(room_id) + std::string(rest);
}

std::string RoomView::Impl::nick_of(std::string_view user) {
  const std::string id(user);
  if (const std::string* known = nicks.of(id)) return *known;
  if (!is_user_id(user)) return {};
  // Of somebody who is not shown: told apart from all who are, and forgotten again.
  std::string name = nicks.put(id, people.name_of(user));
  nicks.erase(id);
  return name;
}

std::string_view RoomView::Impl::avatar_of(std::string_view user) const {
  const People::Person* person = people.find(user);
  return person == nullptr ? std::string_view{} : person->avatar.view();
}

RoomView::RoomView(ViewContext& context, ViewOwner& owner, std::string room_id)
    : impl_(std::make_shared<Impl>(context, owner, std::move(room_id))) {
  impl_->start();
}
RoomView::~RoomView() { impl_->closed = true; }

const std::string& RoomView::room_id() const { return impl_->room_id; }
bool RoomView::ready() const { return impl_->is_ready; }
void RoomView::load(std::function<void(std::optional<Failure>)> done) { impl_->load(std::move(done)); }
void RoomView::load_from(const json::array& state_events, const json::object* summary) {
  impl_->load_from(state_events, summary);
}
void RoomView::on_timeline(const json::object& event) {
  const std::shared_ptr<Impl> keep = impl_;
  keep->handle(event);
}
void RoomView::on_typing(const json::array& user_ids) { impl_->on_typing(user_ids); }
void RoomView::on_receipts(const json::object& content) { impl_->on_receipts(content); }
void RoomView::enter(const ViewOwner::Ear& ear, const std::string& user_id) { impl_->enter(ear, user_id); }

void RoomView::note_listed(bool listed) {
  const std::shared_ptr<Impl> keep = impl_;
  keep->state.listed = listed;
  if (keep->is_ready) keep->tell_info();
}

std::vector<Member> RoomView::members() const {
  std::vector<Member> all;
  all.reserve(impl_->shown.size());
  for (const auto& [user, shown] : impl_->shown) all.push_back(impl_->member_of(user, shown));
  return all;
}

std::string RoomView::nick_of(std::string_view user_id) const {
  const bool known =
      impl_->nicks.of(std::string(user_id)) != nullptr || impl_->people.find(user_id) != nullptr;
  return known ? impl_->nick_of(user_id) : std::string();
}

std::optional<std::string> RoomView::user_of(std::string_view nick) const {
  if (std::optional<std::string> shown = impl_->nicks.user(nick)) return shown;
  if (impl_->people.find(nick) != nullptr) return std::string(nick);
  return std::nullopt;
}

const PowerLevels& RoomView::power() const { return impl_->state.power_levels; }
void RoomView::tell_service(const std::string& text) { impl_->tell_service(text); }
bool RoomView::encrypted() const { return impl_->state.encrypted; }
bool RoomView::anybody_may_join() const { return impl_->state.anybody_may_join(); }

std::string RoomView::membership_of(std::string_view user_id) const {
  if (impl_->people.find(user_id) != nullptr) return "join";
  const auto absent = impl_->absent.find(std::string(user_id));
  return absent == impl_->absent.end() ? std::string() : absent->second;
}

std::string RoomView::name() const { return impl_->name(); }
std::size_t RoomView::headcount() const { return impl_->headcount(); }

std::string RoomView::avatar_of(std::string_view user_id) const {
  if (user_id.empty()) return impl_->state.avatar;
  return std::string(impl_->avatar_of(user_id));
}

Features RoomView::features(std::string_view user_id) const {
  const PowerLevels& power = impl_->state.power_levels;
  Features features;
  features.edits = features.replies = features.reactions = features.retractions = true;
  features.moderation = power.of(user_id) >= power.redact();
  features.typing = features.read_marks = features.threads = features.files = true;
  features.formatting = features.mentions = features.multiline = features.actions = true;
  features.own_voice = features.stable_ids = features.history = true;
  features.can_set = settable;
  features.profiles = features.presence = features.directory = true;
  features.max_bytes = max_wire_size;
  features.wire_size = &wire_size;
  return features;
}

std::vector<std::pair<std::string, std::string>> RoomView::reactions_of(const std::string& user_id,
                                                                        const std::string& target) const {
  return impl_->reactions.of(user_id, target);
}
void RoomView::note_reaction(const std::string& user_id, const std::string& target, const std::string& key,
                             const std::string& event_id) {
  impl_->reactions.note(user_id, target, key, event_id);
}
void RoomView::forget_reaction(const std::string& event_id) { impl_->reactions.forget(event_id); }

}  // namespace dragoman::matrix
