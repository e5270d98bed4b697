#include "mapping/archive_table.hpp"

#include <algorithm>
#include <limits>

#include "mapping/statement.hpp"
#include "mapping/store_impl.hpp"

namespace dragoman {
namespace {

using Time = std::chrono::sys_time<std::chrono::milliseconds>;

constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();

std::int64_t to_number(Time time) { return time.time_since_epoch().count(); }

std::int64_t to_limit(std::size_t max) {
  return static_cast<std::int64_t>(std::min<std::size_t>(max, std::numeric_limits<std::int32_t>::max()));
}

struct Placed {
  std::int64_t seq = 0;
  ArchiveLine line;
};

// An id of our own making is its line's seq in hexadecimal.
constexpr std::size_t own_id_length = 14;

MessageId to_id(std::int64_t seq) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string id(own_id_length, '0');
  for (std::size_t i = own_id_length; i-- > 0; seq >>= 4) id[i] = digits[seq & 15];
  return MessageId(std::move(id));
}

// Nothing where the id is not of that form.
std::optional<std::int64_t> to_seq(const std::string& id) {
  if (id.size() != own_id_length) return std::nullopt;
  std::int64_t seq = 0;
  for (const char c : id) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit && (c < 'a' || c > 'f')) return std::nullopt;
    seq = seq << 4 | (digit ? c - '0' : c - 'a' + 10);
  }
  return seq;
}

Placed to_placed(const Statement::Row& row) {
  return {row.number(0),
          {row.is_null(1) ? to_id(row.number(0)) : MessageId(row.text(1)),
           Time(std::chrono::milliseconds(row.number(2))), row.text(3), row.text(4)}};
}

// Everything that narrows a query, with its ids looked up. Bounds on `seq` are exclusive.
struct Range {
  std::int64_t after = lowest, before = highest;
  std::int64_t start = lowest, end = highest;
};

}  // namespace

struct ArchiveTable::Statements {
  explicit Statements(Store::Impl& store)
      : last(store, "SELECT max(seq) FROM archive"),
        append(store,
               "INSERT OR IGNORE INTO archive(seq, room, id, time, nick, payload) VALUES(?,?,?,?,?,?)"),
        get_own(store,
                "SELECT seq, id, time, nick, payload FROM archive WHERE seq=? AND room=? AND id IS NULL"),
        get_named(store, "SELECT seq, id, time, nick, payload FROM archive WHERE id=? AND room=?"),
        count(store,
              "SELECT count(*) FROM archive INDEXED BY archive_order "
              "WHERE room=? AND seq>? AND seq<? AND time>=? AND time<=?"),
        count_nick(store,
                   "SELECT count(*) FROM archive INDEXED BY archive_order "
                   "WHERE room=? AND seq>? AND seq<? AND time>=? AND time<=? AND nick=?"),
        forward(store,
                "SELECT seq, id, time, nick, payload FROM archive INDEXED BY archive_order WHERE room=?1 AND "
                "seq>?2 "
                "AND seq<?3 AND time>=?4 AND time<=?5 AND (?6 IS NULL OR nick=?6) ORDER BY seq LIMIT ?7"),
        backward(
            store,
            "SELECT seq, id, time, nick, payload FROM archive INDEXED BY archive_order WHERE room=?1 AND "
            "seq>?2 "
            "AND seq<?3 AND time>=?4 AND time<=?5 AND (?6 IS NULL OR nick=?6) ORDER BY seq DESC LIMIT ?7"),
        late(store,
             "SELECT max(seq) FROM archive INDEXED BY archive_order WHERE room=? AND seq>=? AND seq<? AND "
             "time>=? AND time<=?"),
        missed(store,
               "SELECT seq, id, time, nick, payload FROM archive INDEXED BY archive_order WHERE room=? AND "
               "(seq>? OR time>=?) ORDER BY seq DESC LIMIT ?"),
        past_place(store, "SELECT max(seq) FROM archive WHERE seq>=? AND seq<?"),
        holding(store,
                "SELECT seq, id, time, nick, payload FROM (SELECT * FROM archive INDEXED BY archive_order "
                "WHERE room=? AND seq>? ORDER BY seq LIMIT ?) WHERE instr(payload, ?)>0 ORDER BY seq"),
        replace(store, "UPDATE archive SET payload=?2 WHERE seq=?1"),
        first_kept(store, "SELECT seq FROM archive WHERE seq>=? AND time>=? ORDER BY seq LIMIT 1"),
        prune(store,
              "DELETE FROM archive WHERE seq IN (SELECT seq FROM archive WHERE seq<? ORDER BY seq LIMIT ?)"),
        erase(store, "DELETE FROM archive WHERE room=?") {
    last.read([&](const Statement::Row& row) { last_seq = row.number(0); });
  }

