#include "bridges/matrix/logouts.hpp"

#include <chrono>
#include <utility>

#include <spdlog/spdlog.h>

#include "bridges/matrix/session.hpp"
#include "mapping/notes_table.hpp"
#include "mapping/settings_table.hpp"

namespace dragoman::matrix {
namespace {

using namespace std::chrono_literals;

constexpr const char* logout_note = "logout";  // the person, by an id
const std::string logout_scope = "logout ";    // with that id: the token
constexpr auto logout_patience = 20s;
constexpr auto longest_logout = 24h;

}  // namespace

ServerAddress homeserver_of(const Hub& hub, const std::string& kept) {
  return kept.empty() ? ServerAddress{hub.settings.matrix.homeserver.url, true} : ServerAddress{kept, false};
}

std::string kept_of(const ServerAddress& homeserver) {
  return homeserver.trusted ? std::string() : homeserver.url;
}

void Logouts::resume() {
  for (const auto& [id, person] : hub_.store.notes().all(hub_.network, logout_note))
    take_back(PersonId(person), id);
}

void Logouts::revoke(const PersonId& person, const ServerAddress& homeserver, const std::string& token) {
  const std::string id = hub_.new_id();
  const SettingMap values{{"access_token", {token, true}}, {"homeserver", {kept_of(homeserver), false}}};
  hub_.store.settings().save(hub_.network, person, logout_scope + id, values);
  hub_.store.notes().put(hub_.network, logout_note, id, person.value());
  hub_.store.durable();
  take_back(person, id);
}

void Logouts::take_back(const PersonId& person, const std::string& id) {
  SettingMap values = hub_.store.settings().load(hub_.network, person, logout_scope + id);
  const ServerAddress homeserver = homeserver_of(hub_, values["homeserver"].value);
  Api::Call call = Session::request("POST", "/_matrix/client/v3/logout", {});
  call.patience = Api::Patience::insist;
  call.timeout = logout_patience;
  call.still_wanted = [end = std::chrono::steady_clock::now() + longest_logout](const Refusal&) {
    return std::chrono::steady_clock::now() < end;
  };
  hub_.api.call({homeserver.url, values["access_token"].value, {}, !homeserver.trusted}, std::move(call),
                [weak = weak_from_this(), person, id](const Reply& reply) {
                  auto self = weak.lock();
                  if (!self) return;
                  if (const auto* refusal = std::get_if<Refusal>(&reply))
                    spdlog::info("{}: a logout was not confirmed: {}", self->hub_.network.value(),
                                 refusal->failure.text);
                  self->hub_.store.settings().erase(self->hub_.network, person, logout_scope + id);
                  self->hub_.store.notes().erase(self->hub_.network, logout_note, id);
                });
}

}  // namespace dragoman::matrix
