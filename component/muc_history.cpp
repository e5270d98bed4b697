// What was said before an occupant came: XEP-0045 7.2.13 to 7.2.15, from the archive.
#include <algorithm>

#include "component/datetime.hpp"
#include "component/facets.hpp"
#include "component/gateway.hpp"
#include "component/muc.hpp"
#include "mapping/archive_table.hpp"

namespace dragoman {

namespace {

constexpr std::size_t most_lines = 1000;

}  // namespace

// A network that has a history has told the recent past before we are in: more is asked for only where the
// client does.
bool Muc::has_enough(const Occupant& occupant) {
  const HistoryRequest& wanted = occupant.history;
  if (wanted.max_stanzas.value_or(1) == 0 || wanted.max_chars == 0U) return true;
  if (!wanted.since && !wanted.max_stanzas) return true;
  if (history_.is_whole() || !preferences().record_history || !has_history(occupant.person)) return true;
  if (wanted.since && history_.reaches(*wanted.since)) return true;
  const std::size_t most = std::min(wanted.max_stanzas.value_or(most_lines), most_lines);
  const std::vector<ArchiveLine> lines = gateway_.store().archive().recent(key_, most, wanted.since);
  return lines.size() == most && history_.reaches(lines.front().time);
}

void Muc::tell_history(const Occupant& occupant) {
  const HistoryRequest& wanted = occupant.history;
  std::size_t most =
      wanted.max_stanzas.value_or(wanted.since ? most_lines : preferences(occupant.person).max_history);
  most = std::min(most, most_lines);
  if (most == 0 || wanted.max_chars == 0U) return;
  ArchiveTable& archive = gateway_.store().archive();
  std::vector<ArchiveLine> lines = wanted.behind
                                       ? archive.missed(key_, *wanted.behind, wanted.since, most_lines)
                                       : archive.recent(key_, most, wanted.since);
  if (wanted.max_chars) {
    // Counted from the newest: the oldest are the ones to go.
    std::size_t chars = 0;
    auto first = lines.end();
    while (first != lines.begin() && chars + (first - 1)->payload.size() <= *wanted.max_chars) {
      --first;
      chars += first->payload.size();
    }
    lines.erase(lines.begin(), first);
  }
  tell_lines(occupant.jid, lines);
}

void Muc::tell_lines(const std::string& to, const std::vector<ArchiveLine>& lines) {
  for (const ArchiveLine& line : lines) {
    std::string delay;
    XmlWriter(delay)
        .open("delay", ns::delay)
        .attr("from", address_)
        .attr("stamp", format_datetime(line.time))
        .close();
    tell_message(line.nick, stanza_id_of(line), line.payload, delay, &to);
  }
}

}  // namespace dragoman
