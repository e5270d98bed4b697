#include "bridges/net/line_stream.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <sys/socket.h>

#include "bridges/net/http_address.hpp"

namespace dragoman::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr auto answer = asio::as_tuple(asio::use_awaitable);

Failure lookup_failure(const std::string& host, const error_code& error) {
  if (error == asio::error::host_not_found || error == asio::error::no_data) {
    return {Reason::dns_failed, "There is no host named " + host};
  }
  return {Reason::dns_failed, "The name " + host + " could not be looked up: " + error.message()};
}

Failure connect_failure(const Target& target, const error_code& error) {
  auto where = target.host + " port " + std::to_string(target.port);
  if (error == asio::error::connection_refused) {
    return {Reason::connection_refused, where + " refused the connection"};
  }
  if (error == asio::error::timed_out) return {Reason::timed_out, where + " did not answer in time"};
  return {Reason::connection_refused, where + " could not be reached: " + error.message()};
}

}  // namespace

struct LineStream::Impl : std::enable_shared_from_this<LineStream::Impl> {
  Impl(asio::io_context& io, std::shared_ptr<const TlsContext> certificates)
      : loop(io), context(std::move(certificates)), socket(io), resolver(io), deadline(io), gate(io) {}

  enum class State { fresh, connecting, up, finishing, closed };

  asio::io_context& loop;
  std::shared_ptr<const TlsContext> context;
  tcp::socket socket;
  tcp::resolver resolver;
  asio::steady_timer deadline;  // of connect, and later of finish
  asio::steady_timer gate;      // cancelled when the hold ends
  std::optional<TlsConnection> tls;
  Target target;
  Callbacks callbacks;
  std::function<void()> finished;
  State state = State::fresh;
  bool held = false;
  bool timed_out = false;
  bool to_secure = false;  // STARTTLS: nothing more is called out
  bool writing = false;    // write_loop runs or is posted
  bool write_end_sent = false;
  std::string partial;  // what was read and not yet called out: the begin of a line, or lines while held
  std::string out;      // waits to be written, from out_begin on
  std::size_t out_begin = 0;
  error_code io_error;  // of the last failed step

  bool alive() const { return state == State::connecting || state == State::up || state == State::finishing; }

  // -------------------------------------------------------------------------------------------------------
  // ending

  void shut() {
    state = State::closed;
    error_code ignored;
    deadline.cancel();
    gate.cancel();
    resolver.cancel();
    tls.reset();
    socket.close(ignored);
    partial = {};
    out = {};
    out_begin = 0;
  }

  void fail(Failure failure) {
    if (!alive()) return;
    auto done = std::exchange(finished, nullptr);
    shut();
    if (done) return done();
    if (callbacks.down) callbacks.down(std::move(failure));
  }

  // ----------------------------------------------------------------------------------------------------
  // connecting

  void arm_deadline(std::chrono::milliseconds limit) {
    deadline.expires_after(limit);
    deadline.async_wait([weak = weak_from_this()](const error_code& error) {
      auto self = weak.lock();
      if (error || !self || !self->alive()) return;
      if (self->state == State::finishing) return self->fail({Reason::connection_lost, {}});
      self->timed_out = true;
      self->resolver.cancel();
      error_code ignored;
      self->socket.close(ignored);
      // A name lookup that hangs can't be interrupted: the answer, if it ever comes, finds the stream closed.
      self->fail({Reason::timed_out, self->target.host + " port " + std::to_string(self->target.port) +
                                         " did not answer in time"});
    });
  }

