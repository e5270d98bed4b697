#include "bridges/matrix/polls.hpp"

#include <array>

namespace dragoman::matrix {
namespace {

constexpr std::size_t kMaxAnswers = 20;  // MSC3381

std::string text_of(const json::array& representations) {
  const json::object* best = nullptr;
  for (const json::value& one : representations) {
    const json::object* representation = one.if_object();
    if (!representation || text_at(*representation, "body").empty()) continue;
    const std::string_view type = text_at(*representation, "mimetype");
    if (type.empty() || type == "text/plain") return std::string(text_at(*representation, "body"));
    if (!best) best = representation;
  }
  return best ? std::string(text_at(*best, "body")) : std::string();
}

template <std::size_t N>
const json::object* first_object(const json::object& in, const std::array<std::string_view, N>& keys) {
  for (const std::string_view key : keys) {
    if (const json::object* found = object_at(in, key)) return found;
  }
  return nullptr;
}

}  // namespace

std::string extensible_text(const json::object& in) {
  for (const std::string_view key : {"m.text", "org.matrix.msc1767.text", "body"}) {
    if (const std::string_view text = text_at(in, key); !text.empty()) return std::string(text);
    const json::array* representations = array_at(in, key);
    if (!representations) continue;
    if (std::string text = text_of(*representations); !text.empty()) return text;
  }
  const json::array* message = array_at(in, "org.matrix.msc1767.message");
  return message ? text_of(*message) : std::string();
}

bool is_poll_start(std::string_view type) {
  return type == "m.poll.start" || type == "org.matrix.msc3381.poll.start";
}
bool is_poll_end(std::string_view type) {
  return type == "m.poll.end" || type == "org.matrix.msc3381.poll.end";
}
bool is_poll_response(std::string_view type) {
  return type == "m.poll.response" || type == "org.matrix.msc3381.poll.response";
}

std::string poll_text(const json::object& content) {
  const json::object* poll = first_object(
      content, std::array<std::string_view, 3>{"m.poll", "m.poll.start", "org.matrix.msc3381.poll.start"});
  const json::object* question = poll ? object_at(*poll, "question") : nullptr;
  const json::array* answers = poll ? array_at(*poll, "answers") : nullptr;
  if (!question || !answers) return {};
  std::string text = "Poll: " + extensible_text(*question);
  std::size_t number = 0;
  for (const json::value& one : *answers) {
    const json::object* answer = one.if_object();
    if (!answer) continue;
    if (++number > kMaxAnswers) break;
    text += '\n';
    text += std::to_string(number);
    text += ". ";
    text += extensible_text(*answer);
  }
  return text;
}

}  // namespace dragoman::matrix
