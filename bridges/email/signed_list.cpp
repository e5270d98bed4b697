#include "bridges/email/signed_list.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "bridges/email/authentication.hpp"
#include "bridges/email/headers.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

constexpr std::size_t most_signatures = 20;

struct Signature {
  std::string domain, selector, value;
  bool covers = false;  // both fields
};

// "v=1; d=example.org; h=From : List-Unsubscribe": a tag's value without any space (RFC 6376 3.2, 3.5).
std::string tag_in(std::string_view field, std::string_view name) {
  while (!field.empty()) {
    const auto end = std::min(field.find(';'), field.size());
    std::string tag(field.substr(0, end));
    std::erase_if(tag, [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
    if (tag.size() > name.size() && tag[name.size()] == '=' && tag.starts_with(name))
      return tag.substr(name.size() + 1);
    field.remove_prefix(std::min(end + 1, field.size()));
  }
  return {};
}

bool has_name(const std::string& names, std::string_view wanted) {
  return (':' + names + ':').find(':' + std::string(wanted) + ':') != std::string::npos;
}

Signature signature_in(const std::string& field) {
  const std::string names = ascii_lower(tag_in(field, "h"));
  return {ascii_lower(tag_in(field, "d")), ascii_lower(tag_in(field, "s")), tag_in(field, "b"),
          has_name(names, "list-unsubscribe") && has_name(names, "list-unsubscribe-post")};
}

// The domain that signed: header.d, or the end of header.i ("@example.org", RFC 8601 2.7.1).
std::string signer_of(const MethodResult& found) {
  const std::string domain = found.property("header.d");
  if (!domain.empty()) return ascii_lower(domain);
  const std::string identity = found.property("header.i");
  const auto at = identity.rfind('@');
  return at == std::string::npos ? std::string() : ascii_lower(identity.substr(at + 1));
}

bool covered(const std::vector<Signature>& signatures, const MethodResult& found) {
  const std::string domain = signer_of(found), selector = ascii_lower(found.property("header.s")),
                    begins = found.property("header.b");
  bool any = false;
  for (const Signature& signature : signatures) {
    if (domain.empty() || signature.domain != domain) continue;
    if (!selector.empty() && signature.selector != selector) continue;
    if (!signature.value.starts_with(begins)) continue;
    if (!signature.covers) return false;
    any = true;
  }
  return any;
}

}  // namespace

bool is_one_click_signed(GMimeMessage* message, std::string_view authserv_id) {
  const auto results = results_of(message, authserv_id);
  if (!results) return false;
  std::vector<Signature> signatures;
  int lists = 0, posts = 0;
  GMimeHeaderList* headers = g_mime_object_get_header_list(GMIME_OBJECT(message));
  const int count = g_mime_header_list_get_count(headers);
  for (int i = 0; i < count; ++i) {
    GMimeHeader* field = g_mime_header_list_get_header_at(headers, i);
    const char* name = g_mime_header_get_name(field);
    const char* value = g_mime_header_get_raw_value(field);
    if (name == nullptr || value == nullptr) continue;
    if (g_ascii_strcasecmp(name, "List-Unsubscribe") == 0) ++lists;
    if (g_ascii_strcasecmp(name, "List-Unsubscribe-Post") == 0) ++posts;
    if (g_ascii_strcasecmp(name, "DKIM-Signature") != 0) continue;
    // More than anybody has: no telling which of them it is.
    if (signatures.size() == most_signatures) return false;
    signatures.push_back(signature_in(unfolded(value)));
  }
  // A signature counts fields from below (RFC 6376 5.4.2): one that was added above is not in it.
  if (lists != 1 || posts != 1) return false;
  return std::any_of(results->methods.begin(), results->methods.end(), [&](const MethodResult& found) {
    return found.method == "dkim" && found.result == "pass" && covered(signatures, found);
  });
}

}  // namespace dragoman::email
