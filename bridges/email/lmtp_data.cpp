#include "bridges/email/lmtp_data.hpp"

#include <algorithm>
#include <cstring>

namespace dragoman::email {
namespace {

const char* find_byte(const char* from, const char* to, char wanted) {
  const void* found = from == to ? nullptr : std::memchr(from, wanted, static_cast<std::size_t>(to - from));
  return found ? static_cast<const char*>(found) : to;
}

}  // namespace

void LmtpData::begin(std::size_t expected) {
  mail_ = {};
  if (expected > 0) mail_.reserve(expected);
  size_ = line_ = 0;
  state_ = State::line_start;
  bare_ = long_line_ = false;
}

std::size_t LmtpData::take(std::string_view bytes) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  while (at != end && state_ != State::ended) {
    switch (state_) {
      case State::line_start:
        state_ = *at == '.' ? State::dot : State::in_line;
        if (state_ == State::dot) ++at;
        break;
      case State::dot:
        state_ = *at == '\r' ? State::dot_cr : State::in_line;
        if (state_ == State::dot_cr) ++at;
        break;
      case State::dot_cr:
        if (*at == '\n') {
          state_ = State::ended;
          ++at;
        } else {
          bare_ = true;
          state_ = State::in_line;
        }
        break;
      case State::in_line: at = take_line(at, end); break;
      case State::in_line_cr:
        if (*at == '\n') {
          if (++line_ > line_bytes_) long_line_ = true;
          keep(at, at + 1);
          ++at;
          line_ = 0;
          state_ = State::line_start;
        } else {
          bare_ = true;
          state_ = State::in_line;
        }
        break;
      case State::ended: break;
    }
  }
  return static_cast<std::size_t>(at - bytes.data());
}

// As many whole lines as there are: they are kept at once, up to the first that begins with a dot.
const char* LmtpData::take_line(const char* at, const char* end) {
  const char* const from = at;
  while (at != end) {
    const char* const cr = find_byte(at, end, '\r');
    // A LF that no CR stands before ends no line: what comes after it is no line's beginning.
    if (find_byte(at, cr, '\n') != cr) bare_ = true;
    line_ += static_cast<std::size_t>(cr - at);
    if (cr == end) {
      at = end;
      break;
    }
    ++line_;
    at = cr + 1;
    if (at == end || *at != '\n') {
      state_ = State::in_line_cr;
      break;
    }
    ++at;
    if (++line_ > line_bytes_) long_line_ = true;
    line_ = 0;
    if (at == end || *at == '.') {
      state_ = State::line_start;
      break;
    }
  }
  if (line_ > line_bytes_) long_line_ = true;
  keep(from, at);
  return at;
}

void LmtpData::keep(const char* from, const char* to) {
  const auto count = static_cast<std::size_t>(to - from);
  size_ += count;
  if (bare_ || long_line_ || size_ > mail_bytes_) {
    mail_ = {};
  } else {
    mail_.append(from, count);
  }
}

std::optional<LmtpReply> LmtpData::verdict() const {
  if (bare_) return LmtpReply{554, "5.5.2 the mail has CR or LF without the other"};
  if (size_ > mail_bytes_) return LmtpReply{552, "5.3.4 the mail is too large"};
  if (long_line_) return LmtpReply{554, "5.6.0 a line of the mail is too long"};
  return {};
}

}  // namespace dragoman::email
