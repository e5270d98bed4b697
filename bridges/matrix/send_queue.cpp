#include "bridges/matrix/send_queue.hpp"

#include <algorithm>
#include <deque>
#include <unordered_map>
#include <utility>

#include <spdlog/spdlog.h>

#include "bridges/matrix/hub.hpp"
#include "bridges/matrix/room.hpp"
#include "bridges/matrix/sending.hpp"
#include "bridges/matrix/session.hpp"
#include "bridges/matrix/stream.hpp"
#include "bridges/net/timer.hpp"
#include "bridges/saved.hpp"
#include "mapping/archive_table.hpp"
#include "mapping/outbox_table.hpp"
#include "mapping/rooms_table.hpp"

namespace dragoman::matrix {
namespace {

constexpr std::size_t most_waiting = 1'000;  // in one conversation
constexpr std::size_t most_at_start = 100'000;

std::string value_of(const Conversation& in) {
  return std::visit([](const auto& id) { return id.value(); }, in);
}

}  // namespace

struct SendQueues::Impl : std::enable_shared_from_this<Impl> {
  using Clock = std::chrono::steady_clock;
  struct Row {
    std::string key;
    Saved saved;
    bool resumed = false;  // from before this start
  };
  struct Queue {
    std::string name;
    std::deque<Row> rows;  // the first is on its way while `sending` is there
    std::shared_ptr<Sending> sending;
    Clock::time_point since = {};  // `sending` is on its way
    bool told = false;             // that it waits
    std::vector<std::function<void()>> after_first;
  };

  Impl(Hub& h, Stream& s) : hub(h), stream(s), give_up(h.loop), look(h.loop) {}

  std::string prefix() const {
    return "out " + (stream.viewer().empty() ? std::string("-") : stream.viewer().value()) + " ";
  }

  // One queue a Matrix room, whichever of its addresses is used; one a chat, before it has a room too.
  std::string name_of(const Saved& saved) const {
    if (const auto* room = std::get_if<RoomId>(&saved.command.in)) {
      // What was said before an upgrade goes first.
      if (const auto before = in_use.find(*room); before != in_use.end()) return before->second;
      return prefix() + stream.room_id_of(*room, saved.person).value_or(room->value());
    }
    return prefix() + saved.person.value() + " " + value_of(saved.command.in);
  }

  Queue& queue(const std::string& name) {
    auto& slot = queues[name];
    if (!slot) {
      slot = std::make_unique<Queue>();
      slot->name = name;
    }
    return *slot;
  }

  bool put(Queue& to, Saved saved) {
    OutboxItem item;
    item.queue = to.name;
    item.key = hub.new_id();
    item.payload = packed(saved);
    item.time = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
    if (!hub.store.outbox().put(hub.network, item)) return false;
    add(to, {std::move(item.key), std::move(saved)});
    return true;
  }

  void add(Queue& to, Row row) {
    if (const auto* room = std::get_if<RoomId>(&row.saved.command.in)) in_use.try_emplace(*room, to.name);
    to.rows.push_back(std::move(row));
  }

  Session* voice_of(const Saved& saved) {
    if (stream.account() != nullptr) return stream.account();
    if (!stream.viewer().empty()) return nullptr;  // not logged in any more
    if (!saved.voice.empty()) return stream.voice(saved.voice);
    return saved.person.empty() ? nullptr : &hub.ghost_session(saved.person);
  }

  void pump(Queue& of) {
    if (of.sending || draining) return;
    if (of.rows.empty()) {
      std::erase_if(in_use, [&](const auto& address) { return address.second == of.name; });
      queues.erase(of.name);
      return told_idle();
    }
    const Row& row = of.rows.front();
    auto done = [weak = weak_from_this(), name = of.name](const Sending::Result& result) {
      if (auto self = weak.lock()) self->finished(name, result);
    };
    of.sending = std::make_shared<Sending>(hub, stream, row.key, row.saved, std::move(done));
    of.since = Clock::now();
    of.told = false;
    if (!look.pending()) look_again();
    if (Session* voice = voice_of(row.saved)) {
      of.sending->start(*voice);
    } else {
      finished(of.name, Failure{Reason::not_connected, "You are not logged in any more."});
    }
  }

