// Bytes from anybody through all that reads mail: nothing may crash, grow without bound, lose a line of what
// was said, or let through what XML forbids.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "bridges/email/authentication.hpp"
#include "bridges/email/calendar.hpp"
#include "bridges/email/charset.hpp"
#include "bridges/email/files.hpp"
#include "bridges/email/gmime.hpp"
#include "bridges/email/html_text.hpp"
#include "bridges/email/mime_in.hpp"
#include "bridges/email/quotes.hpp"
#include "mapping/utf8.hpp"

namespace {

using namespace dragoman;
using namespace dragoman::email;

void require(bool holds) {
  if (!holds) std::abort();
}

void require_clean(const Text& text) {
  require(clean_text(text.plain) == text.plain);
  const Span* last = nullptr;
  for (const Span& span : text.spans) {
    require(span.begin < span.end && span.end <= text.plain.size());
    require(last == nullptr || last->begin < span.begin ||
            (last->begin == span.begin && last->end >= span.end));
    last = &span;
  }
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (true) {
    const auto begin = text.find_first_not_of("> \t\n");
    if (begin == std::string_view::npos) return words;
    text.remove_prefix(begin);
    const auto end = std::min(text.find_first_of("> \t\n"), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

void quotes(const Text& text) {
  for (const bool forwarded : {false, true}) {
    const Folded folded = fold_quotes(text, forwarded);
    require_clean(folded.said);
    auto before = words_of(text.plain), after = words_of(folded.said.plain);
    for (const auto word : words_of(folded.rest)) after.push_back(word);
    std::sort(before.begin(), before.end());
    std::sort(after.begin(), after.end());
    // What a page has between its paragraphs counts as empty.
    std::erase(before, "\xC2\xA0");
    std::erase(after, "\xC2\xA0");
    require(before == after);
  }
}

void mail(std::string_view bytes) {
  const auto read = parse_mail(bytes, "mx.example.org");
  const Mail* one = std::get_if<Mail>(&read);
  if (one == nullptr) return require(!std::get<std::string>(read).empty());
  require_clean(one->said);
  require(clean_text(one->rest) == one->rest);
  require(display_clean(one->subject) == one->subject);
  for (const File& file : one->files) {
    require(file_name(file.name) == file.name && !file.name.empty());
    std::size_t size = 0;
    require(write_part(bytes, file.part, [&](std::string_view piece) {
      size += piece.size();
      return true;
    }));
    require(size == file.size);
  }
}

struct Outline {
  std::size_t parts = 0, headers = 0, depth = 0;
};

void outline(GMimeObject* object, std::size_t depth, Outline& all) {
  if (object == nullptr) return;
  all.depth = std::max(all.depth, depth);
  all.headers +=
      static_cast<std::size_t>(g_mime_header_list_get_count(g_mime_object_get_header_list(object)));
  if (GMIME_IS_MULTIPART(object)) {
    const int count = g_mime_multipart_get_count(GMIME_MULTIPART(object));
    all.parts += static_cast<std::size_t>(count);
    for (int i = 0; i < count; ++i)
      outline(g_mime_multipart_get_part(GMIME_MULTIPART(object), i), depth + 1, all);
  } else if (GMIME_IS_MESSAGE_PART(object)) {
    GMimeMessage* inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
    if (inner != nullptr) outline(g_mime_message_get_mime_part(inner), depth + 1, all);
  }
}

// What is within limits is so to GMime, too.
void limits(std::string_view bytes) {
  MimeLimits few;
  few.parts = 4;
  few.depth = 3;
  few.headers = 12;
  if (!beyond_limits(bytes, few).empty()) return;
  const ParsedMail parsed(bytes);
  if (!parsed.ok()) return;
  Outline all;
  outline(parsed.root(), 0, all);
  require(all.parts <= few.parts && all.depth <= few.depth + 1 && all.headers <= few.headers);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  mail(bytes);
  limits(bytes);
  const std::string text = text_of_bytes(bytes, "");
  quotes(Text(text));
  quotes(Text(unflowed(text, true)));
  const Text page = html_text(text);
  require_clean(page);
  quotes(page);
  require_clean(Text(invitation_text(text)));
  require_clean(Text(card_text(text)));
  dmarc_in(results_in(bytes));
  return 0;
}
