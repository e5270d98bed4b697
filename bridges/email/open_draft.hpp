// What somebody has said and is not yet mail: its lines, and how it is kept.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridges/event.hpp"

namespace dragoman::email {

struct DraftLine {
  Command command;  // a Message
  MessageId id;
};

// Lines that are to be one mail.
struct OpenDraft {
  std::string base;  // the mail's id, and its first line's
  PersonId person;
  Conversation in;
  std::vector<DraftLine> lines;
  std::size_t next = 0;  // number of the next line
  Time first{}, due{};
  bool being_made = false;

  // Whether a message belongs into the same mail: it answers nothing else, and is of the same thread and
  // subject.
  bool takes(const Message& message, std::size_t most_lines, std::size_t most_bytes) const;
  DraftLine* find(const MessageId& id);  // by its id, or its sender's name for it
};

// As it lies in the store, over restarts; not its times.
std::string packed_draft(const OpenDraft& draft);
std::optional<OpenDraft> unpacked_draft(const std::string& base, std::string_view text);

}  // namespace dragoman::email
