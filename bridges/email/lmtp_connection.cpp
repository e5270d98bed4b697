#include "bridges/email/lmtp_connection.hpp"

#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace dragoman::email {

namespace asio = boost::asio;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t most_unread = std::size_t{64} * 1024;  // bytes of replies for one who does not read
constexpr std::size_t at_rest = 4096;                        // bytes that a connection holds between mails
constexpr std::chrono::seconds last_words_time{5};

}  // namespace

LmtpConnection::LmtpConnection(Socket&& socket, std::shared_ptr<Shared> shared)
    : socket_(std::move(socket)),
      shared_(std::move(shared)),
      dialogue_(*shared_->handler, shared_->options.limits) {
  error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);  // a Unix socket has no such thing
  set_deadline();
}

void LmtpConnection::start() {
  out_ = dialogue_.greeting();
  write();
  read();
}

void LmtpConnection::refuse() { finish("421 4.3.2 there are too many connections\r\n"); }

void LmtpConnection::set_deadline() { deadline_ = Clock::now() + shared_->options.idle; }

void LmtpConnection::go_on() {
  if (!open_ || reading_) return;
  set_deadline();
  read();
}

void LmtpConnection::close() {
  if (!std::exchange(open_, false)) return;
  shared_->memory -= std::exchange(held_, 0);
  if (shared_->favoured == this) shared_->favoured = nullptr;
  error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  socket_.close(ignored);
  if (shared_->stopped) return;
  const auto shared = shared_;  // closed() may let go of this
  shared->closed(this);
  if (shared->starved) shared->freed();
}

void LmtpConnection::check_deadline(Clock::time_point now) {
  // Who waits for us is not idle.
  if (!open_ || now < deadline_ || (!reading_ && !writing_)) return;
  if (writing_) return close();
  goodbye(false);
}

// ----------------------------------------------------------------------------------------------------
// reading

bool LmtpConnection::may_read() {
  if (!open_ || reading_ || ending_ || leaving_ || shared_->held || dialogue_.waiting()) return false;
  if (out_.size() + flying_.size() > most_unread) return false;
  if (shared_->memory < shared_->options.memory) return true;
  // One that is in a mail may go on even so: else all would wait for each other.
  if (!shared_->favoured && held_ > at_rest) shared_->favoured = this;
  if (shared_->favoured == this) return true;
  shared_->starved = true;
  return false;
}

void LmtpConnection::read() {
  if (!may_read()) return;
  reading_ = true;
  socket_.async_read_some(asio::buffer(buffer_),
                          [self = shared_from_this()](const error_code& error, std::size_t size) {
                            self->reading_ = false;
                            if (!self->open_ || self->ending_ || self->shared_->stopped) return;
                            if (error) return self->close();
                            self->set_deadline();
                            self->dialogue_.on_bytes({self->buffer_.data(), size}, self->out_);
                            self->took();
                          });
}

void LmtpConnection::took() {
  count();
  if (dialogue_.waiting()) {
    shared_->waits(shared_from_this());
  } else if (leaving_) {
    return finish(dialogue_.goodbye(true));
  } else if (dialogue_.closed()) {
    return finish({});
  }
  write();
  read();
}

void LmtpConnection::settled(bool kept) {
  if (!open_) return;
  dialogue_.settled(kept, out_);
  set_deadline();
  took();
}

void LmtpConnection::count() {
  const std::size_t now = dialogue_.held();
  const bool less = now < held_;
  shared_->memory += now;
  shared_->memory -= std::exchange(held_, now);
  if (!less) return;
  if (shared_->favoured == this && now <= at_rest) shared_->favoured = nullptr;
  if (shared_->starved) shared_->freed();
}

// ----------------------------------------------------------------------------------------------------
// writing

void LmtpConnection::goodbye(bool shutdown) {
  if (!open_ || ending_) return;
  if (dialogue_.waiting()) {
    leaving_ = true;
  } else {
    finish(dialogue_.goodbye(shutdown));
  }
}

void LmtpConnection::finish(std::string_view last_words) {
  ending_ = true;
  out_ += last_words;
  deadline_ = Clock::now() + last_words_time;
  if (writing_) return;
  if (out_.empty()) {
    close();
  } else {
    write();
  }
}

void LmtpConnection::write() {
  if (!open_ || writing_) return;
  if (flying_.empty()) {
    if (out_.empty()) return;
    flying_.swap(out_);
  }
  writing_ = true;
  socket_.async_write_some(asio::buffer(flying_) + flown_,
                           [self = shared_from_this()](const error_code& error, std::size_t size) {
                             self->writing_ = false;
                             if (!self->open_ || self->shared_->stopped) return;
                             if (error) return self->close();
                             self->flown_ += size;
                             self->wrote();
                           });
}

void LmtpConnection::wrote() {
  if (flown_ == flying_.size()) {
    flying_.clear();
    flown_ = 0;
  }
  if (ending_ && flying_.empty() && out_.empty()) return close();
  write();
  read();
}

}  // namespace dragoman::email