  // Tries all addresses in their order; nothing when connected.
  asio::awaitable<std::optional<Failure>> reach() {
    auto port = std::to_string(target.port);
    tcp::resolver::results_type found;
    error_code no_address;
    const auto address = asio::ip::make_address(target.host, no_address);
    if (no_address) {
      auto [lookup_error, names] =
          co_await resolver.async_resolve(target.host, port, tcp::resolver::numeric_service, answer);
      if (!alive()) co_return Failure{};
      if (lookup_error) co_return lookup_failure(target.host, lookup_error);
      found = std::move(names);
    } else {
      // Asio would ask a thread of its own even so.
      found = tcp::resolver::results_type::create(tcp::endpoint(address, target.port), target.host, port);
    }

    std::optional<asio::ip::address> source;
    if (!target.bind_address.empty()) {
      error_code bad;
      source = asio::ip::make_address(target.bind_address, bad);
      if (bad) co_return Failure{Reason::network_error, "outgoing_bind is no IP address"};
    }
    std::optional<Failure> last;
    for (const auto& entry : found) {
      auto endpoint = entry.endpoint();
      if (source && source->is_v4() != endpoint.address().is_v4()) continue;
      if (target.public_only && !is_public_address(*endpoint.data())) {
        last = Failure{Reason::not_permitted, target.host + " has no address on the public Internet"};
        continue;
      }
      error_code error;
      socket.close(error);
      socket.open(endpoint.protocol(), error);
      if (error) {
        last = connect_failure(target, error);
        continue;
      }
      if (source) {
        socket.bind(tcp::endpoint(*source, 0), error);
        if (error) {
          co_return Failure{Reason::network_error, "The source address " + target.bind_address +
                                                       " can't be used: " + error.message()};
        }
      }
      auto [connect_error] = co_await socket.async_connect(endpoint, answer);
      if (!alive()) co_return Failure{};
      if (!connect_error) co_return std::nullopt;
      last = connect_failure(target, connect_error);
    }
    if (last) co_return last;
    co_return Failure{Reason::dns_failed,
                      target.host + " has no address of the family of " + target.bind_address};
  }

  asio::awaitable<std::optional<Failure>> secure() {
    if (!context->trouble().empty() && target.tls_options.verify && target.tls_options.fingerprint.empty()) {
      co_return Failure{Reason::certificate_invalid, context->trouble()};
    }
    tls.emplace(*context, socket.native_handle(), target.host, target.tls_options);
    for (;;) {
      auto progress = tls->handshake();
      if (progress == Progress::done) co_return std::nullopt;
      if (progress != Progress::want_read && progress != Progress::want_write) co_return tls->failure();
      co_await wait_for(progress);
      if (!alive()) co_return Failure{};
    }
  }

  asio::awaitable<void> wait_for(Progress progress) {
    co_await socket.async_wait(
        progress == Progress::want_write ? tcp::socket::wait_write : tcp::socket::wait_read, answer);
  }

  static asio::awaitable<void> run(std::shared_ptr<Impl> self) {
    auto trouble = co_await self->reach();
    if (!self->alive()) co_return;
    if (!trouble) {
      error_code ignored;
      self->socket.non_blocking(true, ignored);
      self->socket.set_option(tcp::no_delay(true), ignored);
      if (self->callbacks.reached) self->callbacks.reached(self->connected());
      if (!self->alive()) co_return;
      if (self->target.tls) trouble = co_await self->secure();
      if (!self->alive()) co_return;
    }
    if (trouble) {
      self->fail(std::move(*trouble));
      co_return;
    }
    self->deadline.cancel();
    if (self->state == State::connecting) self->state = State::up;
    self->tell_up();
    if (!self->out.empty()) self->start_writing();
    auto lost = co_await read_all(self);
    self->fail(std::move(lost));
  }

  Connected connected() const {
    error_code ignored;
    auto remote = socket.remote_endpoint(ignored);
    auto local = socket.local_endpoint(ignored);
    return {remote.address().to_string(), local.address().to_string(), remote.port(), local.port(),
            tls ? tls->description() : std::string{}};
  }

  void tell_up() {
    if (state == State::up && callbacks.up) callbacks.up(connected());
  }

  // -------------------------------------------------------------------------------------------------------
  // reading

  Progress read_some(char* into, std::size_t size, std::size_t& got) {
    if (tls) return tls->read(into, size, got);
    auto n = ::recv(socket.native_handle(), into, size, 0);
    if (n > 0) {
      got = static_cast<std::size_t>(n);
      return Progress::done;
    }
    if (n == 0) return Progress::closed;
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return Progress::want_read;
    io_error = error_code(errno, boost::system::system_category());
    return Progress::failed;
  }

