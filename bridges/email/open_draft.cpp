#include "bridges/email/open_draft.hpp"

#include <algorithm>

#include "bridges/json.hpp"
#include "bridges/saved.hpp"

namespace dragoman::email {

bool OpenDraft::takes(const Message& message, std::size_t most_lines, std::size_t most_bytes) const {
  if (being_made || lines.size() >= most_lines) return false;
  const auto& opening = std::get<Message>(lines.front().command.what);
  std::size_t bytes = message.text.plain.size();
  for (const DraftLine& line : lines) bytes += std::get<Message>(line.command.what).text.plain.size();
  if (bytes > most_bytes || message.thread != opening.thread) return false;
  if (!message.subject.empty() && message.subject != opening.subject) return false;
  const bool answers = message.quote && !message.quote->message.empty();
  return !answers || (opening.quote && opening.quote->message == message.quote->message);
}

DraftLine* OpenDraft::find(const MessageId& id) {
  auto found = std::find_if(lines.begin(), lines.end(), [&](const DraftLine& line) {
    return line.id == id || (!line.command.name.empty() && line.command.name == id);
  });
  return found == lines.end() ? nullptr : &*found;
}

std::string packed_draft(const OpenDraft& draft) {
  json::array lines;
  for (const DraftLine& line : draft.lines)
    lines.push_back(
        json::object{{"said", packed(Saved{draft.person, {}, line.command})}, {"id", line.id.value()}});
  return json::serialize(json::object{{"lines", std::move(lines)}});
}

std::optional<OpenDraft> unpacked_draft(const std::string& base, std::string_view text) {
  const auto value = parse_json(text);
  const json::array* lines = value && value->is_object() ? array_at(value->get_object(), "lines") : nullptr;
  if (lines == nullptr) return std::nullopt;
  OpenDraft draft;
  draft.base = base;
  for (const json::value& entry : *lines) {
    const json::object& line = object_of(entry);
    auto saved = unpacked(text_at(line, "said"));
    if (!saved || !std::holds_alternative<Message>(saved->command.what)) return std::nullopt;
    draft.person = saved->person;
    draft.in = saved->command.in;
    draft.lines.push_back({std::move(saved->command), MessageId{std::string(text_at(line, "id"))}});
  }
  if (draft.lines.empty()) return std::nullopt;
  return draft;
}

}  // namespace dragoman::email