  // The line of that id; nothing where there is none. `read_all` says whether that is sure.
  std::optional<Placed> get(RoomKey room, const MessageId& id) {
    std::optional<Placed> line;
    const auto take = [&](const Statement::Row& row) { line = to_placed(row); };
    if (const auto seq = to_seq(id.value())) read_all = get_own.read(take, *seq, room);
    if (!line) read_all = get_named.read(take, id.value(), room);
    return line;
  }

  std::optional<std::int64_t> place_of(RoomKey room, const MessageId& id) {
    const auto line = get(room, id);
    if (!line) return std::nullopt;
    return line->seq;
  }

  // False where the id is given and unknown.
  bool narrow(RoomKey room, const std::optional<MessageId>& after_id,
              const std::optional<MessageId>& before_id, Range& range) {
    if (after_id) {
      const auto seq = place_of(room, *after_id);
      if (!seq) return false;
      range.after = std::max(range.after, *seq);
    }
    if (before_id) {
      const auto seq = place_of(room, *before_id);
      if (!seq) return false;
      range.before = std::min(range.before, *seq);
    }
    return true;
  }

  std::size_t count_in(RoomKey room, const Range& range, const std::optional<std::string>& nick) {
    std::size_t counted = 0;
    const auto take = [&](const Statement::Row& row) { counted = static_cast<std::size_t>(row.number(0)); };
    if (nick) {
      count_nick.read(take, room, range.after, range.before, range.start, range.end, *nick);
    } else {
      count.read(take, room, range.after, range.before, range.start, range.end);
    }
    return counted;
  }

  // At most `max` lines of the range, from its end or its begin; oldest first.
  std::vector<Placed> lines_in(RoomKey room, const Range& range, const std::optional<std::string>& nick,
                               bool from_end, std::size_t max) {
    std::vector<Placed> lines;
    const auto take = [&](const Statement::Row& row) { lines.push_back(to_placed(row)); };
    Statement& statement = from_end ? backward : forward;
    read_all =
        statement.read(take, room, range.after, range.before, range.start, range.end, nick, to_limit(max));
    if (from_end) std::reverse(lines.begin(), lines.end());
    return lines;
  }

  Statement last, append, get_own, get_named, count, count_nick, forward, backward, late, missed, past_place,
      holding, replace, first_kept, prune, erase;
  std::int64_t last_seq = 0;
  bool read_all = true;  // the last lines_in() met no trouble
};

ArchiveTable::ArchiveTable(Store::Impl& store) : store_(store), sql_(std::make_unique<Statements>(store)) {}
ArchiveTable::~ArchiveTable() = default;

bool ArchiveTable::append(RoomKey room, const MessageId& id, Time time, std::string_view nick,
                          std::string_view payload) {
  // One of our own is at its own place. A foreign one may look like it: then it is not of the past, or that
  // place is taken and the line is refused, which only hurts its maker.
  if (const auto own = to_seq(id.value()); own && *own <= sql_->last_seq) {
    return sql_->append.change(*own, room, std::nullopt, to_number(time), nick, payload).value_or(0) > 0;
  }
  const auto seq = Store::Impl::next_seq(sql_->last_seq);
  return sql_->append.change(seq, room, id.value(), to_number(time), nick, payload).value_or(0) > 0;
}