  void finished(const std::string& name, const Sending::Result& result) {
    auto found = queues.find(name);
    if (found == queues.end() || !found->second->sending) return;
    Queue& of = *found->second;
    const auto sending = std::exchange(of.sending, nullptr);
    const Row row = std::move(of.rows.front());
    of.rows.pop_front();
    hub.store.outbox().done(hub.network, of.name, row.key);
    auto after = std::exchange(of.after_first, {});
    tell(row.saved, result);
    if (const auto* id = std::get_if<MessageId>(&result); id != nullptr && row.resumed)
      tell_own(row.saved, *id);
    sending->told();
    for (auto& what : after) what();
    if (auto still = queues.find(name); still != queues.end()) pump(*still->second);
  }

  // A homeserver that is away: who talks to it hears so, once until it answers. Whoever has an account of
  // their own hears of their link instead.
  void look_again() {
    if (queues.empty() || stream.account() != nullptr) return;
    look.after(hub.patience.word / 4, [this] {
      const auto begun = Clock::now() - hub.patience.word;
      std::vector<std::shared_ptr<Sending>> waiting;  // who is told may say something more
      for (const auto& [name, of] : queues) {
        if (!of->sending || of->told || of->since > begun) continue;
        of->told = true;
        waiting.push_back(of->sending);
      }
      for (const auto& sending : waiting) sending->tell_waits();
      look_again();
    });
  }

  void tell(const Saved& saved, const Sending::Result& result) {
    Session* voice = voice_of(saved);
    const auto* failure = std::get_if<Failure>(&result);
    if (failure != nullptr && saved.command.token.empty()) {
      spdlog::info("matrix: {}: something could not be sent: {}", hub.network.value(), failure->text);
    }
    if (voice == nullptr) return;
    if (failure != nullptr) return voice->failed(saved.command.in, saved.command.token, *failure);
    voice->delivered(saved.command.in, saved.command.token, std::get<MessageId>(result));
  }

  // The room waited for the word that it was sent, and has forgotten what it was: it is told as if it had
  // been said elsewhere.
  void tell_own(const Saved& saved, const MessageId& id) {
    const auto* address = std::get_if<RoomId>(&saved.command.in);
    Session* voice = voice_of(saved);
    if (address == nullptr || voice == nullptr || saved.person.empty() || id.empty()) return;
    const RoomKey row = hub.store.rooms().find(hub.network, *address, stream.viewer());
    if (row != 0 && hub.store.archive().get(row, id)) return;
    const Room* room = stream.find(*address, saved.person);
    std::string nick = room != nullptr ? room->view().nick_of(voice->user_id()) : std::string();
    if (nick.empty()) nick = voice->nick();
    Event event{*address, {nick, UserId(voice->user_id()), voice->user_id(), true}, id, {}, false, {}};
    const auto say = [&](const auto& content) {
      event.what = content;
      hub.sink.on_event(*voice, event);
    };
    const Act& act = saved.command.what;
    if (const auto* message = std::get_if<Message>(&act)) say(*message);
    if (const auto* edit = std::get_if<Edit>(&act)) say(*edit);
    if (const auto* retraction = std::get_if<Retraction>(&act)) say(*retraction);
    if (const auto* reactions = std::get_if<Reactions>(&act)) say(*reactions);
  }

  bool busy() const {
    return std::any_of(queues.begin(), queues.end(),
                       [](const auto& q) { return q.second->sending != nullptr; });
  }
  void told_idle() {
    if (draining && !busy() && drained) std::exchange(drained, nullptr)();
  }

