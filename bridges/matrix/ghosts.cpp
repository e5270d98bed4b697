#include "bridges/matrix/ghosts.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <spdlog/spdlog.h>

#include "bridges/matrix/address.hpp"
#include "bridges/net/timer.hpp"
#include "mapping/digest.hpp"
#include "mapping/notes_table.hpp"

namespace dragoman::matrix {
namespace {

constexpr const char* ghost_kind = "ghost";
constexpr std::chrono::seconds longest_ghost_obedience{30};  // to a rate limit, where nobody insists
constexpr const char* picture_key = "a picture of a ghost";  // a digest's key: of no secret

// What is known of a ghost that exists, kept in the notes.
struct Known {
  std::string name, avatar, picture;  // the picture's mxc, and the digest of its bytes
  bool named = false;                 // by its person

  std::string packed() const {
    return json::serialize(
        json::object{{"name", name}, {"avatar", avatar}, {"picture", picture}, {"named", named}});
  }
  static Known unpacked(std::string_view text) {
    const auto value = parse_json(text);
    if (!value || !value->is_object()) return {};
    const json::object& in = value->get_object();
    return {std::string(text_at(in, "name")), std::string(text_at(in, "avatar")),
            std::string(text_at(in, "picture")), true_at(in, "named")};
  }
};

std::string address_name(const PersonId& person) {
  return person.value().substr(0, person.value().find('@'));
}

}  // namespace

struct Ghosts::Impl : std::enable_shared_from_this<Impl> {
  explicit Impl(Hub& h) : hub(h) {}

  std::optional<Known> known(const std::string& user_id) const {
    auto note = hub.store.notes().get(hub.network, ghost_kind, user_id);
    if (!note) return std::nullopt;
    return Known::unpacked(*note);
  }
  void keep(const std::string& user_id, const Known& what) {
    hub.store.notes().put(hub.network, ghost_kind, user_id, what.packed());
  }

  struct Waiting {
    Done done;
    bool insist;
    std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();
  };

  void make(const std::string& user_id, const std::string& name, Done done, bool insist) {
    const bool begun = making.contains(user_id);
    making[user_id].push_back({std::move(done), insist});
    if (begun) return;
    Api::Call call;
    call.method = "POST";
    call.path = "/_matrix/client/v3/register";
    call.query = "kind=user";
    call.body = json::object{{"type", "m.login.application_service"},
                             {"username", std::string(localpart_of(user_id))},
                             {"inhibit_login", true}};
    call.patience = Api::Patience::insist;
    call.still_wanted = [weak = weak_from_this(), user_id](const Refusal& so_far) {
      auto self = weak.lock();
      return self && self->is_wanted(user_id, so_far);
    };
    // The token alone: nobody can be spoken for who is not there yet.
    Voice as = hub.own_voice();
    as.user_id.clear();
    hub.api.call(as, std::move(call), [weak = weak_from_this(), user_id, name](const Reply& reply) {
      auto self = weak.lock();
      if (!self) return;
      const auto* refusal = std::get_if<Refusal>(&reply);
      if (refusal != nullptr && refusal->errcode != "M_USER_IN_USE") {
        spdlog::warn("matrix: {}: {} could not be registered: {}", self->hub.network.value(), user_id,
                     refusal->failure.text);
        return self->made(user_id, refusal->failure);
      }
      self->name_it(user_id, name);
    });
  }

  // Who does not wait any longer is told why.
  bool is_wanted(const std::string& user_id, const Refusal& so_far) {
    auto& waiting = making[user_id];
    const auto begun = std::chrono::steady_clock::now() - longest_ghost_obedience;
    std::erase_if(waiting, [&](Waiting& one) {
      if (one.insist || (so_far.status == 429 && one.since > begun)) return false;
      net::post(hub.loop, [done = std::move(one.done), failure = so_far.failure] { done(failure); });
      return true;
    });
    return !waiting.empty();
  }

  void name_it(const std::string& user_id, const std::string& name) {
    put_profile(user_id, "displayname", name, [this, user_id, name](const std::optional<Failure>& failure) {
      Known what;
      if (!failure) what.name = name;
      keep(user_id, what);
      made(user_id, {});
    });
  }

  void made(const std::string& user_id, const std::optional<Failure>& failure) {
    auto waiting = making.extract(user_id);
    if (waiting.empty()) return;
    for (Waiting& one : waiting.mapped()) one.done(failure);
  }

