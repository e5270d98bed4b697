#include "bridges/email/report.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "bridges/email/address.hpp"
#include "bridges/email/bounce_words.hpp"
#include "bridges/email/charset.hpp"
#include "bridges/email/headers.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

constexpr std::size_t kMaxStatus = std::size_t{64} * 1024;  // of a report's part that is read
constexpr std::size_t kMaxStatusGroups = 1000;

using Fields = std::vector<std::pair<std::string, std::string>>;

// Fields in groups, parted by empty lines (RFC 3464 2.1). Names in lower case.
std::vector<Fields> groups_of(const std::string& text) {
  std::vector<Fields> groups(1);
  std::string_view rest = text;
  while (!rest.empty() && groups.size() < kMaxStatusGroups) {
    const auto end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.find_first_not_of(" \t") == std::string_view::npos) {
      if (!groups.back().empty()) groups.emplace_back();
    } else if (line.front() == ' ' || line.front() == '\t') {
      if (!groups.back().empty()) groups.back().back().second += line;
    } else if (const auto colon = line.find(':'); colon != std::string_view::npos) {
      groups.back().emplace_back(ascii_lower(line.substr(0, colon)), unfolded(line.substr(colon + 1)));
    }
  }
  return groups;
}

std::string field(const Fields& fields, std::string_view name) {
  for (const auto& [key, value] : fields) {
    if (key == name) return value;
  }
  return {};
}

// "rfc822; bob@example.org".
std::string address_in(const std::string& value) {
  std::string_view rest = value;
  if (const auto semicolon = rest.find(';'); semicolon != std::string_view::npos)
    rest.remove_prefix(semicolon + 1);
  const auto found = mailboxes_in(rest, 1);
  return found.empty() ? std::string() : found.front().address;
}

// "smtp; 550 5.1.1 no such user".
std::string diagnosis(const std::string& value) {
  const auto semicolon = value.find(';');
  const bool typed =
      semicolon != std::string::npos && value.substr(0, semicolon).find(' ') == std::string::npos;
  return one_line_of_words(typed ? std::string_view(value).substr(semicolon + 1) : std::string_view(value));
}

std::optional<Outcome> outcome_of(const std::string& action) {
  const std::string word = ascii_lower(action.substr(0, action.find_first_of(" (;")));
  if (word == "failed") return Outcome::failed;
  if (word == "delayed") return Outcome::delayed;
  if (word == "delivered" || word == "relayed" || word == "expanded") return Outcome::delivered;
  return std::nullopt;
}

// The worst comes first: nobody is told that all is well where something is not.
int weight(Outcome outcome) { return static_cast<int>(outcome); }

std::optional<Report> delivery_status(const std::string& text) {
  std::optional<Report> worst;
  for (const Fields& fields : groups_of(text)) {
    const auto outcome = outcome_of(field(fields, "action"));
    if (!outcome || (worst && weight(worst->outcome) <= weight(*outcome))) continue;
    Report report;
    report.outcome = *outcome;
    report.recipient = address_in(field(fields, "original-recipient"));
    if (report.recipient.empty()) report.recipient = address_in(field(fields, "final-recipient"));
    report.status = status_in(field(fields, "status"));
    report.words = diagnosis(field(fields, "diagnostic-code"));
    worst = std::move(report);
  }
  return worst;
}

// RFC 8098 3.2.6: "manual-action/MDN-sent-manually; displayed".
std::optional<Report> disposition_notification(const std::string& text) {
  for (const Fields& fields : groups_of(text)) {
    const std::string value = ascii_lower(field(fields, "disposition"));
    if (value.empty()) continue;
    const auto semicolon = value.find(';');
    const std::string what = semicolon == std::string::npos ? value : value.substr(semicolon + 1);
    // "deleted", "denied" and the like are no receipts: their words for people are shown.
    if (what.find("displayed") == std::string::npos) return std::nullopt;
    Report report;
    report.outcome = Outcome::displayed;
    report.recipient = address_in(field(fields, "original-recipient"));
    if (report.recipient.empty()) report.recipient = address_in(field(fields, "final-recipient"));
    report.original_id = message_id_in(field(fields, "original-message-id"));
    return report;
  }
  return std::nullopt;
}

// Of the mail that comes back, or of its header.
std::string returned_id(const ParsedMail& parsed) {
  for (GMimeObject* leaf : parsed.leaves()) {
    if (GMIME_IS_MESSAGE_PART(leaf)) {
      GMimeMessage* inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(leaf));
      if (inner == nullptr) continue;
      std::string id = message_id_in(header(GMIME_OBJECT(inner), "Message-ID"));
      if (!id.empty()) return id;
    } else if (is_type(leaf, "text", "rfc822-headers") || is_type(leaf, "text", "rfc822") ||
               is_type(leaf, "message", "rfc822") || is_type(leaf, "message", "global-headers")) {
      std::string id = quoted_message_id(text_of_bytes(parsed.decoded(leaf, kMaxStatus), ""));
      if (!id.empty()) return id;
    }
  }
  return {};
}

}  // namespace

std::optional<Report> report_in(const ParsedMail& parsed, const Mail& mail, std::string_view text) {
  std::optional<Report> report;
  for (GMimeObject* leaf : parsed.leaves()) {
    if (report || !GMIME_IS_PART(leaf)) continue;
    const bool status =
        is_type(leaf, "message", "delivery-status") || is_type(leaf, "message", "global-delivery-status");
    const bool receipt = is_type(leaf, "message", "disposition-notification") ||
                         is_type(leaf, "message", "global-disposition-notification");
    if (!status && !receipt) continue;
    const std::string fields = text_of_bytes(parsed.decoded(leaf, kMaxStatus), "");
    report = status ? delivery_status(fields) : disposition_notification(fields);
    if (receipt && !report) return std::nullopt;
  }
  if (!report) report = plain_bounce(parsed, mail, text);
  if (!report) return std::nullopt;
  if (report->original_id.empty()) report->original_id = returned_id(parsed);
  if (report->original_id.empty()) report->original_id = quoted_message_id(text);
  if (report->original_id.empty()) report->original_id = mail.in_reply_to;
  if (report->original_id.empty() && !mail.references.empty()) report->original_id = mail.references.back();
  if (report->words.empty() && report->outcome <= Outcome::delayed)
    report->words = words_of_status(report->status, report->outcome);
  return report;
}

}  // namespace dragoman::email
