#include "bridges/email/authentication.hpp"

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

DmarcResult dmarc_in(std::string_view value) {
  DmarcResult result;
  Words words(value);
  result.authserv_id = ascii_lower(words.next());
  std::string word = words.next();
  while (!word.empty() && word != ";") word = words.next();  // a version
  while (word == ";") {
    // method [ "/" version ] "=" result *( property "=" value )
    const std::string method = ascii_lower(words.next());
    word = words.next();
    const bool is_dmarc = method == "dmarc" || method.substr(0, 6) == "dmarc/";
    bool first = true;
    std::string name;
    while (!word.empty() && word != ";") {
      if (word != "=") {
        name = ascii_lower(word);
        word = words.next();
        continue;
      }
      const std::string given = ascii_lower(words.next());
      if (given.empty() || given == ";") {
        word = given;
        break;
      }
      if (is_dmarc && first) {
        // Two results contradict each other, or one of them is not our server's.
        result.passed = !result.told && given == "pass";
        result.told = true;
      } else if (is_dmarc && name == "header.from") {
        result.domain = given;
      }
      first = false;
      name.clear();
      word = words.next();
    }
    if (word.empty()) break;
  }
  return result;
}

bool is_verified(GMimeMessage* message, std::string_view authserv_id) {
  if (authserv_id.empty()) return false;
  const std::string ours = ascii_lower(authserv_id);
  GMimeHeaderList* headers = g_mime_object_get_header_list(GMIME_OBJECT(message));
  const int count = g_mime_header_list_get_count(headers);
  DmarcResult result;
  bool found = false;
  std::vector<Mailbox> from;
  int froms = 0;
  for (int i = 0; i < count; ++i) {
    GMimeHeader* field = g_mime_header_list_get_header_at(headers, i);
    const char* name = g_mime_header_get_name(field);
    const char* value = g_mime_header_get_raw_value(field);
    if (name == nullptr || value == nullptr) continue;
    if (g_ascii_strcasecmp(name, "From") == 0) {
      if (++froms == 1) from = mailboxes_in(value, 2);
    } else if (!found && g_ascii_strcasecmp(name, "Authentication-Results") == 0) {
      DmarcResult told = dmarc_in(unfolded(value));
      if (told.authserv_id != ours) continue;
      result = std::move(told);
      found = true;
    }
  }
  if (!found || !result.passed || froms != 1 || from.size() != 1) return false;
  return result.domain.empty() || result.domain == domain_part(from.front().address);
}

}  // namespace dragoman::email
