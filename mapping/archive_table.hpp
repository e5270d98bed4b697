// The archive: what was said in a room, in order, as each view saw it. A line's payload is opaque here.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/ids.hpp"
#include "mapping/rooms_table.hpp"
#include "mapping/store.hpp"

namespace dragoman {

struct ArchiveLine {
  MessageId id;
  std::chrono::sys_time<std::chrono::milliseconds> time{};
  std::string nick;
  std::string payload;
  bool operator==(const ArchiveLine&) const = default;
};

// XEP-0313 with XEP-0059, without their XML. Bounds on time are inclusive.
struct ArchiveQuery {
  std::optional<std::chrono::sys_time<std::chrono::milliseconds>> start, end;
  std::optional<std::string> nick;
  std::optional<MessageId> after, before;
  bool from_end = false;  // an empty <before/>: the last page
  std::size_t max = 50;
  std::vector<MessageId> ids;  // if any: exactly these
};

struct ArchivePage {
  std::vector<ArchiveLine> lines;  // oldest first
  bool complete = false;
  bool unknown_id = false;  // `after`, `before` or one of `ids` is not in the archive
  std::size_t count = 0;    // in all, matching the query without after/before
  std::size_t first_index = 0;
};

class ArchiveTable {
 public:
  explicit ArchiveTable(Store::Impl& store);
  ~ArchiveTable();
  // False when the line was there already, or on trouble.
  bool append(RoomKey room, const MessageId& id, std::chrono::sys_time<std::chrono::milliseconds> time,
              std::string_view nick, std::string_view payload);
  std::optional<ArchiveLine> get(RoomKey room, const MessageId& id);
  ArchivePage page(RoomKey room, const ArchiveQuery& query);
  // The newest lines, oldest first: for the history at a join.
  std::vector<ArchiveLine> recent(RoomKey room, std::size_t max,
                                  std::optional<std::chrono::sys_time<std::chrono::milliseconds>> since);
  bool replace_payload(RoomKey room, const MessageId& id, std::string_view payload);  // a retraction leaves a tombstone
  std::size_t prune(std::chrono::sys_time<std::chrono::milliseconds> older_than, std::size_t at_most);
  bool erase(RoomKey room);

 private:
  struct Statements;
  Store::Impl& store_;
  std::unique_ptr<Statements> sql_;
};

}  // namespace dragoman
