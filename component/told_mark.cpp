#include "component/told_mark.hpp"

#include <charconv>
#include <string_view>
#include <utility>

#include "mapping/archive_table.hpp"
#include "mapping/notes_table.hpp"

namespace dragoman {

namespace {

constexpr std::string_view kind = "told";

std::optional<std::int64_t> read(Store& store, const NetworkId& network, const std::string& key) {
  const std::optional<std::string> text = store.notes().get(network, kind, key);
  if (!text) return std::nullopt;
  std::int64_t place = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), place);
  if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return place;
}

}  // namespace

ToldMark::ToldMark(Store& store, NetworkId network) : store_(store), network_(std::move(network)) {
  if (const auto kept = read(store_, network_, {})) {
    place_ = *kept;
  } else {
    place_ = store_.archive().end();
    store_.notes().put(network_, kind, {}, std::to_string(place_));
  }
}

void ToldMark::told(std::uint64_t position) {
  if (paused_) return;
  // Whatever comes until the first has left goes into one mark, so that under load it moves on nevertheless.
  (leaving_ ? next_ : leaving_) = Mark{position, store_.archive().end()};
}

void ToldMark::written(std::uint64_t position) {
  if (!leaving_ || leaving_->position > position) return;
  place_ = leaving_->place;
  leaving_ = std::exchange(next_, std::nullopt);
  if (leaving_ && leaving_->position <= position) place_ = std::exchange(leaving_, std::nullopt)->place;
  store_.notes().put(network_, kind, {}, std::to_string(place_));
}

void ToldMark::pause() {
  paused_ = true;
  leaving_.reset();
  next_.reset();
}

void ToldMark::go_on(std::uint64_t position) {
  if (std::exchange(paused_, false)) told(position);
}

std::int64_t ToldMark::place_of(RoomKey room) {
  return read(store_, network_, std::to_string(room)).value_or(place_);
}

void ToldMark::fall_behind(RoomKey room, std::int64_t place) {
  store_.notes().put(network_, kind, std::to_string(room), std::to_string(place));
}

void ToldMark::catch_up(RoomKey room) { store_.notes().erase(network_, kind, std::to_string(room)); }

}  // namespace dragoman