  // `done` is called while the Impl lives.
  void put_profile(const std::string& user_id, const char* field, const std::string& value, Done done) {
    Api::Call call;
    call.method = "PUT";
    call.path = "/_matrix/client/v3/profile/" + net::url_encoded(user_id) + "/" + field;
    call.body = json::object{{field, value}};
    hub.api.call(hub.voice_of(user_id), std::move(call),
                 [weak = weak_from_this(), done = std::move(done)](const Reply& reply) {
                   if (weak.expired()) return;
                   const auto* refusal = std::get_if<Refusal>(&reply);
                   done(refusal != nullptr ? std::optional(refusal->failure) : std::nullopt);
                 });
  }

  void set_picture(const std::string& user_id, const Picture& picture, const Done& done) {
    const std::string digest = keyed_digest(picture_key, picture.bytes);
    const Known before = known(user_id).value_or(Known{});
    if (before.picture == digest) return done({});
    auto set = [this, user_id, digest, done](const std::string& mxc) {
      put_profile(user_id, "avatar_url", mxc, [this, user_id, digest, mxc, done](const auto& failure) {
        if (!failure) {
          Known now = known(user_id).value_or(Known{});
          now.picture = digest;
          now.avatar = mxc;
          keep(user_id, now);
        }
        done(failure);
      });
    };
    if (picture.bytes.empty()) return set({});
    hub.media.upload(hub.voice_of(user_id), picture,
                     [weak = weak_from_this(), set, done](const std::variant<Uploaded, Failure>& result) {
                       if (weak.expired()) return;
                       if (const auto* failure = std::get_if<Failure>(&result)) return done(*failure);
                       set(std::get<Uploaded>(result).mxc);
                     });
  }

  Hub& hub;
  std::unordered_map<std::string, std::vector<Waiting>> making;  // by user id
};

Ghosts::Ghosts(Hub& hub) : impl_(std::make_shared<Impl>(hub)) {}
Ghosts::~Ghosts() = default;

std::optional<std::string> Ghosts::id_of(const PersonId& person) const {
  const auto localpart =
      ghost_localpart(impl_->hub.settings.matrix.ghost_prefix, person, impl_->hub.server_name());
  if (!localpart) return std::nullopt;
  return "@" + *localpart + ":" + impl_->hub.server_name();
}

std::optional<PersonId> Ghosts::person_of(std::string_view user_id) const {
  if (server_of(user_id) != impl_->hub.server_name()) return std::nullopt;
  return ghost_person(impl_->hub.settings.matrix.ghost_prefix, localpart_of(user_id));
}

bool Ghosts::is_ours(std::string_view user_id) const {
  if (server_of(user_id) != impl_->hub.server_name()) return false;
  const std::string_view localpart = localpart_of(user_id);
  return localpart == impl_->hub.settings.matrix.appservice.sender_localpart ||
         localpart.starts_with(impl_->hub.settings.matrix.ghost_prefix);
}

void Ghosts::ensure(const PersonId& person, const std::string& name, Done done, bool insist) {
  const auto id = id_of(person);
  if (!id) return done(Failure{Reason::invalid, "Your address is too long for a user of Matrix."});
  if (impl_->known(*id)) return done({});
  impl_->make(*id, name.empty() ? address_name(person) : name, std::move(done), insist);
}

void Ghosts::ensure_own(Done done) {
  const std::string id = impl_->hub.own_voice().user_id;
  if (impl_->known(id)) return done({});
  impl_->make(id, "XMPP", std::move(done), false);
}

void Ghosts::set_profile(const PersonId& person, const SetProfile& profile, const Done& done) {
  const auto id = id_of(person);
  if (!id) return done({});
  auto picture = [impl = impl_.get(), id = *id, picture = profile.picture,
                  done](const std::optional<Failure>& failure) {
    if (failure || !picture) return done(failure);
    impl->set_picture(id, *picture, done);
  };
  Known now = impl_->known(*id).value_or(Known{});
  if (profile.name.empty() || (now.named && now.name == profile.name)) return picture({});
  impl_->put_profile(*id, "displayname", profile.name,
                     [impl = impl_.get(), id = *id, name = profile.name, picture](const auto& failure) {
                       if (!failure) {
                         Known what = impl->known(id).value_or(Known{});
                         what.name = name;
                         what.named = true;
                         impl->keep(id, what);
                       }
                       picture(failure);
                     });
}

std::string Ghosts::name_of(const PersonId& person) const {
  const auto id = id_of(person);
  const auto what = id ? impl_->known(*id) : std::nullopt;
  return what ? what->name : std::string();
}

std::string Ghosts::avatar_of(const PersonId& person) const {
  const auto id = id_of(person);
  const auto what = id ? impl_->known(*id) : std::nullopt;
  return what ? what->avatar : std::string();
}

}  // namespace dragoman::matrix
