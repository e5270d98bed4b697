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
  // What matches.
  std::optional<std::chrono::sys_time<std::chrono::milliseconds>> start, end;
  std::optional<std::string> nick;
  std::vector<MessageId> ids;                    // if any: these alone
  std::optional<MessageId> after_id, before_id;  // the form's fields of XEP-0313 section 4.1.4

  // Which page of it: from its begin or behind `after`; its end where `before` is given or `from_end` is set.
  // With both `after` and `before`, which RSM leaves open, the page begins behind `after` (behind neither:
  // `from_end`).
  std::optional<MessageId> after, before;
  bool from_end = false;  // an empty <before/>: the last page
  std::size_t max = 50;   // 0: count alone
};

struct ArchivePage {
  std::vector<ArchiveLine> lines;  // oldest first
  bool complete = false;           // nothing more lies in the page's direction
  bool unknown_id = false;  // one of the ids in the query is not in the archive; nothing else is told then
  std::size_t count = 0;    // in all, whatever the page
  std::size_t first_index = 0;  // of the page's first line among those
};

class ArchiveTable {
 public:
  explicit ArchiveTable(Store::Impl& store);
  ~ArchiveTable();
  // An id for a message whose network gives it none: ordered by time, unique in this store.
  MessageId make_id();
  // False when the line was there already, or on trouble.
  bool append(RoomKey room, const MessageId& id, std::chrono::sys_time<std::chrono::milliseconds> time,
              std::string_view nick, std::string_view payload);
  // The same for what was said before we looked, by its time: it takes its place among the lines of then, not
  // of now, behind those that were said before it and came up to an hour late. Of one millisecond, in the
  // order of the calls. What is to come counts as now.
  bool append_past(RoomKey room, const MessageId& id, std::chrono::sys_time<std::chrono::milliseconds> time,
                   std::string_view nick, std::string_view payload);
  std::optional<ArchiveLine> get(RoomKey room, const MessageId& id);
  ArchivePage page(RoomKey room, const ArchiveQuery& query);
  // The newest lines, oldest first: for the history at a join.
  std::vector<ArchiveLine> recent(RoomKey room, std::size_t max,
                                  std::optional<std::chrono::sys_time<std::chrono::milliseconds>> since);
  // A place at the archive's end: what is written from now on lies behind it, but for what is put among the
  // lines of then.
  std::int64_t end();
  // The newest of those that lie behind that place or were said since then, oldest first.
  std::vector<ArchiveLine> missed(RoomKey room, std::int64_t behind,
                                  std::optional<std::chrono::sys_time<std::chrono::milliseconds>> since,
                                  std::size_t max);
  // Lines behind that of `id` whose payload holds `piece`, among the `most_looked_at` that follow it.
  std::vector<ArchiveLine> holding(RoomKey room, const MessageId& id, std::string_view piece,
                                   std::size_t most_looked_at);
  // For a tombstone: the line keeps its id, time and place. False where there is none.
  bool replace_payload(RoomKey room, const MessageId& id, std::string_view payload);
  // Forgets the oldest lines, whole from the front so that no gaps arise (XEP-0313 section 3.2). A line
  // counts by its time or by when it was written, whichever is earlier: a clock gone wrong elsewhere keeps
  // nothing for ever.
  std::size_t prune(std::chrono::sys_time<std::chrono::milliseconds> older_than, std::size_t at_most);
  bool erase(RoomKey room);

 private:
  struct Statements;
  Store::Impl& store_;
  std::unique_ptr<Statements> sql_;
};

}  // namespace dragoman
