#include "bridges/email/authentication.hpp"

#include <algorithm>
#include <utility>

#include "bridges/email/address.hpp"
#include "bridges/email/headers.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

// The words of a field: comments and spaces between them are skipped, quotes taken off. ";" and "=" are
// words.
class Words {
 public:
  explicit Words(std::string_view text) : rest_(text) {}

  // Empty at the end.
  std::string next() {
    skip();
    if (rest_.empty()) return {};
    const char first = rest_.front();
    if (first == ';' || first == '=') {
      rest_.remove_prefix(1);
      return {first};
    }
    if (first == '"') return quoted();
    std::size_t end = 0;
    while (end < rest_.size() &&
           std::string_view(" \t\r\n;=(\"").find(rest_[end]) == std::string_view::npos) {
      ++end;
    }
    std::string word(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return word;
  }

 private:
  void skip() {
    std::size_t depth = 0;
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (c == '\\' && depth > 0) {
        rest_.remove_prefix(std::min<std::size_t>(2, rest_.size()));
        continue;
      }
      if (c == '(') {
        ++depth;
      } else if (c == ')' && depth > 0) {
        --depth;
      } else if (depth == 0 && c != ' ' && c != '\t' && c != '\r' && c != '\n') {
        return;
      }
      rest_.remove_prefix(1);
    }
  }

  std::string quoted() {
    std::string word;
    std::size_t i = 1;
    for (; i < rest_.size() && rest_[i] != '"'; ++i) {
      if (rest_[i] == '\\' && i + 1 < rest_.size()) ++i;
      word += rest_[i];
    }
    rest_.remove_prefix(std::min(i + 1, rest_.size()));
    // A separator in quotes is none.
    return word == ";" || word == "=" || word.empty() ? std::string("\"\"") : word;
  }

  std::string_view rest_;
};

}  // namespace

std::string MethodResult::property(std::string_view name) const {
  const auto found = std::find_if(properties.begin(), properties.end(),
                                  [&](const auto& property) { return property.first == name; });
  return found == properties.end() ? std::string() : found->second;
}

AuthenticationResults results_in(std::string_view value) {
  AuthenticationResults results;
  Words words(value);
  results.authserv_id = ascii_lower(words.next());
  std::string word = words.next();
  while (!word.empty() && word != ";") word = words.next();  // a version
  while (word == ";") {
    // method [ "/" version ] "=" result *( property "=" value )
    MethodResult found;
    found.method = ascii_lower(words.next());
    found.method.resize(std::min(found.method.find('/'), found.method.size()));
    word = words.next();
    bool first = true;
    std::string name;
    while (!word.empty() && word != ";") {
      if (word != "=") {
        name = ascii_lower(word);
        word = words.next();
        continue;
      }
      std::string given = words.next();
      if (given.empty() || given == ";") {
        word = std::move(given);
        break;
      }
      if (std::exchange(first, false)) {
        found.result = ascii_lower(given);
      } else {
        found.properties.emplace_back(std::exchange(name, {}), std::move(given));
      }
      name.clear();
      word = words.next();
    }
    if (!first) results.methods.push_back(std::move(found));
    if (word.empty()) break;
  }
  return results;
}

DmarcResult dmarc_in(const AuthenticationResults& results) {
  DmarcResult dmarc;
  for (const MethodResult& found : results.methods) {
    if (found.method != "dmarc") continue;
    // Two results contradict each other, or one of them is not our server's.
    dmarc.passed = !dmarc.told && found.result == "pass";
    dmarc.told = true;
    if (const std::string domain = found.property("header.from"); !domain.empty())
      dmarc.domain = ascii_lower(domain);
  }
  return dmarc;
}

std::optional<AuthenticationResults> results_of(GMimeMessage* message, std::string_view authserv_id) {
  if (authserv_id.empty()) return std::nullopt;
  const std::string ours = ascii_lower(authserv_id);
  GMimeHeaderList* headers = g_mime_object_get_header_list(GMIME_OBJECT(message));
  const int count = g_mime_header_list_get_count(headers);
  for (int i = 0; i < count; ++i) {
    GMimeHeader* field = g_mime_header_list_get_header_at(headers, i);
    const char* name = g_mime_header_get_name(field);
    const char* value = g_mime_header_get_raw_value(field);
    if (name == nullptr || value == nullptr || g_ascii_strcasecmp(name, "Authentication-Results") != 0)
      continue;
    AuthenticationResults told = results_in(unfolded(value));
    if (told.authserv_id == ours) return told;
  }
  return std::nullopt;
}

bool is_verified(GMimeMessage* message, std::string_view authserv_id) {
  const auto results = results_of(message, authserv_id);
  if (!results) return false;
  const DmarcResult dmarc = dmarc_in(*results);
  GMimeHeaderList* headers = g_mime_object_get_header_list(GMIME_OBJECT(message));
  const int count = g_mime_header_list_get_count(headers);
  std::vector<Mailbox> from;
  int froms = 0;
  for (int i = 0; i < count; ++i) {
    GMimeHeader* field = g_mime_header_list_get_header_at(headers, i);
    const char* name = g_mime_header_get_name(field);
    const char* value = g_mime_header_get_raw_value(field);
    if (name == nullptr || value == nullptr || g_ascii_strcasecmp(name, "From") != 0) continue;
    if (++froms == 1) from = mailboxes_in(value, 2);
  }
  if (!dmarc.passed || froms != 1 || from.size() != 1) return false;
  return dmarc.domain.empty() || dmarc.domain == domain_part(from.front().address);
}

}  // namespace dragoman::email
