// When the link to the XMPP server comes and goes, or the program does: who was where, what has to be told
// again, what was kept for later.
#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "component/datetime.hpp"
#include "component/gateway.hpp"
#include "component/muc.hpp"
#include "component/subscriptions.hpp"
#include "component/uploads.hpp"
#include "mapping/digest.hpp"
#include "mapping/outbox_table.hpp"
#include "mapping/rooms_table.hpp"

namespace dragoman {

namespace {

constexpr std::string_view outbox_queue = "xmpp";
constexpr std::size_t outbox_page = 100;
constexpr std::size_t most_waiting = 1000;  // kept for one person

// What was said at another time says when.
void add_delay(OutboxItem& item, const std::string& domain) {
  const std::size_t end = item.payload.rfind("</message>");
  if (end == item.payload.npos || item.payload.find(ns::delay) != item.payload.npos) return;
  std::string delay;
  XmlWriter(delay)
      .open("delay", ns::delay)
      .attr("from", domain)
      .attr("stamp", format_datetime(item.time))
      .close();
  item.payload.insert(end, delay);
}

}  // namespace

void Gateway::on_link_up() {
  const Busy busy(*this);
  pressed_ = false;
  network_->reachable(true);
  std::erase_if(telling_, [](const Telling& one) { return !one.key.empty(); });  // the outbox has them
  uploads_->on_link_up();
  const bool again = std::exchange(was_up_, true);
  subscriptions_->announce_all(again);
  outbox_waiting_ = true;
  untold_.clear();
  if (again) {
    for (Muc* muc : all_rooms()) untold_.emplace_back(muc->room().viewer(), muc->room().id());
  } else {
    restore();
  }
  work_off();
}

void Gateway::on_link_down() {
  questions_.forget_iqs();
  uploads_->on_link_down();
  unwritten_.clear();
  told_.pause();
  network_->reachable(false);
  for (Muc* muc : all_rooms()) muc->fall_behind(now());
}

void Gateway::on_pressure(bool high) {
  const Busy busy(*this);
  pressed_ = high;
  if (network_) network_->hold(high);
  if (!high) work_off();
}

// As much as goes before the stream is full; the rest when it has room again.
void Gateway::work_off() {
  drain_outbox();
  while (!untold_.empty() && !pressed_ && out_.up()) {
    const auto [viewer, id] = std::move(untold_.front());
    untold_.pop_front();
    if (Muc* muc = find_room(viewer, id)) muc->tell_again();
  }
  if (untold_.empty() && out_.up()) told_.go_on(out_.position());
}

void Gateway::drain_outbox() {
  while (outbox_waiting_ && !pressed_ && out_.up()) {
    std::vector<OutboxItem> items = store_.outbox().pending(id(), std::string(outbox_queue), outbox_page);
    std::erase_if(items, [this](const OutboxItem& item) {
      return std::any_of(unwritten_.begin(), unwritten_.end(),
                         [&](const Unwritten& one) { return one.key == item.key; });
    });
    if (items.empty() && !unwritten_.empty()) return;  // the rest when these have left
    if (items.empty()) return outbox_empty();
    for (OutboxItem& item : items) {
      if (pressed_) return;
      add_delay(item, domain());
      if (!out_.send(item.payload)) return;
      if (network_->accountable()) {
        unwritten_.push_back({out_.position(), item.key});
        continue;
      }
      // A store that can't forget it would have it told for ever.
      if (!store_.outbox().done(id(), item.queue, item.key)) return outbox_empty();
    }
  }
}

void Gateway::outbox_empty() {
  outbox_waiting_ = false;
  for (const auto& [person, waiting] : std::exchange(waiting_, {})) {
    if (waiting.dropped == 0) continue;
    std::string out;
    XmlWriter(out)
        .open("message")
        .attr("from", domain())
        .attr("to", person.value())
        .attr("type", "chat")
        .element("body", std::to_string(waiting.dropped) +
                             " messages to you were lost: too many had come while you could not be reached.")
        .close();
    send(out);
  }
}

void Gateway::deliver(const PersonId& to, std::string stanza) {
  // Nothing overtakes what is still waiting.
  if (!outbox_waiting_ && out_.up() && network_->accountable()) return keep_and_tell(std::move(stanza));
  if (!outbox_waiting_ && out_.send(stanza)) return;
  Waiting& waiting = waiting_[to];
  if (waiting.kept >= most_waiting) {
    if (waiting.dropped++ == 0)
      spdlog::error("{}: {} messages wait for {} already: more are lost", domain(), waiting.kept, to.value());
    return;
  }
  OutboxItem item;
  item.queue = outbox_queue;
  item.key = new_id();
  item.payload = std::move(stanza);
  item.time = now();
  if (!store_.outbox().put(id(), item)) {
    spdlog::error("{}: a message for {} is lost: the XMPP link is down and the store can't keep it", domain(),
                  to.value());
    return;
  }
  ++waiting.kept;
  outbox_waiting_ = true;
}

// In the store's open group, together with what the network keeps of it: it is told when that is committed.
void Gateway::keep_and_tell(std::string stanza) {
  OutboxItem item;
  item.queue = outbox_queue;
  item.key = new_id();
  item.payload = stanza;
  item.time = now();
  if (telling_.empty()) {
    losses_before_telling_ = store_.losses();
    out_.soon();
  }
  const bool kept = store_.outbox().put(id(), item);
  telling_.push_back({kept ? item.key : std::string(), std::move(stanza)});
}

void Gateway::tell_kept() {
  const Busy busy(*this);
  const bool kept = store_.commit() && store_.losses() == losses_before_telling_;
  for (Telling& one : std::exchange(telling_, {})) {
    if (kept && !one.key.empty()) {
      if (out_.send(one.stanza)) {
        unwritten_.push_back({out_.position(), std::move(one.key)});
      } else {
        outbox_waiting_ = true;
      }
    } else if (one.stanza.find(" type=\"error\"") != one.stanza.npos ||
               one.stanza.find(" type='error'") != one.stanza.npos) {
      out_.send(one.stanza);
    } else {
      // Whoever handed it over is not told that it was taken, and will come again.
      spdlog::error("{}: a message is not told since it can't be kept", domain());
    }
  }
}

void Gateway::on_written(std::uint64_t position) {
  told_.written(position);
  if (unwritten_.empty()) return;
  while (!unwritten_.empty() && unwritten_.front().position <= position) {
    store_.outbox().done(id(), std::string(outbox_queue), unwritten_.front().key);
    unwritten_.pop_front();
  }
  if (outbox_waiting_) drain_outbox();
}

void Gateway::tick(Time now) {
  const Busy busy(*this);
  for (Muc* muc : all_rooms()) muc->tick(now);
  questions_.tick(now);
  uploads_->tick(now);
  forget_idle(now);
}

// Rooms that were joined when the program ended: joined again, for those whose clients still answer.
void Gateway::restore() {
  const std::vector<OccupantRow> occupants = store_.rooms().occupants(id());
  for (const RoomRow& row : store_.rooms().joined(id())) {
    std::vector<OccupantRow> here;
    std::copy_if(occupants.begin(), occupants.end(), std::back_inserter(here),
                 [&](const OccupantRow& o) { return o.room == row.key; });
    Muc& muc = open_room(row.viewer, row.room);
    // A shared room with nobody in it has nobody to be there for.
    if (here.empty() && (row.viewer.empty() || !muc.preferences().persistent)) {
      store_.rooms().set_joined(row.key, false, row.nick, {});
      close_room(muc);
      continue;
    }
    muc.restore(row, here);
    for (const OccupantRow& occupant : here) ask_whether_there(row, occupant);
  }
}

// What a network tells of a room that will be restored, before the XMPP server is there.
Muc* Gateway::reopened(const PersonId& person, const RoomId& room) {
  const PersonId viewer = viewer_of(person, room);
  for (const RoomRow& row : store_.rooms().joined(id())) {
    if (row.room == room && row.viewer == viewer) return &open_room(person, room);
  }
  return nullptr;
}

void Gateway::ask_whether_there(const RoomRow& row, const OccupantRow& occupant) {
  const std::string ping_id = random_hex(8);
  questions_.expect_iq(ping_id, occupant.jid, [this, row, occupant](const Stanza& answer) {
    Muc* joined = find_room(row.viewer, row.room);
    const Element* error = answer.root.child("error");
    if (answer.type == "error" && error != nullptr && says_gone(*error) && joined != nullptr)
      joined->drop_occupant(occupant.jid, "The client is gone.");
  });
  std::string out;
  XmlWriter(out)
      .open("iq")
      .attr("type", "get")
      .attr("id", ping_id)
      .attr("from", address_of(row.room) + "/" + occupant.nick)
      .attr("to", occupant.jid)
      .open("ping", ns::ping)
      .close()
      .close();
  send(out);
}

}  // namespace dragoman
