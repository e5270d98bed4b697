#include "bridges/net/http_reply.hpp"

#include <algorithm>
#include <charconv>

#include <boost/beast/http/status.hpp>

#include "bridges/net/http_text.hpp"

namespace dragoman::net {

namespace {

constexpr std::size_t high_water = std::size_t{256} * 1024;  // bytes that wait to be written

void put_number(std::string& out, std::uint64_t value, int base) {
  char digits[24];
  auto end = std::to_chars(std::begin(digits), std::end(digits), value, base).ptr;
  out.append(digits, end);
}

}  // namespace

Reply::Reply(std::weak_ptr<Connection> connection, bool head_only, bool http_1_0, bool keep)
    : connection_(std::move(connection)), head_only_(head_only), http_1_0_(http_1_0), keep_(keep) {}

Reply::~Reply() {
  if (begun_ && !over_) Reply::abort();
  if (over_) return;
  Reply::send(500, {{"Content-Type", "application/json"}},
              R"({"errcode":"M_UNKNOWN","error":"The request was not answered"})");
}

bool Reply::open() const {
  auto to = connection_.lock();
  return !over_ && to && to->state_ == Connection::State::answering;
}

void Reply::put_head(Connection& to, int status, const HttpHeaders& headers,
                     std::optional<std::uint64_t> length) {
  begun_ = true;
  bodyless_ = status == 204 || status == 304 || (status >= 100 && status < 200);
  left_ = length;
  chunked_ = !length && !bodyless_ && !http_1_0_;
  if (!length && !bodyless_ && http_1_0_) keep_ = false;  // its end is the connection's

  auto& out = to.out_;
  out.append("HTTP/1.1 ");
  put_number(out, static_cast<std::uint64_t>(std::clamp(status, 100, 999)), 10);
  auto words = boost::beast::http::obsolete_reason(
      boost::beast::http::int_to_status(static_cast<unsigned>(std::clamp(status, 100, 999))));
  out.append(" ").append(words.data(), words.size()).append("\r\nDate: ").append(to.shared_->date);
  for (const auto& [name, value] : headers) {
    if (!is_header_name(name) || !is_header_value(value)) continue;
    out.append("\r\n").append(name).append(": ").append(value);
  }
  if (length && !bodyless_) {
    out.append("\r\nContent-Length: ");
    put_number(out, *length, 10);
  }
  if (chunked_) out.append("\r\nTransfer-Encoding: chunked");
  if (!keep_) {
    out.append("\r\nConnection: close");
  } else if (http_1_0_) {
    out.append("\r\nConnection: keep-alive");
  }
  out.append("\r\n\r\n");
}

void Reply::put_data(Connection& to, std::string_view data) {
  if (left_) {
    data = data.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(data.size(), *left_)));
    *left_ -= data.size();
  }
  if (data.empty() || head_only_ || bodyless_) return;
  if (chunked_) {
    put_number(to.out_, data.size(), 16);
    to.out_.append("\r\n");
  }
  to.out_.append(data);
  if (chunked_) to.out_.append("\r\n");
}

void Reply::finish(Connection& to) {
  // Less than was promised: the peer learns of it by the connection's end alone.
  if (left_.value_or(0) > 0 && !head_only_ && !bodyless_) return abort();
  if (chunked_ && !head_only_) to.out_.append("0\r\n\r\n");
  over_ = true;
  forget();
  to.answered(keep_);
}

void Reply::send(int status, HttpHeaders headers, std::string body) {
  auto to = connection_.lock();
  if (!to || !open() || begun_) return;
  put_head(*to, status, headers, body.size());
  put_data(*to, body);
  finish(*to);
}

void Reply::begin(int status, HttpHeaders headers, std::optional<std::uint64_t> length) {
  auto to = connection_.lock();
  if (!to || !open() || begun_) return;
  put_head(*to, status, headers, length);
  to->flush();
}

bool Reply::write(std::string_view data) {
  auto to = connection_.lock();
  if (!to || !open() || !begun_) return true;
  put_data(*to, data);
  to->flush();
  if (to->queued() < high_water) return true;
  to->waits_for_drain_ = true;
  return false;
}

void Reply::end() {
  auto to = connection_.lock();
  if (!to || !open() || !begun_) return;
  finish(*to);
}

void Reply::abort() {
  auto to = connection_.lock();
  bool was_open = to && open();
  over_ = true;
  forget();
  if (was_open) to->stop();
}

void Reply::drained() {
  auto call = on_drained;  // it may be replaced, or forgotten, by what it does
  if (!over_ && call) call();
}

void Reply::closed() {
  over_ = true;
  auto call = std::move(on_closed);
  forget();
  if (call) call();
}

void Reply::forget() {
  on_drained = nullptr;
  on_closed = nullptr;
}

}  // namespace dragoman::net
