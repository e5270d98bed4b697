#include "bridges/email/bounce_words.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "bridges/email/address.hpp"
#include "bridges/email/headers.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

constexpr std::size_t kMaxWords = 500;
constexpr std::size_t kMaxRead = std::size_t{32} * 1024;  // of a text that may be a bounce

// In lower case, as all that they are compared with.
constexpr auto kDaemons = std::to_array<std::string_view>(
    {"mailer-daemon", "postmaster@", "mailerdaemon", "mail delivery sub", "mail delivery system",
     "maildelivery", "mail-daemon", "mmdf", "microsoftexchange", "mail administrator", "mdaemon",
     "mail-delivery", "smtp gateway", "mail system"});

constexpr auto kFailures = std::to_array<std::string_view>({"undelivered mail returned to sender",
                                                            "failure notice",
                                                            "delivery status notification (failure)",
                                                            "mail delivery failed",
                                                            "returned mail",
                                                            "undeliverable",
                                                            "undelivered mail",
                                                            "mail system error",
                                                            "delivery failure",
                                                            "delivery failed",
                                                            "delivery notification",
                                                            "delivery report",
                                                            "message status - undeliverable",
                                                            "nondeliverable mail",
                                                            "non-deliverable",
                                                            "mail could not be delivered",
                                                            "message could not be delivered",
                                                            "could not send message",
                                                            "returned to sender",
                                                            "rejected:",
                                                            "unzustellbar",
                                                            "nicht zustellbar",
                                                            "zustellung fehlgeschlagen",
                                                            "échec de la remise",
                                                            "non remis",
                                                            "no se puede entregar",
                                                            "mensaje devuelto",
                                                            "недоставленное сообщение",
                                                            "не удалось доставить"});

constexpr auto kDelays =
    std::to_array<std::string_view>({"delayed", "delay)", "warning: could not send", "warning: message",
                                     "delivery problems", "still being retried"});

// What stands before the mail that comes back.
constexpr auto kDividers = std::to_array<std::string_view>(
    {"--- below this line is a copy of the message", "------ this is a copy of",
     "----- original message -----", "----- original message follows -----",
     "----- message header follows -----", "----- unsent message follows -----", "----- returned message",
     "--- returned message", "--------original message", "----- forwarded message",
     "original message headers:", "below is a copy of the original message", "--- original message follows",
     "the original message follows", "--------------------copy of the message",
     "message headers:", "--------- returned mail follows ---------"});

// What programs say when they give up, where the subject does not.
constexpr auto kGivingUp = std::to_array<std::string_view>(
    {"i wasn't able to deliver your message", "could not be delivered to", "delivery has failed",
     "delivery to the following recipient", "address not found", "message wasn't delivered",
     "message blocked", "permanent fatal errors", "the following address(es) failed",
     "could not be delivered", "your message did not reach", "was not delivered to",
     "an error has occurred while attempting to deliver"});