bool ArchiveTable::append_past(RoomKey room, const MessageId& id, Time time, std::string_view nick,
                               std::string_view payload) {
  constexpr std::int64_t places = 1024, first_of_past = places / 2;  // of one millisecond
  constexpr std::chrono::milliseconds late = std::chrono::hours(1);
  std::int64_t begin = Store::Impl::seq_at(std::max(time, Time{})), behind = begin;
  // What was said before it may have come after its time, and then lies there.
  const bool looked = sql_->late.read(
      [&](const Statement::Row& row) {
        if (!row.is_null(0)) behind = row.number(0) + 1;
      },
      room, begin, begin + places * late.count(), to_number(time - late), to_number(time));
  if (!looked) return false;
  begin += (behind - begin) / places * places;
  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const std::int64_t end = std::max(sql_->last_seq, Store::Impl::seq_at(now));
  // The first half of a millisecond's places is for what was written then, and for ids that were given out
  // and not used yet.
  while (begin + places <= end) {
    std::int64_t seq = std::max(begin + first_of_past, behind);
    const auto take = [&](const Statement::Row& row) {
      if (!row.is_null(0)) seq = row.number(0) + 1;
    };
    if (!sql_->past_place.read(take, seq, begin + places)) return false;
    if (seq < begin + places) {
      return sql_->append.change(seq, room, id.value(), to_number(time), nick, payload).value_or(0) > 0;
    }
    begin += places;
  }
  const auto seq = Store::Impl::next_seq(sql_->last_seq);
  return sql_->append.change(seq, room, id.value(), to_number(time), nick, payload).value_or(0) > 0;
}

MessageId ArchiveTable::make_id() { return to_id(Store::Impl::next_seq(sql_->last_seq)); }

std::optional<ArchiveLine> ArchiveTable::get(RoomKey room, const MessageId& id) {
  auto placed = sql_->get(room, id);
  if (!placed) return std::nullopt;
  return std::move(placed->line);
}

namespace {

// The lines that were asked for by id and match the rest, in the archive's order.
std::vector<Placed> matching(std::vector<Placed> lines, const Range& range,
                             const std::optional<std::string>& nick) {
  std::erase_if(lines, [&](const Placed& placed) {
    const auto time = to_number(placed.line.time);
    return placed.seq <= range.after || placed.seq >= range.before || time < range.start ||
           time > range.end || (nick && placed.line.nick != *nick);
  });
  const auto by_place = [](const Placed& a, const Placed& b) { return a.seq < b.seq; };
  const auto same_place = [](const Placed& a, const Placed& b) { return a.seq == b.seq; };
  std::sort(lines.begin(), lines.end(), by_place);
  lines.erase(std::unique(lines.begin(), lines.end(), same_place), lines.end());
  return lines;
}

}  // namespace

