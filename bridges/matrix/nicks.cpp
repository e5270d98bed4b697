#include "bridges/matrix/nicks.hpp"

#include <memory>
#include <vector>

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uspoof.h>

#include "bridges/matrix/address.hpp"
#include "mapping/jid.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::matrix {
namespace {

constexpr std::size_t kMaxName = 128, kMaxId = 255;  // bytes
constexpr std::size_t kMaxStacked = 3;               // marks on one letter

std::vector<std::string_view> characters_of(std::string_view text) {
  std::vector<std::string_view> out;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t length = 1;
    while (i + length < text.size() && (static_cast<unsigned char>(text[i + length]) & 0xC0U) == 0x80U) {
      ++length;
    }
    out.push_back(text.substr(i, length));
    i += length;
  }
  return out;
}

// Without what shows nothing, and without marks that are stacked higher than any language does.
std::string visible(std::string_view name) {
  constexpr UChar32 blank_braille = 0x2800;
  std::string out;
  std::size_t marks = 0;
  for (const std::string_view character : characters_of(name)) {
    const auto c = static_cast<UChar32>(code_point(character));
    if (c == blank_braille || u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT)) continue;
    const auto kind = u_charType(c);
    const bool mark = kind == U_NON_SPACING_MARK || kind == U_ENCLOSING_MARK;
    marks = mark ? marks + 1 : 0;
    if (marks <= kMaxStacked) out += character;
  }
  return out;
}

bool is_written_leftwards(std::string_view character) {
  const auto direction = u_charDirection(static_cast<UChar32>(code_point(character)));
  return direction == U_RIGHT_TO_LEFT || direction == U_RIGHT_TO_LEFT_ARABIC;
}

// A nick is a resource, and resourceprep refuses some characters, and a text written to the left that doesn't
// begin and end so or that is mixed with letters written to the right (RFC 3454 section 6). Rather a part
// of the name than none.
std::string as_resource(const std::string& name) {
  if (const auto prepared = prepare_resource(name)) return *prepared;
  std::string fit, inner, rightwards;
  for (const std::string_view c : characters_of(name)) {
    if (c != " " && !prepare_resource(c)) continue;
    fit += c;
    if (!is_written_leftwards(c)) rightwards += c;
  }
  const auto all = characters_of(fit);
  std::size_t begin = 0, end = all.size();
  while (begin < end && !is_written_leftwards(all[begin])) ++begin;
  while (end > begin && !is_written_leftwards(all[end - 1])) --end;
  for (std::size_t i = begin; i < end; ++i) inner += all[i];
  for (const std::string& candidate : {display_clean(fit), inner, display_clean(rightwards)}) {
    if (candidate.empty()) continue;
    if (const auto prepared = prepare_resource(candidate)) return *prepared;
  }
  return {};
}

struct CloseChecker {
  void operator()(USpoofChecker* checker) const { uspoof_close(checker); }
};

// UTS #39's table of what looks alike. Immutable; null where the machine's ICU has no data.
const USpoofChecker* confusables() {
  static const std::unique_ptr<USpoofChecker, CloseChecker> checker = [] {
    UErrorCode error = U_ZERO_ERROR;
    std::unique_ptr<USpoofChecker, CloseChecker> opened(uspoof_open(&error));
    if (U_FAILURE(error)) opened.reset();
    return opened;
  }();
  return checker.get();
}

icu::UnicodeString folded(const icu::UnicodeString& text) {
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* fold = icu::Normalizer2::getNFKCCasefoldInstance(error);
  if (U_FAILURE(error)) return text;
  icu::UnicodeString out = fold->normalize(text, error);
  return U_FAILURE(error) ? text : out;
}

icu::UnicodeString unconfused(const icu::UnicodeString& text) {
  const USpoofChecker* checker = confusables();
  if (!checker) return text;
  UErrorCode error = U_ZERO_ERROR;
  icu::UnicodeString out;
  uspoof_getSkeletonUnicodeString(checker, 0, text, out, &error);
  return U_FAILURE(error) ? text : out;
}

std::string made_safe(std::string_view text, std::size_t limit) {
  // Four times as much may be invisible; what is longer still is no name.
  std::string name = visible(display_clean(text.substr(0, prefix_within(text, 4 * limit))));
  name.resize(prefix_within(name, limit));
  // Trimmed again: the cut, and what was dropped, may have left a space at an end.
  name = display_clean(as_resource(display_clean(name)));
  const auto prepared = prepare_resource(name);
  return prepared && *prepared == name ? name : std::string();
}

// "Alice (@alice:example.org)"; the id alone where both together are no resource.
std::string told_apart(const std::string& name, const std::string& id) {
  std::string nick = name + " (" + id + ')';
  const auto prepared = prepare_resource(nick);
  return !name.empty() && prepared && *prepared == nick ? nick : id;
}

}  // namespace

std::string safe_name(std::string_view display_name) { return made_safe(display_name, kMaxName); }

std::string skeleton(std::string_view name) {
  const auto text = icu::UnicodeString::fromUTF8({name.data(), static_cast<int>(name.size())});
  // Once more at the end: the table's "O" for a zero is upper case.
  const icu::UnicodeString alike = folded(unconfused(folded(text)));
  icu::UnicodeString out;
  for (int i = 0; i < alike.length(); i = alike.moveIndex32(i, 1)) {
    const UChar32 c = alike.char32At(i);
    if (u_isUWhiteSpace(c)) continue;
    // An upper-case I is an l to the eye, and an i to those who fold case.
    out.append(c == 'i' ? UChar32{'l'} : c);
  }
  std::string bytes;
  out.toUTF8String(bytes);
  return bytes;
}

const std::string& Nicks::put(const std::string& user_id, std::string_view display_name) {
  erase(user_id);
  const std::string id = made_safe(user_id, kMaxId);
  std::string base = safe_name(display_name);
  if (base.empty()) base = id;
  const auto taken = [&](const std::string& nick) {
    return nick.empty() || by_nick_.contains(nick) || by_skeleton_.contains(skeleton(nick));
  };
  std::string nick = base;
  // Nobody is called by somebody else's id.
  if (taken(nick) || (is_user_id(nick) && nick != user_id)) {
    nick = told_apart(base, id);
    for (int n = 2; taken(nick); ++n) nick = told_apart(base, id + ' ' + std::to_string(n));
  }
  by_nick_.emplace(nick, user_id);
  by_skeleton_.emplace(skeleton(nick), user_id);
  return by_user_.insert_or_assign(user_id, std::move(nick)).first->second;
}

void Nicks::erase(const std::string& user_id) {
  const auto found = by_user_.find(user_id);
  if (found == by_user_.end()) return;
  by_nick_.erase(found->second);
  by_skeleton_.erase(skeleton(found->second));
  by_user_.erase(found);
}

const std::string* Nicks::of(const std::string& user_id) const {
  const auto found = by_user_.find(user_id);
  return found == by_user_.end() ? nullptr : &found->second;
}

std::optional<std::string> Nicks::user(std::string_view nick) const {
  const auto found = by_nick_.find(std::string(nick));
  if (found == by_nick_.end()) return std::nullopt;
  return found->second;
}

}  // namespace dragoman::matrix
