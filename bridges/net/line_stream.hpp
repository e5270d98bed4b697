// A line-based connection, plain or TLS: connects, yields lines, takes lines. Lines end with LF; a CR before
// it is cut off, empty lines are skipped.
//
// All callbacks come from the loop, never from within a call to the stream, and none comes after close() or
// after the stream was destroyed; a callback may do either, and must not own the stream. An idle stream holds
// no buffer.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "bridges/net/tls.hpp"
#include "bridges/reason.hpp"

namespace boost::asio {
class io_context;
}

namespace dragoman::net {

struct Target {
  std::string host;
  std::uint16_t port = 0;
  bool tls = false;
  TlsOptions tls_options;
  std::string bind_address;                       // numeric source address; empty: any
  std::chrono::milliseconds timeout{30'000};      // of name lookup, connection and handshake together
  std::size_t max_line = std::size_t{16} * 1024;  // bytes; a longer one ends the connection
  std::size_t max_queue = 1 << 20;                // bytes that wait to be written
  bool public_only = false;  // somebody else named the host: no address of private networks (not_permitted)
};

struct Connected {
  std::string remote_address, local_address;  // numeric
  std::uint16_t remote_port = 0, local_port = 0;
  std::string tls;  // version and cipher; empty: plain
};

class LineStream {
 public:
  struct Callbacks {
    std::function<void(const Connected&)> reached;  // connected; TLS, if any, is still to be set up
    std::function<void(const Connected&)> up;
    std::function<void(std::string_view)> line;  // the view is good during the call
    // In place of `line`, for what is not lines alone: all that comes, as it comes. Whoever calls start_tls()
    // from within it has to see to it that nothing stands behind what asked for it.
    std::function<void(std::string_view)> bytes;
    // Could not connect, or lost, or the peer closed: once, and nothing after it. Reason: dns_failed,
    // connection_refused, not_permitted, tls_failed, certificate_invalid, timed_out or connection_lost.
    std::function<void(Failure)> down;
    std::function<void()> drained;  // all that was to be written has left
  };

  // `context` may be null where no TLS is asked for.
  LineStream(boost::asio::io_context& loop, std::shared_ptr<const TlsContext> context);
  LineStream(const LineStream&) = delete;
  LineStream& operator=(const LineStream&) = delete;
  ~LineStream();  // closes

  void connect(Target target, Callbacks callbacks);  // once

  // Appends to what waits to be written: all that one turn of the loop writes leaves in one system call.
  // False, and nothing taken, when the queue is full or the stream closed. `bytes` are whole lines with their
  // ends.
  bool write(std::string_view bytes);
  bool write_line(std::string_view line);  // the same, with CR LF after it
  std::size_t queued() const;

  // STARTTLS, from within `line` or `bytes`: what is written from now on waits for TLS; then `up` is called
  // once more. Whoever has sent anything behind that line meant it to be taken for what comes by TLS:
  // tls_failed.
  void start_tls(TlsOptions options, std::chrono::milliseconds timeout);

  // While held nothing is read: TCP slows the peer down. `line` is not called.
  void hold(bool held);

  void close();  // at once, without a callback
  // Writes what waits, tells the peer that nothing follows, waits for its end for at most `limit`, then
  // closes and calls `done`. No other callback comes any more.
  void finish(std::chrono::milliseconds limit, std::function<void()> done);

 private:
  bool append(std::string_view bytes, std::string_view end);

  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace dragoman::net
