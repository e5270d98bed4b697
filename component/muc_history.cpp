// What was said before an occupant came: XEP-0045 7.2.13 to 7.2.15, from the archive.
#include <algorithm>

#include "component/datetime.hpp"
#include "component/facets.hpp"
#include "component/gateway.hpp"
#include "component/muc.hpp"
#include "mapping/archive_table.hpp"

namespace dragoman {

void Muc::tell_history(const Occupant& occupant) {
  const HistoryRequest& wanted = occupant.history;
  std::size_t most = wanted.max_stanzas.value_or(wanted.since ? 1000 : preferences().max_history);
  most = std::min<std::size_t>(most, 1000);
  if (most == 0 || wanted.max_chars == 0U) return;
  std::vector<ArchiveLine> lines = gateway_.store().archive().recent(key_, most, wanted.since);
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