  Hub& hub;
  Stream& stream;
  std::unordered_map<std::string, std::unique_ptr<Queue>> queues;
  std::unordered_map<RoomId, std::string> in_use;  // the queue of each address that has something waiting
  bool draining = false;
  std::function<void()> drained;
  net::Timer give_up, look;
};

SendQueues::SendQueues(Hub& hub, Stream& stream) : impl_(std::make_shared<Impl>(hub, stream)) {}
SendQueues::~SendQueues() = default;

void SendQueues::push(Session& from, Command command) {
  Saved saved{from.person(), {}, std::move(command)};
  Impl::Queue& queue = impl_->queue(impl_->name_of(saved));
  const Conversation in = saved.command.in;
  const std::string token = saved.command.token;
  if (queue.rows.size() >= most_waiting) {
    return from.failed(in, token, {Reason::queue_full, "Too much waits to be sent there. Try again later."});
  }
  if (!impl_->put(queue, std::move(saved))) return from.failed(in, token, {Reason::storage_failed, {}});
  impl_->pump(queue);
}

void SendQueues::push_notice(const std::string& room_id, const std::string& as_user_id,
                             const std::string& text) {
  Saved saved{{}, as_user_id, {RoomId{room_id}, {}, Message{text, MessageKind::notice}}};
  if (auto person = impl_->stream.direct_of(room_id)) saved.person = person->person;
  Impl::Queue& queue = impl_->queue(impl_->prefix() + room_id);
  if (impl_->put(queue, std::move(saved))) impl_->pump(queue);
}

void SendQueues::settle_leave(const PersonId& person, const RoomId& room, std::function<void()> done) {
  const Saved wanted{person, {}, {room, {}, Leave{}}};
  auto found = impl_->queues.find(impl_->name_of(wanted));
  if (found == impl_->queues.end()) return done();
  Impl::Queue& queue = *found->second;
  auto is_it = [&](const Impl::Row& row) {
    return row.saved.person == person && std::holds_alternative<Leave>(row.saved.command.what);
  };
  for (std::size_t i = queue.rows.size(); i-- > (queue.sending ? 1U : 0U);) {
    if (!is_it(queue.rows[i])) continue;
    const Impl::Row row = std::move(queue.rows[i]);
    queue.rows.erase(queue.rows.begin() + static_cast<std::ptrdiff_t>(i));
    impl_->hub.store.outbox().done(impl_->hub.network, queue.name, row.key);
    impl_->tell(row.saved, MessageId{});
  }
  if (queue.sending && is_it(queue.rows.front())) {
    queue.after_first.push_back(std::move(done));
  } else {
    done();
  }
}

void SendQueues::resume() {
  const std::string prefix = impl_->prefix();
  for (const std::string& name : impl_->hub.store.outbox().queues(impl_->hub.network)) {
    if (!name.starts_with(prefix)) continue;
    Impl::Queue& queue = impl_->queue(name);
    if (!queue.rows.empty()) continue;
    for (OutboxItem& item : impl_->hub.store.outbox().pending(impl_->hub.network, name, most_at_start)) {
      if (auto saved = unpacked(item.payload)) {
        impl_->add(queue, {std::move(item.key), std::move(*saved), true});
      } else {
        impl_->hub.store.outbox().done(impl_->hub.network, name, item.key);
      }
    }
    impl_->pump(queue);
  }
}

void SendQueues::give_up(const Failure& why) {
  impl_->in_use.clear();
  for (const auto& [name, queue] : std::exchange(impl_->queues, {})) {
    for (const Impl::Row& row : queue->rows) {
      impl_->hub.store.outbox().done(impl_->hub.network, name, row.key);
      impl_->tell(row.saved, why);
    }
  }
}

bool SendQueues::idle() const { return impl_->queues.empty(); }

bool SendQueues::waits(std::string_view key) const {
  return std::any_of(impl_->queues.begin(), impl_->queues.end(), [&](const auto& queue) {
    const auto& rows = queue.second->rows;
    return std::any_of(rows.begin(), rows.end(), [&](const Impl::Row& row) { return row.key == key; });
  });
}

void SendQueues::drain(std::function<void()> done) {
  impl_->draining = true;
  impl_->drained = std::move(done);
  if (!impl_->busy()) {
    net::post(impl_->hub.loop, [weak = impl_->weak_from_this()] {
      if (auto self = weak.lock()) self->told_idle();
    });
    return;
  }
  impl_->give_up.after(impl_->hub.patience.goodbye, [impl = impl_.get()] {
    if (impl->drained) std::exchange(impl->drained, nullptr)();
  });
}

}  // namespace dragoman::matrix