ArchivePage ArchiveTable::page(RoomKey room, const ArchiveQuery& query) {
  ArchivePage page;
  Range whole;
  if (query.start) whole.start = to_number(*query.start);
  if (query.end) whole.end = to_number(*query.end);
  if (!sql_->narrow(room, query.after_id, query.before_id, whole)) {
    page.unknown_id = true;
    return page;
  }
  Range part = whole;
  if (!sql_->narrow(room, query.after, query.before, part)) {
    page.unknown_id = true;
    return page;
  }

  std::vector<Placed> chosen;  // by id
  for (const MessageId& id : query.ids) {
    auto line = sql_->get(room, id);
    if (!line && sql_->read_all) {
      page.unknown_id = true;
      return page;
    }
    if (line) chosen.push_back(std::move(*line));
  }
  chosen = matching(std::move(chosen), whole, query.nick);

  // One more than asked for tells whether that was all.
  const bool from_end = query.from_end || (query.before && !query.after);
  const std::size_t wanted = query.max;
  std::vector<Placed> lines;
  if (query.ids.empty()) {
    page.count = sql_->count_in(room, whole, query.nick);
    lines = sql_->lines_in(room, part, query.nick, from_end, wanted == std::size_t(-1) ? wanted : wanted + 1);
  } else {
    page.count = chosen.size();
    lines = matching(chosen, part, query.nick);
  }
  page.complete = lines.size() <= wanted && sql_->read_all;
  if (lines.size() > wanted) {
    const auto surplus = static_cast<std::ptrdiff_t>(lines.size() - wanted);
    if (from_end) {
      lines.erase(lines.begin(), lines.begin() + surplus);
    } else {
      lines.erase(lines.end() - surplus, lines.end());
    }
  }
  if (lines.empty()) return page;

  if (query.ids.empty() && from_end && !query.before) {
    page.first_index = page.count - lines.size();  // the last page: nothing to count a second time
  } else if (query.ids.empty() && !from_end && !query.after) {
    page.first_index = 0;
  } else if (query.ids.empty()) {
    Range before_page = whole;
    before_page.before = std::min(whole.before, lines.front().seq);
    page.first_index = sql_->count_in(room, before_page, query.nick);
  } else {
    page.first_index = static_cast<std::size_t>(std::count_if(
        chosen.begin(), chosen.end(), [&](const Placed& placed) { return placed.seq < lines.front().seq; }));
  }
  page.lines.reserve(lines.size());
  for (Placed& placed : lines) page.lines.push_back(std::move(placed.line));
  return page;
}

std::vector<ArchiveLine> ArchiveTable::recent(RoomKey room, std::size_t max, std::optional<Time> since) {
  Range range;
  if (since) range.start = to_number(*since);
  std::vector<ArchiveLine> lines;
  for (Placed& placed : sql_->lines_in(room, range, std::nullopt, true, max))
    lines.push_back(std::move(placed.line));
  return lines;
}

std::int64_t ArchiveTable::end() { return Store::Impl::next_seq(sql_->last_seq); }

std::vector<ArchiveLine> ArchiveTable::missed(RoomKey room, std::int64_t behind, std::optional<Time> since,
                                              std::size_t max) {
  std::vector<ArchiveLine> lines;
  sql_->missed.read([&](const Statement::Row& row) { lines.push_back(to_placed(row).line); }, room, behind,
                    since ? to_number(*since) : highest, to_limit(max));
  std::reverse(lines.begin(), lines.end());
  return lines;
}

std::vector<ArchiveLine> ArchiveTable::holding(RoomKey room, const MessageId& id, std::string_view piece,
                                               std::size_t most_looked_at) {
  std::vector<ArchiveLine> lines;
  const auto seq = sql_->place_of(room, id);
  if (!seq) return lines;
  const auto take = [&](const Statement::Row& row) { lines.push_back(to_placed(row).line); };
  sql_->holding.read(take, room, *seq, to_limit(most_looked_at), piece);
  return lines;
}

bool ArchiveTable::replace_payload(RoomKey room, const MessageId& id, std::string_view payload) {
  const auto seq = sql_->place_of(room, id);
  return seq && sql_->replace.change(*seq, payload).value_or(0) > 0;
}

std::size_t ArchiveTable::prune(Time older_than, std::size_t at_most) {
  std::int64_t kept = highest;
  // Behind the seq of that moment the line's own time decides, before it the line is old in any case.
  const bool read = sql_->first_kept.read([&](const Statement::Row& row) { kept = row.number(0); },
                                          Store::Impl::seq_at(older_than), to_number(older_than));
  if (!read) return 0;
  return static_cast<std::size_t>(sql_->prune.change(kept, to_limit(at_most)).value_or(0));
}

bool ArchiveTable::erase(RoomKey room) { return sql_->erase.change(room).has_value(); }

}  // namespace dragoman
