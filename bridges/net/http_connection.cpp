#include "bridges/net/http_connection.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <sys/socket.h>

#include "bridges/net/http_reply.hpp"
#include "bridges/net/http_text.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::net {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr std::uint32_t max_header = 16 * 1024;
constexpr std::size_t read_size = std::size_t{16} * 1024;
constexpr std::size_t largest_kept = std::size_t{64} * 1024;  // of buffers, while nothing goes on
constexpr std::size_t low_water = std::size_t{64} * 1024;
constexpr std::chrono::milliseconds linger_time{2'000};

std::string_view path_and_query(std::string_view target) {
  // A server takes the absolute form too (RFC 9112, 3.2.2).
  for (std::string_view scheme : {"http://", "https://"}) {
    if (target.substr(0, scheme.size()) != scheme) continue;
    auto slash = target.find('/', scheme.size());
    return slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  return target;
}

}  // namespace

Connection::Connection(asio::ip::tcp::socket&& socket, std::shared_ptr<Shared> shared)
    : socket_(std::move(socket)), shared_(std::move(shared)) {
  error_code ignored;
  auto remote = socket_.remote_endpoint(ignored);
  if (!ignored) remote_ = remote.address().to_string(ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  set_deadline(shared_->options.timeout);
}

void Connection::start() { read(); }

void Connection::stop() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  error_code ignored;
  socket_.close(ignored);
  if (auto reply = reply_.lock()) reply->forget();
  if (!shared_->stopped) shared_->closed(this);
}

void Connection::refuse() { refuse(503, "M_LIMIT_EXCEEDED", "There are too many connections"); }

void Connection::check_deadline() {
  if (Clock::now() < deadline_) return;
  if (state_ == State::reading) return refuse(408, "M_UNKNOWN", "The request took too long to arrive");
  if (state_ == State::answering && !writing_) return;  // it is the handler that takes its time
  if (state_ == State::answering) return lost();
  stop();
}

// ----------------------------------------------------------------------------------------------------
// reading

void Connection::read() {
  if (std::exchange(reading_, true)) return;
  auto space = in_.prepare(read_size);
  socket_.async_read_some(space, [self = shared_from_this()](const error_code& error, std::size_t size) {
    self->reading_ = false;
    if (self->state_ == State::closed) return;
    if (error) return self->stop();
    if (self->state_ == State::answering) return;  // what came too late to be read
    if (self->state_ == State::lingering) return self->read();
    self->in_.commit(size);
    self->feed();
  });
}

void Connection::feed() {
  if (state_ == State::idle) {
    if (in_.size() == 0) {
      in_.shrink_to_fit();
      return read();
    }
    state_ = State::reading;
    header_seen_ = false;
    set_deadline(shared_->options.timeout);
    parser_.emplace();
    parser_->header_limit(max_header);
    parser_->body_limit(shared_->options.max_body);
    parser_->eager(true);
  }
  error_code error;
  in_.consume(parser_->put(in_.data(), error));
  if (error == http::error::need_more) error = {};
  if (error) return bad_request(error);
  if (parser_->is_header_done() && !std::exchange(header_seen_, true)) header_done();
  if (!parser_->is_done()) return read();
  dispatch();
}

void Connection::header_done() {
  if (parser_->is_done()) return;
  auto expected = parser_->get().find(http::field::expect);
  if (expected == parser_->get().end()) return;
  if (ascii_lower({expected->value().data(), expected->value().size()}) != "100-continue") return;
  append("HTTP/1.1 100 Continue\r\n\r\n");
  flush();
}

void Connection::bad_request(const error_code& error) {
  if (error == http::error::body_limit) return refuse(413, "M_TOO_LARGE", "The request's body is too large");
  if (error == http::error::header_limit)
    return refuse(431, "M_TOO_LARGE", "The request's head is too large");
  refuse(400, "M_UNKNOWN", "That is no HTTP request");
}

void Connection::refuse(int status, std::string_view errcode, std::string_view words) {
  state_ = State::answering;
  auto reply = std::make_shared<Reply>(weak_from_this(), false, false, false);
  std::string body;
  body.append(R"({"errcode":")").append(errcode).append(R"(","error":")").append(words).append("\"}");
  reply->send(status, {{"Content-Type", "application/json"}}, std::move(body));
}

