#include "component/history.hpp"

#include <utility>

#include "component/gateway.hpp"

namespace dragoman {

namespace {

constexpr std::size_t a_round = 100;  // messages
constexpr int most_rounds = 10;
constexpr std::size_t most_askers = 200;
constexpr auto patience = std::chrono::seconds(10);     // of who asks
constexpr auto lost_after = std::chrono::seconds(120);  // an answer that does not come is not waited for

}  // namespace

void History::forget() {
  horizon_.reset();
  whole_ = false;
}

void History::ask(const PersonId& as, Enough enough, Done done) {
  if (askers_.size() >= most_askers) return done();
  askers_.push_back({as, std::move(enough), std::move(done), gateway_.now()});
  go_on();
}

// Networks may answer before a call returns, and who is done may ask again: one loop does it all.
void History::go_on() {
  if (std::exchange(going_, true)) return;
  do {
    dismiss([&](Asker& asker) { return whole_ || asker.rounds >= most_rounds || asker.enough(); });
    if (askers_.empty() || !token_.empty()) break;
    fetch();
  } while (token_.empty());
  going_ = false;
}

void History::fetch() {
  // The first question is how far it reaches by itself.
  FetchHistory more{horizon_ ? a_round : 0};
  token_ = gateway_.new_token();
  asked_ = gateway_.now();
  gateway_.network().session_for(askers_.front().as, room_).perform({room_, token_, more});
}

template <class Which>
void History::dismiss(const Which& which) {
  // Who is done may ask again, and what they do may close the room: nothing of it touches what is looked at.
  for (std::size_t i = 0; i < askers_.size();) {
    if (!which(askers_[i])) {
      ++i;
      continue;
    }
    const Done done = std::move(askers_[i].done);
    askers_.erase(askers_.begin() + static_cast<std::ptrdiff_t>(i));
    done();
  }
}

void History::on_told(const HistoryTold& told) {
  horizon_ = told.horizon;
  whole_ = told.complete;
  if (!token_.empty() && told.token == token_) {
    token_.clear();
    // A network that does not even know how far it reaches is not asked for ever.
    for (Asker& asker : askers_) ++asker.rounds;
  }
  go_on();
}

bool History::on_failed(const std::string& token) {
  if (token_.empty() || token != token_) return false;
  token_.clear();
  give_up();
  return true;
}

void History::tick(Time now) {
  if (!token_.empty() && now - asked_ >= lost_after) token_.clear();
  dismiss([&](const Asker& asker) { return now - asker.since >= patience; });
}

void History::give_up() {
  dismiss([](const Asker&) { return true; });
}

}  // namespace dragoman
