// What people type or paste where an address is asked for.
#include <charconv>

#include "bridges/matrix/address.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::matrix {
namespace {

constexpr std::size_t most_typed = 4092;  // bytes: the longest node, and each of them escaped

bool is_blank(char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F; }

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned byte = 0;
    const std::string_view digits = text.substr(i + 1, 2);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (digits.size() != 2 || error != std::errc() || end != digits.data() + 2) return std::nullopt;
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}

bool begins_with_any_case(std::string_view text, std::string_view what) {
  return text.size() >= what.size() && ascii_lower(text.substr(0, what.size())) == what;
}

// Of "https://matrix.to/#/…", from behind the second slash.
std::optional<std::string> id_of_matrix_to(std::string_view rest) {
  return percent_decoded(rest.substr(0, rest.find_first_of("/?")));
}

// Of "matrix:…", MSC2312: with the names of types that were used in its draft.
std::optional<std::string> id_of_uri(std::string_view rest) {
  if (rest.substr(0, 2) == "//") {
    const auto slash = rest.find('/', 2);
    if (slash == std::string_view::npos) return std::nullopt;
    rest.remove_prefix(slash + 1);
  }
  rest = rest.substr(0, rest.find_first_of("?#"));
  const auto slash = rest.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view type = rest.substr(0, slash);
  rest.remove_prefix(slash + 1);
  rest = rest.substr(0, rest.find('/'));
  char sigil;
  if (type == "u" || type == "user") {
    sigil = '@';
  } else if (type == "r" || type == "room") {
    sigil = '#';
  } else if (type == "roomid") {
    sigil = '!';
  } else {
    return std::nullopt;
  }
  auto id = percent_decoded(rest);
  if (id) id->insert(id->begin(), sigil);
  return id;
}

std::optional<std::string> node_of_written_id(std::string id) {
  std::string node;
  if (is_user_id(id)) {
    node = node_of(UserId(std::move(id)));
  } else if (is_alias(id) || is_room_id(id)) {
    node = node_of(RoomId(std::move(id)));
  }
  if (node.empty()) return std::nullopt;
  return node;
}

}  // namespace

std::optional<std::string> node_from_prompt(std::string_view typed) {
  while (!typed.empty() && is_blank(typed.front())) typed.remove_prefix(1);
  while (!typed.empty() && is_blank(typed.back())) typed.remove_suffix(1);
  if (typed.empty() || typed.size() > most_typed) return std::nullopt;
  for (const std::string_view link :
       {"https://matrix.to/#/", "http://matrix.to/#/", "matrix.to/#/", "https://www.matrix.to/#/"}) {
    if (!begins_with_any_case(typed, link)) continue;
    auto id = id_of_matrix_to(typed.substr(link.size()));
    return id ? node_of_written_id(std::move(*id)) : std::nullopt;
  }
  if (begins_with_any_case(typed, "matrix:")) {
    auto id = id_of_uri(typed.substr(7));
    if (id) return node_of_written_id(std::move(*id));
  }
  if (auto node = node_of_written_id(std::string(typed))) return node;
  // Somebody may have typed an address as it is here, in any case of letters.
  std::string node = ascii_lower(typed);
  if (!resolve(node)) return std::nullopt;
  return node;
}

}  // namespace dragoman::matrix
