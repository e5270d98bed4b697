#include "bridges/email/token_keeper.hpp"

#include <algorithm>
#include <utility>

#include <sodium.h>

namespace dragoman::email {
namespace {

using namespace std::chrono_literals;

constexpr auto before_its_end = 5min;     // of the token's end
constexpr auto usual_token_life = 60min;  // where nothing is said of it
constexpr auto between_tokens = 30s;      // between two tokens
constexpr auto young_token = 2min;        // a token that is refused so soon is not refused for its age
constexpr auto store_is_back = 1min;

}  // namespace

bool TokenKeeper::begin(const PersonId& person, const Account& account) {
  kept_.erase(person);
  if (!account.renewal.given()) return true;
  Kept& kept = kept_.try_emplace(person, hub_.loop).first->second;
  const bool is_good = !account.token.empty() &&
                       (account.token_ends == Time{} || account.token_ends > hub_.now() + between_tokens);
  if (is_good) {
    wait(kept, person, account);
  } else {
    ask(person);
  }
  return is_good;
}

void TokenKeeper::wait(Kept& kept, const PersonId& person, const Account& account) {
  const auto left = account.token_ends == Time{} ? std::chrono::milliseconds(usual_token_life)
                                                 : account.token_ends - hub_.now();
  const auto margin = std::min(std::chrono::milliseconds(before_its_end), left / 4);
  kept.timer.after(std::max(left - margin, std::chrono::milliseconds(between_tokens)),
                   [this, person] { ask(person); });
}

bool TokenKeeper::refused(const PersonId& person) {
  const auto found = kept_.find(person);
  if (found == kept_.end() || found->second.over) return false;
  if (found->second.refresh) return true;
  if (hub_.now() - found->second.since < young_token) return false;
  ask(person);
  return true;
}

void TokenKeeper::ask(const PersonId& person) {
  const auto account = hub_.accounts.load(person);
  if (!account) return;
  Kept& kept = kept_.at(person);
  kept.timer.cancel();
  const std::string host = endpoint_host(account->renewal.url).value_or(std::string());
  kept.refresh = std::make_unique<TokenRefresh>(
      hub_.loop, account->renewal, hub_.is_public_only(host), hub_.email().accounts.ca_file,
      [this, person](const TokenResult& result) { on_result(person, result); });
}

void TokenKeeper::on_result(const PersonId& person, const TokenResult& result) {
  Kept& kept = kept_.at(person);
  const auto refresh = std::exchange(kept.refresh, nullptr);
  auto account = hub_.accounts.load(person);
  if (!account) return;
  if (const auto* trouble = std::get_if<TokenTrouble>(&result)) {
    kept.over = trouble->refused;
    if (!kept.over) kept.timer.after(kept.retry.next(randombytes_random()), [this, person] { ask(person); });
    return callbacks_.trouble(person, *trouble);
  }
  kept.retry.reset();
  kept.since = hub_.now();
  use(*account, std::get<FreshToken>(result), kept.since);
  if (!hub_.accounts.save(person, *account)) {
    kept.timer.after(store_is_back, [this, person] { ask(person); });
    return;
  }
  wait(kept, person, *account);
  callbacks_.fresh(person, *account);
}

}  // namespace dragoman::email