  // Calls out the complete lines of `data`; answers how many bytes that took. Stops when closed or held.
  std::size_t call_out(std::string_view data) {
    std::size_t begin = 0;
    while (begin < data.size() && !held && !to_secure) {
      const void* found = std::memchr(data.data() + begin, '\n', data.size() - begin);
      if (!found) break;
      auto end = static_cast<std::size_t>(static_cast<const char*>(found) - data.data());
      auto line = data.substr(begin, end - begin);
      begin = end + 1;
      while (!line.empty() && line.back() == '\r') line.remove_suffix(1);
      if (line.empty()) continue;
      if (line.size() > target.max_line) {
        fail(too_long());
        return begin;
      }
      if (state == State::up) callbacks.line(line);
      if (!alive()) return begin;
    }
    return begin;
  }

  Failure too_long() const {
    return {Reason::connection_lost,
            target.host + " sent a line of more than " + std::to_string(target.max_line) + " bytes"};
  }

  // Lines are called out straight from one buffer that all streams of the thread share: nothing suspends
  // between a read and the last line that it brought; what is left over goes into `partial`.
  void take(std::string_view data) {
    if (callbacks.bytes) {
      if (state == State::up) callbacks.bytes(data);
      return;
    }
    if (partial.empty()) {
      auto used = call_out(data);
      if (alive() && used < data.size()) partial.assign(data.substr(used));
      return;
    }
    partial.append(data);
    drain_partial();
  }

  void drain_partial() {
    // Moved away for the time: a callback may close the stream and so clear it.
    std::string lines = std::move(partial);
    partial.clear();
    auto used = call_out(lines);
    if (!alive()) return;
    if (used < lines.size()) {
      lines.erase(0, used);
      partial = std::move(lines);
    }
  }

  static asio::awaitable<Failure> read_all(std::shared_ptr<Impl> self) {
    thread_local std::array<char, std::size_t{64} * 1024> buffer;
    while (self->alive()) {
      if (self->held) {
        self->gate.expires_at(asio::steady_timer::time_point::max());
        co_await self->gate.async_wait(answer);
        if (self->alive() && !self->held) self->drain_partial();
        continue;
      }
      std::size_t got = 0;
      auto progress = self->read_some(buffer.data(), buffer.size(), got);
      if (progress == Progress::done) {
        self->take(std::string_view(buffer.data(), got));
        if (!self->alive()) break;
        if (self->to_secure) {
          if (auto trouble = co_await self->upgrade()) co_return std::move(*trouble);
          continue;
        }
        if (!self->held && self->partial.size() > self->target.max_line) co_return self->too_long();
        // One read a turn: a peer that never stops must not starve the others. TLS may hold decrypted bytes
        // that no socket event announces, so it is asked again, after the others had their turn.
        if (self->tls)
          co_await asio::post(self->loop, answer);
        else
          co_await self->wait_for(Progress::want_read);
        continue;
      }
      if (progress == Progress::closed) {
        co_return Failure{Reason::connection_lost, self->target.host + " closed the connection"};
      }
      if (progress == Progress::failed) co_return self->broken();
      co_await self->wait_for(progress);
    }
    co_return Failure{Reason::connection_lost, {}};
  }

  asio::awaitable<std::optional<Failure>> upgrade() {
    if (!partial.empty()) co_return Failure{Reason::tls_failed, target.host + " spoke on before TLS"};
    auto trouble = co_await secure();
    if (!alive() || trouble) co_return trouble ? std::move(trouble) : Failure{};
    to_secure = false;
    deadline.cancel();
    state = State::up;
    tell_up();
    if (!out.empty()) start_writing();
    co_return std::nullopt;
  }

  Failure broken() const {
    if (tls && !tls->failure().text.empty()) return tls->failure();
    return {Reason::connection_lost, "The connection to " + target.host + " broke: " + io_error.message()};
  }

  // -------------------------------------------------------------------------------------------------------
  // writing

