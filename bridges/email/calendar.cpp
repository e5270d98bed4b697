#include "bridges/email/calendar.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "bridges/email/charset.hpp"
#include "bridges/email/content_lines.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

constexpr std::size_t kMaxValue = 500, kMaxAbout = 1000, kMaxValues = 10;

std::string words(std::string_view value, std::size_t limit = kMaxValue) { return value_words(value, limit); }

bool is_number(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

struct When {
  std::string date, time, zone;
  bool operator==(const When&) const = default;
};

// "20261124T140000Z", "20261124": as they stand; converting a zone would need its rules.
When when_of(const Property& property) {
  When when;
  const std::string& value = property.value;
  if (value.size() < 8 || !is_number(std::string_view(value).substr(0, 8))) return when;
  when.date = value.substr(0, 4) + '-' + value.substr(4, 2) + '-' + value.substr(6, 2);
  if (value.size() >= 13 && value[8] == 'T' && is_number(std::string_view(value).substr(9, 4))) {
    when.time = value.substr(9, 2) + ':' + value.substr(11, 2);
    when.zone = value.back() == 'Z' ? "UTC" : words(property.parameter("TZID"), 100);
  }
  return when;
}

std::string written(const When& when) {
  std::string out = when.date;
  if (!when.time.empty()) out += ' ' + when.time;
  return out;
}

// The day before a date: the end of a whole day is the day after it (RFC 5545 3.6.1).
bool is_next_day(const std::string& first, const std::string& second) {
  return first.substr(0, 8) == second.substr(0, 8) &&
         std::stoi(second.substr(8)) == std::stoi(first.substr(8)) + 1;
}

std::string span_text(const When& begin, const When& end) {
  if (begin.date.empty()) return {};
  std::string out = written(begin);
  const bool whole_day = begin.time.empty() && !end.date.empty() && is_next_day(begin.date, end.date);
  if (!end.date.empty() && !(end == begin) && !whole_day) {
    out += " – ";
    out += end.date == begin.date && !end.time.empty() ? end.time : written(end);
  }
  if (!begin.zone.empty()) out += " (" + begin.zone + ")";
  return out;
}

// "CN <address>".
std::string person(const Property& property) {
  std::string address = words(property.value);
  if (ascii_lower(address.substr(0, 7)) == "mailto:") address.erase(0, 7);
  const std::string name = words(property.parameter("CN"), 200);
  if (name.empty() || name == address) return address;
  return name + " <" + address + ">";
}

std::string_view repeats(std::string_view rule) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kinds = {
      std::pair{"FREQ=DAILY", "every day"}, std::pair{"FREQ=WEEKLY", "every week"},
      std::pair{"FREQ=MONTHLY", "every month"}, std::pair{"FREQ=YEARLY", "every year"}};
  for (const auto& [mark, told] : kinds) {
    if (rule.find(mark) != std::string_view::npos)
      return rule.find("INTERVAL=") == std::string_view::npos ||
                     rule.find("INTERVAL=1;") != std::string_view::npos
                 ? told
                 : "repeated";
  }
  return "repeated";
}

std::string_view answer(std::string_view status) {
  if (status == "ACCEPTED") return "accepts";
  if (status == "DECLINED") return "declines";
  if (status == "TENTATIVE") return "may come to";
  if (status == "DELEGATED") return "sends somebody else to";
  return "answers about";
}

struct Appointment {
  std::string summary, where, about, organiser, attendee, answer, status;
  std::string rule;
  When begin, end;
  bool task = false;
};

void take(const Property& property, Appointment& one) {
  if (property.name == "SUMMARY") {
    one.summary = words(property.value);
  } else if (property.name == "LOCATION") {
    one.where = words(property.value);
  } else if (property.name == "DESCRIPTION") {
    one.about = words(property.value, kMaxAbout);
  } else if (property.name == "DTSTART") {
    one.begin = when_of(property);
  } else if (property.name == "DTEND" || property.name == "DUE") {
    one.end = when_of(property);
  } else if (property.name == "RRULE") {
    one.rule = repeats(property.value);
  } else if (property.name == "ORGANIZER") {
    one.organiser = person(property);
  } else if (property.name == "STATUS") {
    one.status = upper(property.value);
  } else if (property.name == "ATTENDEE" && one.attendee.empty()) {
    one.attendee = person(property);
    one.answer = answer(upper(property.parameter("PARTSTAT")));
  }
}

std::string heading(const std::string& method, const Appointment& one) {
  const std::string what = one.summary.empty() ? std::string("(no title)") : one.summary;
  if (method == "REPLY") return one.attendee + ' ' + one.answer + ": " + what;
  if (method == "COUNTER") return one.attendee + " proposes another time: " + what;
  if (method == "CANCEL" || one.status == "CANCELLED") return "Cancelled: " + what;
  if (method == "REQUEST") return "Invitation: " + what;
  return (one.task ? "Task: " : "Event: ") + what;
}

std::string told(const std::string& method, const Appointment& one) {
  std::string out = "📅 " + heading(method, one);
  const auto line = [&](const char* name, const std::string& value) {
    if (!value.empty()) out += std::string("\n") + name + ": " + value;
  };
  std::string when = span_text(one.begin, one.end);
  if (!one.rule.empty() && !when.empty()) when += ", " + one.rule;
  line("When", when);
  line("Where", one.where);
  line("Organiser", one.organiser);
  line("About", one.about);
  return out;
}

}  // namespace

std::string invitation_text(std::string_view icalendar) {
  std::string method;
  std::vector<Appointment> all;
  std::vector<std::string> open;  // components
  each_property(icalendar, [&](const Property& property) {
    if (property.name == "BEGIN") {
      open.push_back(upper(property.value));
      if (all.size() < kMaxValues && (open.back() == "VEVENT" || open.back() == "VTODO")) {
        all.emplace_back();
        all.back().task = open.back() == "VTODO";
      } else if (open.size() > kMaxValues) {
        open.pop_back();
      }
    } else if (property.name == "END") {
      if (!open.empty()) open.pop_back();
    } else if (property.name == "METHOD") {
      method = upper(property.value);
    } else if (!open.empty() && !all.empty() && (open.back() == "VEVENT" || open.back() == "VTODO")) {
      take(property, all.back());
    }
  });
  std::string out;
  for (const Appointment& one : all) {
    // Exceptions of what is repeated come behind it.
    if (&one != &all.front() && one.summary == all.front().summary) continue;
    out += (out.empty() ? "" : "\n\n") + told(method, one);
  }
  return clean_text(out);
}

}  // namespace dragoman::email