template <class Words>
bool has_any(std::string_view text, const Words& words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

template <class Call>  // until it answers false
void each_line(std::string_view text, const Call& call) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    if (!call(text.substr(0, end))) return;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::string_view before_returned(std::string_view text) {
  const std::string lower = ascii_lower(text);
  std::size_t end = text.size();
  for (const auto divider : kDividers) end = std::min(end, lower.find(divider));
  return text.substr(0, end);
}

bool is_address_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) ||
         static_cast<unsigned char>(c) >= 0x80 ||
         std::string_view(".!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

// The first address that is of nobody but the one who was not reached.
std::string recipient_in(std::string_view text, const Mail& mail) {
  for (std::size_t at = text.find('@'); at != std::string_view::npos; at = text.find('@', at + 1)) {
    std::size_t begin = at, end = at + 1;
    while (begin > 0 && is_address_byte(text[begin - 1])) --begin;
    while (end < text.size() && is_address_byte(text[end])) ++end;
    std::string_view one = text.substr(begin, end - begin);
    while (!one.empty() && (one.back() == '.' || one.back() == '\'')) one.remove_suffix(1);
    while (!one.empty() && (one.front() == '\'' || one.front() == '=')) one.remove_prefix(1);
    const auto valid = valid_address(one);
    if (!valid) continue;
    const std::string key = ascii_lower(*valid);
    const bool daemon = key.substr(0, 11) == "postmaster@" || key.substr(0, 13) == "mailer-daemon";
    const bool ours = std::any_of(mail.to.begin(), mail.to.end(),
                                  [&](const Mailbox& to) { return ascii_lower(to.address) == key; });
    if (!daemon && !ours) return *valid;
  }
  return {};
}

// An answer of SMTP: three digits and what follows.
bool has_code(std::string_view line) {
  for (std::size_t i = 0; i + 3 < line.size(); ++i) {
    if ((line[i] != '4' && line[i] != '5') || !is_digit(line[i + 1]) || !is_digit(line[i + 2])) continue;
    if (line[i + 1] > '7' ||
        (i > 0 && (is_digit(line[i - 1]) || line[i - 1] == '.' || line[i - 1] == ':' || line[i - 1] == '-')))
      continue;
    if (line[i + 3] == ' ' || line[i + 3] == '-') return true;
  }
  return false;
}

std::string_view trimmed(std::string_view line) {
  while (!line.empty() && std::string_view(" \t><").find(line.front()) != std::string_view::npos) {
    // "<bob@example.org>: …" is of the words, "<<< 550 …" is not.
    if (line.front() == '<' && line.substr(0, 2) != "<<" && line.substr(0, 2) != "< ") break;
    line.remove_prefix(1);
  }
  while (!line.empty() && (line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
  return line;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  each_line(text, [&](std::string_view line) {
    lines.push_back(trimmed(line));
    return lines.size() < 500;
  });
  return lines;
}

// The line that says why, and those it runs on to.
std::string paragraph_at(const std::vector<std::string_view>& lines, std::size_t i) {
  std::string out;
  for (; i < lines.size() && !lines[i].empty() && out.size() < kMaxWords; ++i) {
    // A transcript says it twice.
    if (out.find(lines[i]) == std::string::npos) out += (out.empty() ? "" : " ") + std::string(lines[i]);
  }
  return one_line_of_words(out);
}

std::string reason_in(std::string_view text, const std::string& recipient) {
  const auto lines = lines_of(text);
  const auto next = [&](std::size_t i) {
    do ++i;
    while (i < lines.size() && lines[i].empty());
    return i;
  };
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!has_code(lines[i]) && status_in(lines[i]).empty()) continue;
    // Exchange puts the code below the words, in brackets.
    const bool bare = lines[i].front() == '<' && i > 0 && lines[i].find('#') != std::string_view::npos;
    return paragraph_at(lines, bare ? i - 1 : i);
  }
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string lower = ascii_lower(lines[i].substr(0, 20));
    if ((lower == "because:" || lower == "reason:") && next(i) < lines.size())
      return paragraph_at(lines, next(i));
  }
  for (std::size_t i = 0; i < lines.size() && !recipient.empty(); ++i) {
    const auto at = lines[i].find(recipient);
    if (at == std::string_view::npos) continue;
    if (lines[i].find('(', at) != std::string_view::npos) return one_line_of_words(lines[i]);
    if (lines[i].back() == ':' && i + 1 < lines.size() && !lines[i + 1].empty())
      return paragraph_at(lines, i + 1);
  }
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!lines[i].empty()) return paragraph_at(lines, i);
  }
  return {};
}

}  // namespace

std::string one_line_of_words(std::string_view text) {
  std::string clean = display_clean(text);
  std::string out;
  for (const char c : clean) {
    if (c != ' ' || (!out.empty() && out.back() != ' ')) out += c;
  }
  out.resize(prefix_within(out, kMaxWords));
  return out;
}