void Connection::dispatch() {
  state_ = State::answering;
  ++round_;
  answer_whole_ = waits_for_drain_ = false;
  deadline_ = Clock::time_point::max();
  auto message = parser_->release();
  parser_.reset();

  ServedRequest request;
  auto method = message.method_string();
  request.method.assign(method.data(), method.size());
  auto target = path_and_query({message.target().data(), message.target().size()});
  auto mark = target.find('?');
  request.path = target.substr(0, mark);
  if (mark != std::string_view::npos) request.query = target.substr(mark + 1);
  for (const auto& field : message) {
    request.headers.emplace_back(ascii_lower({field.name_string().data(), field.name_string().size()}),
                                 std::string_view(field.value().data(), field.value().size()));
  }
  request.body = std::move(message.body());
  request.remote = remote_;

  auto reply = std::make_shared<Reply>(weak_from_this(), request.method == "HEAD", message.version() < 11,
                                       message.keep_alive());
  reply_ = reply;
  if (request.path.empty() || (request.path[0] != '/' && request.path != "*")) {
    return reply->send(400, {{"Content-Type", "application/json"}},
                       R"({"errcode":"M_UNKNOWN","error":"That is no path"})");
  }
  auto shared = shared_;  // the handler may end the server
  shared->handler(std::move(request), reply);
  auto open = reply->open();
  reply.reset();
  if (open) watch_for_end();
}

// While the answer is being thought about nothing is read, so that the peer's going would be unseen.
void Connection::watch_for_end() {
  socket_.async_wait(asio::ip::tcp::socket::wait_read,
                     [self = shared_from_this(), mine = round_](const error_code& error) {
                       if (error || self->state_ != State::answering || self->round_ != mine) return;
                       char byte = 0;
                       auto got = recv(self->socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
                       if (got > 0) return;  // the next request, early
                       if (got < 0 && (errno == EAGAIN || errno == EINTR)) return self->watch_for_end();
                       self->lost();
                     });
}

// ----------------------------------------------------------------------------------------------------
// writing

void Connection::flush() {
  if (writing_ || out_.empty() || state_ == State::closed) return;
  flying_.swap(out_);
  out_.clear();
  flown_ = 0;
  write_some();
}

void Connection::write_some() {
  writing_ = true;
  set_deadline(shared_->options.timeout);
  socket_.async_write_some(asio::buffer(flying_) + flown_,
                           [self = shared_from_this()](const error_code& error, std::size_t size) {
                             self->writing_ = false;
                             if (self->state_ == State::closed) return;
                             if (error) return self->lost();
                             self->flown_ += size;
                             if (self->flown_ < self->flying_.size()) {
                               self->write_some();
                             } else {
                               self->flying_.clear();
                               self->flown_ = 0;
                               self->flush();
                             }
                             self->written();
                           });
}

void Connection::written() {
  if (state_ != State::answering) return;
  if (!writing_ && !answer_whole_) deadline_ = Clock::time_point::max();
  if (waits_for_drain_ && queued() <= low_water) {
    waits_for_drain_ = false;
    if (auto reply = reply_.lock()) reply->drained();
  }
  if (state_ == State::answering && !writing_ && answer_whole_) answered(keep_);
}

void Connection::answered(bool keep) {
  answer_whole_ = true;
  keep_ = keep;
  flush();
  if (writing_) return;
  reply_.reset();
  if (!keep_) return linger();
  if (flying_.capacity() > largest_kept) flying_ = {};
  if (out_.capacity() > largest_kept) out_ = {};
  state_ = State::idle;
  set_deadline(shared_->options.idle);
  feed();
}

// Closed at once, with bytes of the peer unread, the connection would be reset, and the answer lost.
void Connection::linger() {
  state_ = State::lingering;
  set_deadline(linger_time);
  error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  in_.clear();
  read();
}

void Connection::lost() {
  auto reply = reply_.lock();
  reply_.reset();
  stop();
  if (reply && !reply->over()) reply->closed();
}

}  // namespace dragoman::net
