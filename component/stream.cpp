#include "component/stream.hpp"

#include <chrono>
#include <random>
#include <utility>
#include <vector>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <spdlog/spdlog.h>

#include "bridges/net/backoff.hpp"
#include "component/digest.hpp"
#include "component/errors.hpp"
#include "component/refusal.hpp"

namespace dragoman {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view stream_errors = "urn:ietf:params:xml:ns:xmpp-streams";
constexpr auto handshake_limit = 15s;
constexpr auto goodbye_limit = 1500ms;
// A link that lasted less counts as another failed attempt: a server that lets us in and throws us out at
// once is not to be asked twice a second.
constexpr auto settled = 10s;
// A peer that takes nothing for so long is gone, whatever TCP still hopes for.
constexpr int unacknowledged_ms = 60'000;
constexpr std::size_t read_bytes = 64 << 10;
constexpr std::size_t kept_bytes = 256 << 10;  // of an empty write buffer
// Beyond this many times the high mark, back-pressure has failed and the link is given up: memory is bounded.
constexpr std::size_t give_up_factor = 16;

enum class State {
  idle,
  connecting,
  greeting,  // TCP is there, the handshake is under way
  up,
  closing,  // what is queued is still written, then the socket is closed
  waiting,  // for the next attempt
  stopped,
};

void set_option(tcp::socket& socket, int level, int name, int value) {
  // Refused by some kernels for some families; the link works without.
  static_cast<void>(::setsockopt(socket.native_handle(), level, name, &value, sizeof value));
}

}  // namespace

struct Stream::Impl : std::enable_shared_from_this<Stream::Impl> {
  asio::io_context& loop;
  Options options;
  Handlers handlers;
  State state = State::idle;
  std::uint64_t link = 0;  // number of the connection: what belongs to an earlier one is ignored
  tcp::resolver resolver;
  tcp::socket socket;
  asio::steady_timer timer;
  XmlStreamParser parser;
  std::vector<char> input;
  std::string pending, writing;  // appended to; on its way
  std::uint64_t left = 0;        // bytes that were written, since ever
  std::size_t written = 0;       // of `writing`
  bool write_busy = false, flush_posted = false, pressed = false;
  bool stopping = false;
  bool silent = false;  // no handler is called any more
  std::function<void()> stopped;
  net::Backoff backoff{500ms, 60s};
  std::minstd_rand random{std::random_device{}()};
  std::chrono::steady_clock::time_point up_since{};
  std::string told;  // the last words for an admin: not told twice in a row

  Impl(asio::io_context& l, Options o, Handlers h)
      : loop(l),
        options(std::move(o)),
        handlers(std::move(h)),
        resolver(loop),
        socket(loop),
        timer(loop),
        parser({options.max_stanza_bytes, 64},
               {[this](const Element& header) { on_header(header); },
                [this](Element&& element) { on_element(std::move(element)); },
                [this] { lost("the server closed the stream"); },
                [this](Element&& element, const std::string& why) { on_refused_stanza(element, why); }}) {}

  Door door() const { return {options.host, options.port, options.domain}; }

  // ------------------------------------------------------------------------------------------------- the way
  // up

  void connect() {
    state = State::connecting;
    const std::uint64_t mine = ++link;
    parser.reset();
    limit_handshake(mine);
    resolver.async_resolve(
        options.host, std::to_string(options.port),
        [self = shared_from_this(), mine](error_code failed, const tcp::resolver::results_type& found) {
          if (mine != self->link) return;
          if (failed) return self->unreachable(failed);
          asio::async_connect(self->socket, found, [self, mine](error_code refused, const tcp::endpoint&) {
            if (mine != self->link) return;
            if (refused) return self->unreachable(refused);
            self->greet(mine);
          });
        });
  }

  void limit_handshake(std::uint64_t mine) {
    timer.expires_after(handshake_limit);
    timer.async_wait([self = shared_from_this(), mine](error_code cancelled) {
      if (cancelled || mine != self->link) return;
      self->refused(silent_words(self->door()));
    });
  }

