#include "bridges/email/untold.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <set>
#include <vector>

#include "bridges/email/mime_in.hpp"
#include "bridges/email/reading.hpp"
#include "bridges/file_host.hpp"
#include "mapping/mails_table.hpp"
#include "mapping/notes_table.hpp"
#include "mapping/store.hpp"

namespace dragoman::email {
namespace {

constexpr std::string_view untold_note = "untold";
// A store that could not keep what was told has the mail still here; it is looked for after this.
constexpr std::chrono::seconds look_after{60};

// In the order in which they were put.
std::string untold_key(MailKey key) {
  std::array<char, 24> out{};
  std::snprintf(out.data(), out.size(), "%020lld", static_cast<long long>(key));
  return out.data();
}

MailKey key_in(std::string_view text) {
  MailKey out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

}  // namespace

Untold::Untold(Wing& wing, Telling& telling, Drafts::SessionOf session_of)
    : wing_(wing), telling_(telling), session_of_(std::move(session_of)), look_(wing.hub.loop) {}

bool Untold::tell(Session& session, const Mail& mail, Telling::What what, const std::string* provider) {
  const Place place{session.person(), what.row.conversation};
  const auto item = std::make_shared<Item>();
  item->what = std::move(what);
  if (provider != nullptr) item->provider = *provider;
  offer(place, item, mail);
  if (item->open == 0 && !queues_.contains(place)) {
    telling_.tell(session, mail, item->what);
    return true;
  }
  if (!note(*item)) return false;
  item->queued = true;
  queues_[place].push_back(item);
  return true;
}

void Untold::offer(const Place& place, const std::shared_ptr<Item>& item, const Mail& mail) {
  FileHost* host = wing_.hub.file_host;
  if (host == nullptr) return;
  for (const File& file : mail.files) {
    ++item->open;
    const std::weak_ptr<Item> weak = item;
    OfferedFile offered{file.name, file.media_type, file.size, {}};
    offered.read = [this, weak, part = file.part]() -> std::optional<std::string> {
      const auto waiting = weak.lock();
      const auto bytes =
          waiting ? wing_.hub.store.mails().bytes(wing_.hub.network, waiting->what.row.key) : std::nullopt;
      std::string out;
      const bool found = bytes && write_part(*bytes, part, [&out](std::string_view piece) {
                           out += piece;
                           return true;
                         });
      if (!found) return std::nullopt;
      return out;
    };
    host->put(std::move(offered), [this, weak, place, part = file.part](std::optional<std::string> url) {
      const auto waiting = weak.lock();
      if (!waiting) return;
      --waiting->open;
      if (url) waiting->what.lies_at.emplace(part, std::move(*url));
      if (waiting->queued) advance(place);
    });
  }
}

void Untold::advance(const Place& place) {
  for (auto queue = queues_.find(place); queue != queues_.end() && queue->second.front()->open == 0;
       queue = queues_.find(place)) {
    // What can't be kept is not told; it waits here for a better time.
    look_.after(look_after, [this] { resume(); });
    if (!wing_.hub.store.healthy()) return;
    const std::shared_ptr<Item> item = queue->second.front();
    tell_kept(*item);
    queue->second.pop_front();
    if (queue->second.empty()) queues_.erase(queue);
  }
}

// That it is told and that it does not wait any more is one group: there is no moment between the two.
void Untold::tell_kept(Item& item) {
  const MailRow& row = item.what.row;
  // Not there: its group was lost, and whoever handed it over will do so again; or it was told meanwhile.
  if (!wing_.hub.store.notes().get(wing_.hub.network, untold_note, untold_key(row.key))) return;
  if (const auto mail = read_again(item)) telling_.tell(session_of_(row.person), *mail, item.what);
  forget(row.key);
}

// Its text may be large and many may wait: it is taken from what is kept. Nothing: it was forgotten since.
std::optional<Mail> Untold::read_again(const Item& item) const {
  const Hub& hub = wing_.hub;
  const MailRow& row = item.what.row;
  const auto bytes =
      hub.is_registered(row.person) ? hub.store.mails().bytes(hub.network, row.key) : std::nullopt;
  if (!bytes) return std::nullopt;
  auto parsed = read_mail(hub, *bytes, item.provider ? &*item.provider : nullptr);
  auto* mail = std::get_if<Mail>(&parsed);
  if (mail == nullptr || mail->from.empty() || mail->message_id != row.message_id) return std::nullopt;
  return std::move(*mail);
}

// "LAST" or "LAST PROVIDER".
bool Untold::note(const Item& item) {
  std::string value = std::to_string(item.what.last ? item.what.last->key : 0);
  if (item.provider) value += " " + *item.provider;
  return wing_.hub.store.notes().put(wing_.hub.network, untold_note, untold_key(item.what.row.key), value);
}

void Untold::forget(MailKey key) {
  wing_.hub.store.notes().erase(wing_.hub.network, untold_note, untold_key(key));
}

std::shared_ptr<Untold::Item> Untold::noted(MailKey key, const std::string& value) {
  auto& mails = wing_.hub.store.mails();
  auto row = mails.get(wing_.hub.network, key);
  if (!row) return nullptr;
  auto item = std::make_shared<Item>();
  item->what.row = std::move(*row);
  item->what.last = mails.get(wing_.hub.network, key_in(value));
  if (const std::size_t space = value.find(' '); space != value.npos)
    item->provider = value.substr(space + 1);
  return item;
}

void Untold::resume() {
  std::set<MailKey> here;
  for (const auto& [place, queue] : queues_) {
    for (const auto& item : queue) here.insert(item->what.row.key);
  }
  for (const auto& [text, value] : wing_.hub.store.notes().all(wing_.hub.network, untold_note)) {
    const MailKey key = key_in(text);
    if (here.contains(key)) continue;
    const auto item = noted(key, value);
    const auto mail = item ? read_again(*item) : std::nullopt;
    if (!mail) {
      forget(key);
      continue;
    }
    const MailRow& row = item->what.row;
    const Place place{row.person, row.conversation};
    // Who came and went by it is not told: whoever enters now sees who is there.
    auto where = row.outgoing ? wing_.conversations.place_of_sent(row.person, *mail)
                              : wing_.conversations.place_of(row.person, *mail);
    if (!where) {
      forget(key);
      continue;
    }
    item->what.place = std::move(*where);
    queues_[place].push_back(item);
    offer(place, item, *mail);
    item->queued = true;
  }
  std::vector<Place> places;
  for (const auto& [place, queue] : queues_) places.push_back(place);
  for (const Place& place : places) advance(place);
}

}  // namespace dragoman::email
