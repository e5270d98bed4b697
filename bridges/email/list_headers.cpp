#include "bridges/email/list_headers.hpp"

#include <algorithm>

#include "bridges/email/address.hpp"
#include "bridges/email/headers.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

constexpr std::size_t kMaxListUrl = 2000, kMaxListName = 200, kMaxListId = 255;

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0) {
      out += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// The URLs of a field in angle brackets (RFC 2369 2): what stands in them without the spaces of folding.
template <class Call>
void each_url(std::string_view value, const Call& call) {
  while (true) {
    const auto begin = value.find('<');
    if (begin == std::string_view::npos) return;
    const auto end = value.find('>', begin);
    if (end == std::string_view::npos) return;
    std::string url;
    for (const char c : value.substr(begin + 1, end - begin - 1)) {
      if (c != ' ' && c != '\t') url += c;
    }
    const bool clean = url.size() <= kMaxListUrl && std::all_of(url.begin(), url.end(), [](char c) {
                         return c > ' ' && c < '\x7F' && c != '"' && c != '<';
                       });
    if (clean) call(url);
    value.remove_prefix(end + 1);
  }
}

bool is_scheme(const std::string& url, std::string_view scheme) {
  return ascii_lower(url.substr(0, scheme.size())) == scheme;
}

struct MailTo {
  std::string address, subject;
};

std::optional<MailTo> mail_to(const std::string& url) {
  if (!is_scheme(url, "mailto:")) return std::nullopt;
  const auto question = std::min(url.find('?'), url.size());
  const auto address = valid_address(percent_decoded(std::string_view(url).substr(7, question - 7)));
  if (!address) return std::nullopt;
  MailTo to{*address, {}};
  std::string_view rest = std::string_view(url).substr(std::min(question + 1, url.size()));
  while (!rest.empty()) {
    const auto end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    const auto equals = pair.find('=');
    if (equals != std::string_view::npos && ascii_lower(pair.substr(0, equals)) == "subject")
      to.subject = display_clean(one_line(to_utf8(percent_decoded(pair.substr(equals + 1)))));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return to;
}

}  // namespace

std::string list_id_in(std::string_view raw) {
  const auto begin = raw.rfind('<');
  const auto end = begin == std::string_view::npos ? begin : raw.find('>', begin);
  if (end != std::string_view::npos) raw = raw.substr(begin + 1, end - begin - 1);
  std::string id;
  for (const char c : raw) {
    if (c == ' ' || c == '\t') continue;
    const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      std::string_view("!#$&'*+-/=?^_`{|}~.").find(c) != std::string_view::npos;
    // Some put the list's address there.
    if (!word && c != '@') return {};
    id += c == '@' ? '.' : c;
  }
  if (id.size() > kMaxListId || id.find_first_not_of('.') == std::string::npos) return {};
  return ascii_lower(id);
}

void ListFields::take(std::string_view name, const std::string& value) {
  if (name == "list-id") {
    if (!list_.id.empty()) return;
    list_.id = list_id_in(value);
    const auto bracket = value.rfind('<');
    if (bracket == std::string::npos || bracket == 0) return;
    std::string words = header_words(std::string_view(value).substr(0, bracket), kMaxListName);
    if (words.size() > 1 && words.front() == '"' && words.back() == '"')
      words = words.substr(1, words.size() - 2);
    list_.name = display_clean(words);
  } else if (name == "list-post") {
    each_url(value, [&](const std::string& url) {
      const auto to = mail_to(url);
      if (to && list_.post.empty()) list_.post = to->address;
    });
  } else if (name == "list-unsubscribe") {
    each_url(value, [&](const std::string& url) {
      if (const auto to = mail_to(url)) {
        if (!list_.unsubscribe_mail.empty()) return;
        list_.unsubscribe_mail = to->address;
        list_.unsubscribe_subject = to->subject;
      } else if (is_scheme(url, "https://") && list_.unsubscribe_url.empty()) {
        list_.unsubscribe_url = url;
      }
    });
  } else if (name == "list-unsubscribe-post") {
    if (ascii_lower(value) == "list-unsubscribe=one-click") list_.one_click = true;
  }
}

std::optional<List> ListFields::list() const {
  if (list_.id.empty()) return std::nullopt;
  List list = list_;
  if (list.unsubscribe_url.empty()) list.one_click = false;
  return list;
}

}  // namespace dragoman::email
