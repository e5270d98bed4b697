#include "bridges/email/reaction.hpp"

#include <boost/json.hpp>

#include "bridges/email/charset.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

constexpr std::size_t kMaxReaction = 64;  // bytes of one emoji, with all its joiners and flags

// Short, and no words: RFC 9078 3 asks for emoji, and what they are changes every year.
std::optional<std::string> emoji_in(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\n' || text.front() == '\t'))
    text.remove_prefix(1);
  // More than one may stand there; a reaction here is one.
  text = text.substr(0, text.find_first_of(" \t\n"));
  if (text.empty() || text.size() > kMaxReaction) return std::nullopt;
  bool beyond_ascii = false;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    // Digits, "#" and "*" stand in keycaps.
    if (byte < 0x80 && !(c >= '0' && c <= '9') && c != '#' && c != '*') return std::nullopt;
    beyond_ascii = beyond_ascii || byte >= 0xE2;
  }
  if (!beyond_ascii) return std::nullopt;
  return std::string(text);
}

// {"version": 1, "emoji": "…"}
std::optional<std::string> emoji_of_json(const std::string& text) {
  boost::json::error_code error;
  const auto value = boost::json::parse(text, error);
  if (error || !value.is_object()) return std::nullopt;
  const auto* emoji = value.as_object().if_contains("emoji");
  if (emoji == nullptr || !emoji->is_string()) return std::nullopt;
  return emoji_in(clean_text(std::string_view(emoji->as_string().data(), emoji->as_string().size())));
}

}  // namespace

std::optional<std::string> reaction_in(const ParsedMail& mail) {
  for (GMimeObject* leaf : mail.leaves()) {
    if (!GMIME_IS_PART(leaf)) continue;
    const bool gmail = is_type(leaf, "text", "vnd.google.email-reaction+json") ||
                       is_type(leaf, "application", "vnd.google.email-reaction+json");
    if (!gmail && (disposition(leaf) != "reaction" || !is_type(leaf, "text", "plain"))) continue;
    const std::string text = text_of_bytes(mail.decoded(leaf, 1024), parameter(leaf, "charset"));
    if (auto emoji = gmail ? emoji_of_json(text) : emoji_in(text)) return emoji;
  }
  return std::nullopt;
}

}  // namespace dragoman::email