std::string status_in(std::string_view text) {
  for (std::size_t i = 0; i + 4 < text.size() + 0; ++i) {
    if (text[i] != '2' && text[i] != '4' && text[i] != '5') continue;
    if (i > 0 && (is_digit(text[i - 1]) || text[i - 1] == '.')) continue;
    std::size_t at = i + 1;
    int numbers = 0;
    while (numbers < 2 && at < text.size() && text[at] == '.') {
      const std::size_t begin = ++at;
      while (at < text.size() && is_digit(text[at]) && at - begin < 4) ++at;
      if (at == begin || at - begin > 3) break;
      ++numbers;
    }
    if (numbers < 2) continue;
    // An address of IP has four.
    if (at < text.size() &&
        (is_digit(text[at]) || (text[at] == '.' && at + 1 < text.size() && is_digit(text[at + 1]))))
      continue;
    return std::string(text.substr(i, at - i));
  }
  return {};
}

std::string quoted_message_id(std::string_view text) {
  std::string id;
  bool open = false;  // the id stands on the next line
  each_line(text, [&](std::string_view line) {
    const auto begin = line.find_first_not_of(" \t>");
    if (begin == std::string_view::npos) return true;
    const std::string_view rest = line.substr(begin);
    if (open) {
      id = message_id_in(rest);
      return false;
    }
    constexpr std::string_view name = "message-id:";
    if (ascii_lower(rest.substr(0, name.size())) != name) return true;
    id = message_id_in(rest.substr(name.size()));
    open = id.empty();
    return open;
  });
  return id;
}

std::string words_of_status(std::string_view status, Outcome outcome) {
  struct Meaning {
    std::string_view code;
    const char* words;
  };
  // RFC 3463 3.
  constexpr std::array meanings = {
      Meaning{".1.1", "there is no such mailbox"},
      Meaning{".1.2", "there is no such mail domain"},
      Meaning{".1.10", "this domain takes no mail"},
      Meaning{".2.1", "the mailbox is disabled"},
      Meaning{".2.2", "the mailbox is full"},
      Meaning{".2.3", "the mail is too large for the mailbox"},
      Meaning{".3.4", "the mail is too large"},
      Meaning{".4.1", "the mail server does not answer"},
      Meaning{".4.4", "the mail server could not be found"},
      Meaning{".4.7", "it could not be delivered in time"},
      Meaning{".7.1", "the mail server refused it"},
  };
  if (status.size() > 1) {
    for (const Meaning& meaning : meanings) {
      if (status.substr(1) == meaning.code) return meaning.words;
    }
  }
  return outcome == Outcome::delayed ? "it is not delivered yet" : "it could not be delivered";
}

std::optional<Report> plain_bounce(const ParsedMail& parsed, const Mail& mail, std::string_view text) {
  auto* message = GMIME_OBJECT(parsed.message());
  const std::string failed = header(message, "X-Failed-Recipients");
  const std::string from = ascii_lower(header(message, "From"));
  const std::string subject = ascii_lower(mail.subject);
  const std::string_view read = before_returned(text.substr(0, prefix_within(text, kMaxRead)));
  const bool daemon =
      has_any(from, kDaemons) || from.empty() || from == "<>" || header(message, "Return-Path") == "<>";
  if (failed.empty() && !daemon) return std::nullopt;
  const std::string lower = ascii_lower(read);
  const bool delayed =
      has_any(subject, kDelays) ||
      (has_any(subject, kFailures) && lower.find("no action is required on your part") != std::string::npos);
  const bool gave_up = has_any(subject, kFailures) || has_any(lower, kGivingUp);
  if (failed.empty() && !delayed && !gave_up) return std::nullopt;
  Report report;
  report.outcome = delayed ? Outcome::delayed : Outcome::failed;
  const auto named = mailboxes_in(failed, 1);
  report.recipient = named.empty() ? recipient_in(read, mail) : named.front().address;
  report.words = reason_in(read, report.recipient);
  report.status = status_in(report.words);
  if (report.status.empty()) report.status = status_in(read);
  return report;
}

}  // namespace dragoman::email
