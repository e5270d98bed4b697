#include "bridges/matrix/recent.hpp"

#include <algorithm>
#include <functional>

#include "mapping/utf8.hpp"

namespace dragoman::matrix {

bool Recent::seen(std::string_view event_id) {
  if (!ids_) ids_ = std::make_unique<std::array<std::uint64_t, known>>();
  // Zero marks a place that is free.
  const std::uint64_t hash = std::hash<std::string_view>{}(event_id) | 1U;
  if (std::find(ids_->begin(), ids_->end(), hash) != ids_->end()) return true;
  (*ids_)[next_id_] = hash;
  next_id_ = (next_id_ + 1) % known;
  return false;
}

void Recent::put(std::string_view event_id, std::string_view author, std::string_view text) {
  if (messages_.size() >= kept) messages_.pop_front();
  messages_.push_back({std::string(event_id), Atom(author),
                       std::string(text.substr(0, prefix_within(text, beginning))), ++last_});
}

const Recent::Message* Recent::find(std::string_view event_id) const {
  // The newest first: it is mostly what people speak of.
  const auto found = std::find_if(messages_.rbegin(), messages_.rend(),
                                  [&](const Message& message) { return message.id == event_id; });
  return found == messages_.rend() ? nullptr : &*found;
}

void Recent::set_text(std::string_view event_id, std::string_view text) {
  const auto found = std::find_if(messages_.rbegin(), messages_.rend(),
                                  [&](const Message& message) { return message.id == event_id; });
  if (found != messages_.rend()) found->text = text.substr(0, prefix_within(text, beginning));
}

}  // namespace dragoman::matrix