  void greet(std::uint64_t mine) {
    state = State::greeting;
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    socket.set_option(asio::socket_base::keep_alive(true), ignored);
    set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, unacknowledged_ms);
    set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, 60);
    set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, 20);
    set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, 3);
    pending =
        "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' "
        "xmlns:stream='http://etherx.jabber.org/streams' to='";
    xml_escape(pending, options.domain);
    pending += "'>";
    flush();
    input.resize(read_bytes);
    read(mine);
  }

  void on_header(const Element& header) {
    if (state != State::greeting) return;
    const std::string* id = header.attr("id");
    if (header.name != "stream" || header.ns != ns::stream || !id) {
      refused(stranger_words(door()));
      return;
    }
    // XEP-0114, 3: the hex of SHA-1 over id and secret, lower case.
    XmlWriter(pending).element("handshake", sha1_hex(*id + options.secret));
    flush();
  }

  void on_element(Element&& element) {
    if (state != State::greeting && state != State::up) return;  // ended by what came just before
    if (element.ns == ns::stream && element.name == "error") {
      on_stream_error(element);
      return;
    }
    if (state == State::up) {
      on_stanza(std::move(element));
      return;
    }
    if (state == State::greeting && element.name == "handshake" && element.ns == ns::component) {
      state = State::up;
      up_since = std::chrono::steady_clock::now();
      told.clear();
      timer.cancel();
      if (!silent) handlers.on_up();
    }
  }

  void on_stream_error(const Element& error) {
    std::string_view condition = "undefined-condition", text;
    for (const Element& child : error.children) {
      if (child.ns != stream_errors) continue;
      (child.name == "text" ? text : condition) = child.name == "text" ? child.text : child.name;
    }
    // Both mean that somebody has to do something; anything else passes by itself.
    const bool for_admin = state == State::greeting || condition == "conflict";
    // A port for clients says so of our namespace.
    const std::string words =
        condition == "invalid-namespace" ? stranger_words(door()) : refusal_words(door(), condition, text);
    if (for_admin) {
      refused(words);
    } else {
      lost(words);
    }
  }

  void on_stanza(Element&& element) {
    std::string why;
    std::optional<Stanza> stanza = Stanza::from_element(std::move(element), why);
    if (stanza) {
      if (!silent) handlers.on_stanza(std::move(*stanza));
      return;
    }
    spdlog::warn("{}: a stanza was dropped: {}", options.domain, why);
    // It was taken only if it became a stanza.
    if (element.name == "iq")  // NOLINT(bugprone-use-after-move)
      answer_broken(element, {"modify", "jid-malformed", "This address is no valid one.", 400});
  }

  // Whoever sent it must not end the stream for everybody else (XEP-0205).
  void on_refused_stanza(const Element& element, const std::string& why) {
    if (state != State::up) return;
    spdlog::warn("{}: a stanza was dropped: {}", options.domain, why);
    if (element.ns == ns::component)
      answer_broken(element, policy_violation("This is refused: " + why + "."));
  }

  // Every iq is answered, also one whose address we can't read: the server can, since it brought it here.
  // from_element leaves what it refuses as it was.
  void answer_broken(const Element& element, const StanzaError& error) {
    const std::string_view type = element.attr_or("type"), from = element.attr_or("from"),
                           to = element.attr_or("to");
    const bool request = element.name == "iq" && (type == "get" || type == "set");
    if (from.empty() || (!request && (element.name != "message" || type == "error"))) return;
    const std::size_t slash = to.find('/');
    const std::size_t sign = to.substr(0, slash).rfind('@');
    const std::size_t begin = sign == std::string_view::npos ? 0 : sign + 1;
    // A server throws out a component that speaks for a domain of others.
    if (to.substr(0, slash).substr(begin) != options.domain) return;
    std::string reply;
    XmlWriter out(reply);
    out.open(element.name)
        .attr("type", "error")
        .attr("from", to)
        .attr("to", from)
        .attr_if("id", element.attr_or("id"));
    write_error(out, error);
    out.close();
    send(reply);
  }

  // ------------------------------------------------------------------------------------------------- the way
  // down

  void unreachable(error_code why) { refused(unreachable_words(door(), why.message())); }

  // Somebody has to change something. Tried again all the same.
  void refused(const std::string& words) {
    down(State::waiting);
    if (words == told || silent) return;
    told = words;
    handlers.on_refused(words);
  }

  void lost(const std::string& why) {
    if (state == State::waiting || state == State::stopped) return;
    if (state == State::greeting) {
      refused(hung_up_words(door()));
      return;
    }
    if (state == State::up) spdlog::warn("{}: the link to the XMPP server is lost: {}", options.domain, why);
    down(State::waiting);
  }

  // Ours to end: the server's XML can't be read on.
  void end_by_error() {
    spdlog::error("{}: the XMPP server sent what can't be read on ({}: {}); connecting anew", options.domain,
                  parser.error(), parser.error_text());
    XmlWriter out(pending);
    out.open("stream:error").open(parser.error(), stream_errors).close();
    out.element("text", parser.error_text(), stream_errors).close();
    say_goodbye();
  }

  void say_goodbye() {
    const bool was_up = state == State::up;
    state = State::closing;
    pending += "</stream:stream>";
    const std::uint64_t mine = link;
    timer.expires_after(goodbye_limit);
    timer.async_wait([self = shared_from_this(), mine](error_code cancelled) {
      if (!cancelled && mine == self->link) self->down(State::waiting);
    });
    flush();
    if (was_up && !stopping) told_down();
  }

  // The queue is empty and the stream is ended on our side. The server's own end is waited for only when the
  // whole program stops: what it still reads is then not cut off by a reset.
  void goodbye_written() {
    if (!stopping) return down(State::waiting);
    error_code ignored;
    socket.shutdown(tcp::socket::shutdown_send, ignored);
  }

  void down(State next) {
    const bool was_up = state == State::up;
    ++link;
    timer.cancel();
    resolver.cancel();
    error_code ignored;
    socket.close(ignored);
    pending = std::string();
    writing = std::string();
    written = 0;
    write_busy = false;
    state = next;
    if (stopping) return finish_stop();
    if (was_up) told_down();
    if (state == State::waiting) wait();  // unless a handler has stopped us
  }

  void told_down() {
    if (std::exchange(pressed, false) && !silent) handlers.on_pressure(false);
    if (!silent) handlers.on_down();
  }

  void wait() {
    const bool lasted = up_since != std::chrono::steady_clock::time_point{} &&
                        std::chrono::steady_clock::now() - up_since > settled;
    up_since = {};
    if (lasted) backoff.reset();
    timer.expires_after(backoff.next(static_cast<std::uint32_t>(random())));
    timer.async_wait([self = shared_from_this(), mine = link](error_code cancelled) {
      if (!cancelled && mine == self->link) self->connect();
    });
  }

  void finish_stop() {
    state = State::stopped;
    if (!stopped) return;
    asio::post(loop, std::exchange(stopped, nullptr));
  }

  // ------------------------------------------------------------------------------------------------ bytes in
  // and out

  void read(std::uint64_t mine) {
    socket.async_read_some(
        asio::buffer(input), [self = shared_from_this(), mine](error_code failed, std::size_t n) {
          if (mine != self->link) return;
          if (failed) return self->lost(failed == asio::error::eof ? "the server hung up" : failed.message());
          if (self->state == State::closing) return self->read(mine);  // nothing is taken any more
          const bool good = self->parser.feed({self->input.data(), n});
          if (mine != self->link) return;  // a handler has ended it
          if (!good && self->state == State::greeting) return self->refused(stranger_words(self->door()));
          if (!good && self->state == State::up) self->end_by_error();
          self->read(mine);
        });
  }

  bool send(std::string_view stanza) {
    if (state != State::up || stopping) return false;
    pending += stanza;
    const std::size_t size = queued();
    if (!pressed && size > options.high_water) {
      pressed = true;
      if (!silent) handlers.on_pressure(true);
    }
    if (size > give_up_factor * options.high_water) {
      lost("the server does not take what is sent to it");
      return false;
    }
    // All that one turn of the loop has to say leaves in one write.
    if (!write_busy && !flush_posted) {
      flush_posted = true;
      asio::post(loop, [self = shared_from_this()] {
        self->flush_posted = false;
        self->flush();
      });
    }
    return true;
  }

  std::size_t queued() const { return pending.size() + writing.size() - written; }

  void flush() {
    if (write_busy || pending.empty() || !socket.is_open()) return;
    if (!silent && handlers.before_write) handlers.before_write();
    writing.swap(pending);
    written = 0;
    write_busy = true;
    write_some();
  }

  void write_some() {
    socket.async_write_some(asio::buffer(writing.data() + written, writing.size() - written),
                            [self = shared_from_this(), mine = link](error_code failed, std::size_t n) {
                              if (mine == self->link) self->on_written(failed, n);
                            });
  }

  void on_written(error_code failed, std::size_t n) {
    if (failed) return lost(failed.message());
    written += n;
    left += n;
    const std::uint64_t mine = link;
    if (!silent && handlers.on_written) handlers.on_written(left);
    if (mine != link) return;
    if (pressed && queued() < options.low_water) {
      pressed = false;
      if (!silent) handlers.on_pressure(false);
      if (mine != link) return;
    }
    if (written < writing.size()) return write_some();
    writing.clear();
    written = 0;
    if (writing.capacity() > kept_bytes) writing = std::string();
    write_busy = false;
    if (!pending.empty()) return flush();
    if (state == State::closing) goodbye_written();
  }

  // ----------------------------------------------------------------------------------------------------- the
  // end

  void stop(std::function<void()> done) {
    stopping = true;
    stopped = std::move(done);
    if (state == State::up) return say_goodbye();
    if (state != State::closing) down(State::stopped);  // a stream error on its way: its own limit ends it
  }

  // The owner is gone, maybe from within a handler.
  void abandon() {
    silent = true;
    stopping = true;
    down(State::stopped);
  }
};

Stream::Stream(asio::io_context& loop, Options options, Handlers handlers)
    : impl_(std::make_shared<Impl>(loop, std::move(options), std::move(handlers))) {}
Stream::~Stream() { impl_->abandon(); }
void Stream::start() {
  if (impl_->state == State::idle) impl_->connect();
}
bool Stream::send(std::string_view stanza) { return impl_->send(stanza); }
bool Stream::up() const { return impl_->state == State::up; }
std::size_t Stream::queued() const { return impl_->queued(); }

std::uint64_t Stream::sent() const { return impl_->left + impl_->queued(); }
void Stream::set_door(std::string host, std::uint16_t port, std::string secret) {
  impl_->options.host = std::move(host);
  impl_->options.port = port;
  impl_->options.secret = std::move(secret);
}
void Stream::stop(std::function<void()> done) { impl_->stop(std::move(done)); }

}  // namespace dragoman
