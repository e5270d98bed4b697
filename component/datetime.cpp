#include "component/datetime.hpp"

namespace dragoman {

namespace {

using namespace std::chrono;

// Reads from the front of what it holds; once something was amiss it stays so.
class Reader {
 public:
  explicit Reader(std::string_view text) : left_(text) {}

  int digits(std::size_t n) {
    int value = 0;
    if (left_.size() < n) ok_ = false;
    for (std::size_t i = 0; ok_ && i < n; ++i) {
      if (left_[i] < '0' || left_[i] > '9') ok_ = false;
      value = 10 * value + (left_[i] - '0');
    }
    if (ok_) left_.remove_prefix(n);
    return value;
  }
  void mark(char c) {
    if (!take(c)) ok_ = false;
  }
  bool take(char c) {
    if (!ok_ || !left_.starts_with(c)) return false;
    left_.remove_prefix(1);
    return true;
  }
  // Behind the point: as many digits as there are, at least one; three of them count.
  milliseconds fraction() {
    int value = 0;
    std::size_t n = 0;
    for (; n < left_.size() && left_[n] >= '0' && left_[n] <= '9'; ++n)
      if (n < 3) value = 10 * value + (left_[n] - '0');
    if (n == 0) ok_ = false;
    for (std::size_t i = n; i < 3; ++i) value *= 10;
    left_.remove_prefix(n);
    return milliseconds(value);
  }
  bool finished() const { return ok_ && left_.empty(); }

 private:
  std::string_view left_;
  bool ok_ = true;
};

void put(std::string& out, unsigned value, std::size_t digits) {
  const std::size_t end = out.size() + digits;
  out.resize(end, '0');
  for (std::size_t at = end; value > 0 && at > end - digits; value /= 10)
    out[--at] = static_cast<char>('0' + value % 10);
}

}  // namespace

std::string format_datetime(Time time) {
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<milliseconds>(time - day));
  std::string out;
  out.reserve(24);
  put(out, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  out += '-';
  put(out, static_cast<unsigned>(date.month()), 2);
  out += '-';
  put(out, static_cast<unsigned>(date.day()), 2);
  out += 'T';
  put(out, static_cast<unsigned>(clock.hours().count()), 2);
  out += ':';
  put(out, static_cast<unsigned>(clock.minutes().count()), 2);
  out += ':';
  put(out, static_cast<unsigned>(clock.seconds().count()), 2);
  if (const auto ms = clock.subseconds().count(); ms != 0) {
    out += '.';
    put(out, static_cast<unsigned>(ms), 3);
  }
  out += 'Z';
  return out;
}

std::optional<Time> parse_datetime(std::string_view text) {
  Reader in(text);
  const int y = in.digits(4);
  in.mark('-');
  const int m = in.digits(2);
  in.mark('-');
  const int d = in.digits(2);
  in.mark('T');
  const int hour = in.digits(2);
  in.mark(':');
  const int minute = in.digits(2);
  in.mark(':');
  const int second = in.digits(2);
  const milliseconds fraction = in.take('.') ? in.fraction() : milliseconds(0);
  minutes offset{0};
  if (!in.take('Z')) {
    const bool east = in.take('+');
    if (!east) in.mark('-');
    const int zone_hours = in.digits(2);
    in.mark(':');
    const int zone_minutes = in.digits(2);
    if (zone_hours > 14 || zone_minutes > 59) return std::nullopt;
    offset = hours(zone_hours) + minutes(zone_minutes);
    if (!east) offset = -offset;
  }
  if (!in.finished()) return std::nullopt;
  const year_month_day date(year(y), month(static_cast<unsigned>(m)), day(static_cast<unsigned>(d)));
  // A leap second is told as the second after it.
  if (y == 0 || !date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return Time(sys_days(date) + hours(hour) + minutes(minute) + seconds(second) + fraction - offset);
}

}  // namespace dragoman
