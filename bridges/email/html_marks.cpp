#include "bridges/email/html_marks.hpp"

#include <algorithm>
#include <array>

#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

constexpr std::size_t kMaxUrl = 2048, kMaxStyle = 2000;

bool has(std::string_view text, std::string_view what) { return text.find(what) != std::string_view::npos; }

// "name:value" without spaces, in lower case, each behind a ";".
std::string declarations(std::string_view style) {
  std::string out = ";";
  for (const char c : style.substr(0, kMaxStyle)) {
    if (c != ' ' && c != '\t' && c != '\n' && c != '\r') out += c;
  }
  return ascii_lower(out) + ';';
}

// "0", "0px", "0.0em", but not "0.9em".
bool is_zero(std::string_view all, std::string_view name) {
  for (auto at = all.find(name); at != std::string_view::npos; at = all.find(name, at + 1)) {
    std::string_view value = all.substr(at + name.size());
    value = value.substr(0, value.find_first_of(";!"));
    const auto end = value.find_first_not_of("0.");
    if (end != 0 && !value.empty() && value.find('0') != std::string_view::npos &&
        (end == std::string_view::npos || !(value[end] >= '1' && value[end] <= '9'))) {
      return true;
    }
  }
  return false;
}

bool is_small(std::optional<std::string_view> size) {
  if (!size) return false;
  std::string_view number = *size;
  while (!number.empty() && number.front() == ' ') number.remove_prefix(1);
  return number == "0" || number == "1" || number == "0px" || number == "1px";
}

// Whether one of the words of a class attribute begins so.
bool has_class(std::string_view classes, std::string_view name, bool whole) {
  while (!classes.empty()) {
    const auto end = std::min(classes.find(' '), classes.size());
    std::string_view one = classes.substr(0, end);
    // Outlook's web page and others put "x_" before what came in.
    while (one.substr(0, 2) == "x_") one.remove_prefix(2);
    if (whole ? one == name : one.substr(0, name.size()) == name) return true;
    classes.remove_prefix(std::min(end + 1, classes.size()));
  }
  return false;
}

}  // namespace

std::optional<std::string_view> attribute(Attributes attributes, std::string_view name) {
  if (attributes == nullptr) return std::nullopt;
  for (; *attributes != nullptr; attributes += 2) {
    if (reinterpret_cast<const char*>(attributes[0]) != name) continue;
    return attributes[1] == nullptr ? std::string_view() : reinterpret_cast<const char*>(attributes[1]);
  }
  return std::nullopt;
}

bool hides_by_style(std::string_view style) {
  if (style.empty()) return false;
  const std::string all = declarations(style);
  if (has(all, ";display:none") || has(all, ";visibility:hidden") || has(all, ";mso-hide:all")) return true;
  if (is_zero(all, ";font-size:") || is_zero(all, ";opacity:")) return true;
  return has(all, ";overflow:hidden") && (is_zero(all, ";max-height:") || is_zero(all, ";height:") ||
                                          is_zero(all, ";max-width:") || is_zero(all, ";width:"));
}

bool shows_by_style(std::string_view style) {
  if (style.empty()) return false;
  const std::string all = declarations(style);
  return has(all, ";display:") && !has(all, ";display:none");
}

bool is_hidden(Attributes attributes) {
  return attribute(attributes, "hidden") ||
         hides_by_style(attribute(attributes, "style").value_or(std::string_view()));
}

bool is_shown(Attributes attributes) {
  return shows_by_style(attribute(attributes, "style").value_or(std::string_view()));
}

bool is_tracker(Attributes attributes) {
  if (is_hidden(attributes)) return true;
  if (is_small(attribute(attributes, "width")) || is_small(attribute(attributes, "height"))) return true;
  const auto style = attribute(attributes, "style");
  if (!style) return false;
  const std::string all = declarations(*style);
  return has(all, ";width:1px") || has(all, ";height:1px") || has(all, ";width:0") || has(all, ";height:0");
}

bool is_tight(Attributes attributes) {
  if (attributes == nullptr) return false;
  if (has_class(attribute(attributes, "class").value_or(std::string_view()), "MsoNormal", true)) return true;
  const std::string all = declarations(attribute(attributes, "style").value_or(std::string_view()));
  return is_zero(all, ";margin:") || (is_zero(all, ";margin-top:") && is_zero(all, ";margin-bottom:"));
}

Mark mark_of(std::string_view element, Attributes attributes) {
  if (attributes == nullptr) return Mark::none;
  std::string_view id = attribute(attributes, "id").value_or(std::string_view());
  const std::string_view classes = attribute(attributes, "class").value_or(std::string_view());
  while (id.substr(0, 2) == "x_") id.remove_prefix(2);
  if (has_class(classes, "yahoo_quoted", true) || id.substr(0, 12) == "yahoo_quoted" ||
      has_class(classes, "moz-cite-prefix", true) || has_class(classes, "zmail_extra", true) ||
      id == "reply-intro" || has_class(classes, "gmail_quote_container_attribution", true)) {
    return Mark::quote;
  }
  if (id == "divRplyFwdMsg" || has_class(classes, "OutlookMessageHeader", true) ||
      id == "OLK_SRC_BODY_SECTION" || id == "mail-editor-reference-message-container") {
    return Mark::header;
  }
  if (element == "div") {
    // Outlook's own on a desktop has neither name nor class: a line above "From:".
    const std::string all = declarations(attribute(attributes, "style").value_or(std::string_view()));
    if (has(all, ";border:none;border-top:solid#")) return Mark::header;
  }
  if (has_class(classes, "gmail_signature", true) || has_class(classes, "moz-signature", true) ||
      has_class(classes, "protonmail_signature_block", false) || id == "Signature" ||
      id == "AppleMailSignature" || id == "ms-outlook-mobile-signature" || id == "signature") {
    return Mark::signature;
  }
  return Mark::none;
}

bool is_link(std::string_view url) {
  if (url.empty() || url.size() > kMaxUrl) return false;
  if (std::any_of(url.begin(), url.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte <= 0x20 || byte == 0x7F || c == '<' || c == '>' || c == '"';
      })) {
    return false;
  }
  const auto colon = url.find(':');
  if (colon == std::string_view::npos || colon + 1 == url.size()) return false;
  const std::string scheme = ascii_lower(url.substr(0, std::min<std::size_t>(colon, 12)));
  constexpr auto schemes = std::to_array<std::string_view>(
      {"https", "http", "ftp", "mailto", "tel", "sms", "xmpp", "geo", "magnet", "webcal"});
  return std::find(schemes.begin(), schemes.end(), scheme) != schemes.end();
}

}  // namespace dragoman::email