  Progress write_some(const char* from, std::size_t size, std::size_t& taken) {
    if (tls) return tls->write(from, size, taken);
    auto n = ::send(socket.native_handle(), from, size, MSG_NOSIGNAL);
    if (n >= 0) {
      taken = static_cast<std::size_t>(n);
      return Progress::done;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return Progress::want_write;
    io_error = error_code(errno, boost::system::system_category());
    return Progress::failed;
  }

  void start_writing() {
    if (writing || (state != State::up && state != State::finishing)) return;
    writing = true;
    asio::post(loop, [self = shared_from_this()] { self->flush(); });
  }

  // Nearly always all is written at once and no coroutine is needed.
  void flush() {
    auto progress = write_now();
    if (progress == Progress::want_read || progress == Progress::want_write) {
      asio::co_spawn(loop, write_on(shared_from_this(), progress), asio::detached);
      return;
    }
    writing = false;
    if (progress == Progress::failed || progress == Progress::closed) return fail(broken());
    after_writing();
  }

  Progress write_now() {
    while (alive() && out_begin < out.size()) {
      std::size_t taken = 0;
      auto progress = write_some(out.data() + out_begin, out.size() - out_begin, taken);
      if (progress != Progress::done) return progress;
      out_begin += taken;
    }
    if (!alive()) return Progress::done;
    out_begin = 0;
    if (out.capacity() > 4096)
      out = {};
    else
      out.clear();
    return Progress::done;
  }

  static asio::awaitable<void> write_on(std::shared_ptr<Impl> self, Progress progress) {
    while (self->alive() && (progress == Progress::want_read || progress == Progress::want_write)) {
      co_await self->wait_for(progress);
      if (!self->alive()) break;
      progress = self->write_now();
    }
    self->writing = false;
    if (!self->alive()) co_return;
    if (progress == Progress::done)
      self->after_writing();
    else
      self->fail(self->broken());
  }

  void after_writing() {
    if (state == State::up && callbacks.drained) return callbacks.drained();
    if (state != State::finishing || write_end_sent) return;
    write_end_sent = true;
    if (tls) tls->shutdown();
    error_code ignored;
    socket.shutdown(tcp::socket::shutdown_send, ignored);
  }
};

LineStream::LineStream(asio::io_context& loop, std::shared_ptr<const TlsContext> context)
    : impl_(std::make_shared<Impl>(loop, std::move(context))) {}

LineStream::~LineStream() {
  if (impl_->state != Impl::State::finishing) close();
}

void LineStream::connect(Target target, Callbacks callbacks) {
  impl_->target = std::move(target);
  impl_->callbacks = std::move(callbacks);
  impl_->state = Impl::State::connecting;
  impl_->arm_deadline(impl_->target.timeout);
  auto self = impl_;
  asio::co_spawn(impl_->loop, Impl::run(std::move(self)), asio::detached);
}

bool LineStream::write(std::string_view bytes) { return append(bytes, {}); }

bool LineStream::write_line(std::string_view line) { return append(line, "\r\n"); }

bool LineStream::append(std::string_view bytes, std::string_view end) {
  if (impl_->state != Impl::State::connecting && impl_->state != Impl::State::up) return false;
  if (queued() + bytes.size() + end.size() > impl_->target.max_queue) return false;
  if (impl_->out_begin > std::size_t{64} * 1024) {
    impl_->out.erase(0, impl_->out_begin);
    impl_->out_begin = 0;
  }
  impl_->out.append(bytes).append(end);
  impl_->start_writing();
  return true;
}

std::size_t LineStream::queued() const { return impl_->out.size() - impl_->out_begin; }

void LineStream::start_tls(TlsOptions options, std::chrono::milliseconds timeout) {
  if (impl_->state != Impl::State::up || impl_->tls) return;
  impl_->state = Impl::State::connecting;
  impl_->to_secure = true;
  impl_->target.tls_options = std::move(options);
  impl_->arm_deadline(timeout);
}

void LineStream::hold(bool held) {
  impl_->held = held;
  if (!held) impl_->gate.cancel();
}

// The callbacks stay where they are: the one that runs now may be what calls us.
void LineStream::close() {
  impl_->shut();
  impl_->finished = nullptr;
}

void LineStream::finish(std::chrono::milliseconds limit, std::function<void()> done) {
  if (impl_->state != Impl::State::up) {
    impl_->shut();
    if (done) asio::post(impl_->loop, std::move(done));
    return;
  }
  impl_->state = Impl::State::finishing;
  impl_->finished = done ? std::move(done) : [] {};
  impl_->held = false;
  impl_->gate.cancel();
  impl_->arm_deadline(limit);
  if (!impl_->writing) impl_->start_writing();
}

}  // namespace dragoman::net
