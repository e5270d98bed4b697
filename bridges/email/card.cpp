#include "bridges/email/card.hpp"

#include <vector>

#include "bridges/email/address.hpp"
#include "bridges/email/content_lines.hpp"
#include "bridges/pictures.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

constexpr std::size_t kMaxWays = 10;

// "data:image/png;base64,…" (RFC 6350 6.2.4), or with ENCODING=b (RFC 2426 3.1.4; "BASE64" before it).
std::optional<Picture> picture_of(const Property& photo) {
  std::string_view value = photo.value;
  const std::string encoding = upper(photo.parameter("ENCODING"));
  if (encoding == "B" || encoding == "BASE64") return pictures::decode(value);
  if (ascii_lower(value.substr(0, 5)) != "data:") return std::nullopt;
  const auto comma = value.find(',');
  if (comma == std::string_view::npos || !ascii_lower(value.substr(0, comma)).ends_with(";base64"))
    return std::nullopt;
  return pictures::decode(value.substr(comma + 1));
}

}  // namespace

std::string card_text(std::string_view vcard) {
  std::string name, organisation;
  std::vector<std::string> ways;
  bool ended = false;
  each_property(vcard, [&](const Property& property) {
    if (ended) return;
    if (property.name == "END") ended = true;
    if (property.name == "FN") name = value_words(property.value, 200);
    if (property.name == "ORG") organisation = value_words(property.value, 200);
    if (property.name == "EMAIL" || property.name == "TEL" || property.name == "IMPP") {
      std::string value = value_words(property.value, 200);
      if (ascii_lower(value.substr(0, 4)) == "tel:") value.erase(0, 4);
      if (!value.empty() && ways.size() < kMaxWays) ways.push_back(std::move(value));
    }
  });
  std::string out = name.empty() ? organisation : name;
  if (!name.empty() && !organisation.empty()) out += " (" + organisation + ")";
  for (const std::string& way : ways) out += (out.empty() ? "" : ", ") + way;
  return out.empty() ? out : "👤 " + out;
}

std::optional<Picture> card_picture(std::string_view vcard, std::string_view folded_address) {
  std::optional<Picture> picture;
  bool is_theirs = false, ended = false;
  each_property(vcard, [&](const Property& property) {
    if (ended) return;
    if (property.name == "END") ended = true;
    if (property.name == "EMAIL" && folded(property.value) == folded_address) is_theirs = true;
    if (property.name == "PHOTO" && !picture) picture = picture_of(property);
  });
  return is_theirs ? picture : std::nullopt;
}

}  // namespace dragoman::email
