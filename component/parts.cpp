// One message of a network as the stanzas that XMPP clients can show.
#include <charconv>
#include <utility>

#include "component/content.hpp"

namespace dragoman {

namespace {

constexpr char separator = '#';
constexpr std::size_t most_parts = 99;

std::vector<Message> parts_of(const Message& message) {
  std::vector<Message> parts;
  for (const Attachment& file : message.attachments) {
    if (parts.size() == most_parts) break;
    parts.emplace_back().attachments = {file};
  }
  if (!message.text.empty()) {
    Message text = message;
    text.attachments.clear();
    text.quote.reset();
    parts.push_back(std::move(text));
  }
  if (!parts.empty()) parts.front().quote = message.quote;
  for (Message& part : parts) part.thread = message.thread;
  return parts;
}

bool is_one(const Message& message) {
  return message.attachments.empty() || (message.attachments.size() == 1 && message.text.empty());
}

}  // namespace

MessageId* target_of(Content& content) {
  struct Find {
    MessageId* operator()(Message& m) const { return m.quote ? &m.quote->message : nullptr; }
    MessageId* operator()(Edit& e) const { return &e.target; }
    MessageId* operator()(Retraction& r) const { return &r.target; }
    MessageId* operator()(Reactions& r) const { return &r.target; }
    MessageId* operator()(ReadMark& r) const { return &r.up_to; }
    MessageId* operator()(Typing&) const { return nullptr; }
    MessageId* operator()(Subject&) const { return nullptr; }
  };
  return std::visit(Find{}, content);
}

std::vector<Content> for_xmpp(const Content& content) {
  std::vector<Content> out;
  if (const auto* message = std::get_if<Message>(&content); message != nullptr && !is_one(*message)) {
    for (Message& part : parts_of(*message)) out.emplace_back(std::move(part));
  } else if (const auto* edit = std::get_if<Edit>(&content); edit != nullptr && !is_one(edit->message)) {
    for (Message& part : parts_of(edit->message))
      out.emplace_back(Edit{part_id(edit->target, out.size()), std::move(part)});
  } else {
    out.push_back(content);
  }
  return out;
}

MessageId part_id(const MessageId& id, std::size_t part) {
  return part == 0 ? id : MessageId(id.value() + separator + std::to_string(part));
}

MessageId whole_id(const MessageId& id) {
  const std::string& value = id.value();
  const std::size_t at = value.rfind(separator);
  if (at == std::string::npos || at == 0 || value[at + 1] == '0') return id;
  std::size_t part = 0;
  const char* const end = value.data() + value.size();
  const auto [stop, failed] = std::from_chars(value.data() + at + 1, end, part);
  return failed == std::errc() && stop == end && part <= most_parts ? MessageId(value.substr(0, at)) : id;
}

}  // namespace dragoman
