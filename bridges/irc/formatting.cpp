#include "bridges/irc/formatting.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>

namespace dragoman::irc {
namespace {

constexpr char kBold = '\x02', kColour = '\x03', kHexColour = '\x04', kReset = '\x0F', kMono = '\x11',
               kItalic = '\x1D', kStrike = '\x1E', kUnderline = '\x1F';

// 0-15 as mIRC itself shows them, 16-98 as the ircdocs table has them.
constexpr std::array<std::uint32_t, 99> kPalette = {
    0xffffff, 0x000000, 0x00007f, 0x009300, 0xff0000, 0x7f0000, 0x9c009c, 0xfc7f00, 0xffff00, 0x00fc00,
    0x009393, 0x00ffff, 0x0000fc, 0xff00ff, 0x7f7f7f, 0xd2d2d2, 0x470000, 0x472100, 0x474700, 0x324700,
    0x004700, 0x00472c, 0x004747, 0x002747, 0x000047, 0x2e0047, 0x470047, 0x47002a, 0x740000, 0x743a00,
    0x747400, 0x517400, 0x007400, 0x007449, 0x007474, 0x004074, 0x000074, 0x4b0074, 0x740074, 0x740045,
    0xb50000, 0xb56300, 0xb5b500, 0x7db500, 0x00b500, 0x00b571, 0x00b5b5, 0x0063b5, 0x0000b5, 0x7500b5,
    0xb500b5, 0xb5006b, 0xff0000, 0xff8c00, 0xffff00, 0xb2ff00, 0x00ff00, 0x00ffa0, 0x00ffff, 0x008cff,
    0x0000ff, 0xa500ff, 0xff00ff, 0xff0098, 0xff5959, 0xffb459, 0xffff71, 0xcfff60, 0x6fff6f, 0x65ffc9,
    0x6dffff, 0x59b4ff, 0x5959ff, 0xc459ff, 0xff66ff, 0xff59bc, 0xff9c9c, 0xffd39c, 0xffff9c, 0xe2ff9c,
    0x9cff9c, 0x9cffdb, 0x9cffff, 0x9cd3ff, 0x9c9cff, 0xdc9cff, 0xff9cff, 0xff94d3, 0x000000, 0x131313,
    0x282828, 0x363636, 0x4d4d4d, 0x656565, 0x818181, 0x9f9f9f, 0xbcbcbc, 0xe2e2e2, 0xffffff};

constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
constexpr int kDefault = 99;

// The codes that are switched on and off, with their styles.
struct Toggle {
  char code;
  Style style;
};
constexpr std::array<Toggle, 5> kToggles = {{{kBold, Style::bold},
                                             {kItalic, Style::italic},
                                             {kUnderline, Style::underline},
                                             {kStrike, Style::strike},
                                             {kMono, Style::code}}};

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}
bool is_decimal(char c) { return c >= '0' && c <= '9'; }

std::string hex(std::uint32_t rgb) {
  std::string out = "#";
  for (int shift = 20; shift >= 0; shift -= 4) out += "0123456789abcdef"[(rgb >> shift) & 0xF];
  return out;
}

// "#rrggbb", or kNone.
std::uint32_t rgb_of(std::string_view detail) {
  if (detail.size() != 7 || detail.front() != '#') return kNone;
  std::uint32_t rgb = 0;
  for (const char c : detail.substr(1)) {
    const int digit = hex_digit(c);
    if (digit < 0) return kNone;
    rgb = rgb << 4 | static_cast<std::uint32_t>(digit);
  }
  return rgb;
}

int nearest(std::uint32_t rgb) {
  int best = 0;
  long least = std::numeric_limits<long>::max();
  for (int i = 0; i < static_cast<int>(kPalette.size()); ++i) {
    long distance = 0;
    for (int shift = 0; shift <= 16; shift += 8) {
      const long d =
          static_cast<long>((rgb >> shift) & 0xFF) - static_cast<long>((kPalette[i] >> shift) & 0xFF);
      distance += d * d;
    }
    if (distance < least) {
      least = distance;
      best = i;
    }
  }
  return best;
}

// -------------------------------------------------------------------------------------------------------
// from the wire

bool is_dropped(char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t'; }
bool has_control(std::string_view text) { return std::any_of(text.begin(), text.end(), is_dropped); }

// U+FFFE and U+FFFF, which XML forbids.
bool is_noncharacter(std::string_view bytes) { return bytes == "\xEF\xBF\xBE" || bytes == "\xEF\xBF\xBF"; }

struct Reader {
  explicit Reader(std::string_view bytes) : wire(bytes) {}

  std::string_view wire;
  std::size_t at = 0;
  Text text;
  std::array<std::size_t, kToggles.size()> since{};  // where a toggle was switched on
  unsigned on = 0;                                   // a bit for each of kToggles
  std::uint32_t fg = kNone, bg = kNone;
  std::size_t coloured_since = 0;

  void span(std::size_t begin, Style style, std::string detail = {}) {
    if (begin < text.plain.size()) text.spans.push_back({begin, text.plain.size(), style, std::move(detail)});
  }

  void toggle(std::size_t which) {
    on ^= 1u << which;
    if (on & (1u << which)) {
      since[which] = text.plain.size();
    } else {
      span(since[which], kToggles[which].style);
    }
  }

  void colour(std::uint32_t new_fg, std::uint32_t new_bg) {
    if (fg != kNone && fg == bg) {
      span(coloured_since, Style::spoiler);
    } else {
      if (fg != kNone) span(coloured_since, Style::colour, hex(fg));
      if (bg != kNone) span(coloured_since, Style::background, hex(bg));
    }
    fg = new_fg;
    bg = new_bg;
    coloured_since = text.plain.size();
  }

  void reset() {
    for (std::size_t i = 0; i < kToggles.size(); ++i) {
      if (on & (1u << i)) toggle(i);
    }
    colour(kNone, kNone);
  }

  // One or two digits; -1 where there is none.
  int palette_number() {
    if (at >= wire.size() || !is_decimal(wire[at])) return -1;
    int number = wire[at++] - '0';
    if (at < wire.size() && is_decimal(wire[at])) number = number * 10 + (wire[at++] - '0');
    return number;
  }

  std::uint32_t palette_colour(int number) const { return number == kDefault ? kNone : kPalette[number]; }

  void palette_code() {
    const int first = palette_number();
    if (first < 0) return colour(kNone, kNone);
    std::uint32_t background = bg;
    if (at + 1 < wire.size() && wire[at] == ',' && is_decimal(wire[at + 1])) {
      ++at;
      background = palette_colour(palette_number());
    }
    colour(palette_colour(first), background);
  }

  std::uint32_t hex_number() {
    if (at + 6 > wire.size()) return kNone;
    std::uint32_t rgb = 0;
    for (std::size_t i = at; i < at + 6; ++i) {
      const int digit = hex_digit(wire[i]);
      if (digit < 0) return kNone;
      rgb = rgb << 4 | static_cast<std::uint32_t>(digit);
    }
    at += 6;
    return rgb;
  }

  void hex_code() {
    const std::uint32_t first = hex_number();
    if (first == kNone) return colour(kNone, kNone);
    std::uint32_t background = bg;
    if (at < wire.size() && wire[at] == ',') {
      ++at;
      const std::uint32_t second = hex_number();
      if (second == kNone) {
        --at;  // the comma is text
      } else {
        background = second;
      }
    }
    colour(first, background);
  }

  void control(char c) {
    const auto which = std::find_if(kToggles.begin(), kToggles.end(),
                                    [c](const Toggle& toggle) { return toggle.code == c; });
    if (which != kToggles.end()) {
      toggle(static_cast<std::size_t>(which - kToggles.begin()));
    } else if (c == kColour) {
      palette_code();
    } else if (c == kHexColour) {
      hex_code();
    } else if (c == kReset) {
      reset();
    }
  }

  void run() {
    while (at < wire.size()) {
      const char c = wire[at++];
      if (is_dropped(c)) {
        control(c);
      } else if (c == '\xEF' && is_noncharacter(wire.substr(at - 1, 3))) {
        at += 2;
      } else {
        text.plain += c;
      }
    }
    reset();
    std::stable_sort(text.spans.begin(), text.spans.end(), [](const Span& a, const Span& b) {
      return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
    });
  }
};

// ---------------------------------------------------------------------------------------------------------
// to the wire

// How the text looks between two places where a span begins or ends.
struct Look {
  unsigned on = 0;
  int fg = kDefault, bg = kDefault;
  bool operator==(const Look&) const = default;
};

// `spans` are those that lie over a place, the outer before the inner.
Look look_of(const std::vector<const Span*>& spans) {
  Look look;
  for (const Span* span : spans) {
    for (std::size_t i = 0; i < kToggles.size(); ++i) {
      if (kToggles[i].style == span->style) look.on |= 1u << i;
    }
    // The inner of two colours comes later, and wins.
    if (span->style == Style::spoiler) look.fg = look.bg = 1;
    if (span->style != Style::colour && span->style != Style::background) continue;
    if (const auto rgb = rgb_of(span->detail); rgb != kNone) {
      (span->style == Style::colour ? look.fg : look.bg) = nearest(rgb);
    }
  }
  return look;
}

void append_number(std::string& to, int number) {
  to += static_cast<char>('0' + number / 10);
  to += static_cast<char>('0' + number % 10);
}

// Changes how the text looks. `next` is the text's character after the codes, which must not be read as a
// part of them.
void change(std::string& to, const Look& from, const Look& wanted, char next) {
  if (wanted == Look{}) {
    // One code ends all; a single toggle is as short and reads better in clients that lack the reset.
    if (std::popcount(from.on) + (from.fg != kDefault || from.bg != kDefault) > 1) {
      to += kReset;
      return;
    }
  }
  const bool recoloured = from.fg != wanted.fg || from.bg != wanted.bg;
  if (recoloured) {
    to += kColour;
    if (wanted.fg != kDefault || wanted.bg != kDefault) {
      append_number(to, wanted.fg);
      if (from.bg != wanted.bg) {
        to += ',';
        append_number(to, wanted.bg);
      }
    }
  }
  bool guarded = !recoloured;
  for (std::size_t i = 0; i < kToggles.size(); ++i) {
    if (((from.on ^ wanted.on) >> i) & 1u) {
      to += kToggles[i].code;
      guarded = true;
    }
  }
  // A digit or comma right after a colour would belong to it: two toggles, which undo each other, part them.
  if (!guarded && (is_decimal(next) || next == ',')) to.append({kBold, kBold});
}

constexpr std::size_t kMaxQuoteDepth = 5;  // deeper ones would leave no room for their text

std::size_t quote_depth(const Text& text) {
  const auto depth = std::count_if(text.spans.begin(), text.spans.end(), [](const Span& span) {
    return span.style == Style::quote && span.begin == 0;
  });
  return std::min(static_cast<std::size_t>(depth), kMaxQuoteDepth);
}

void append_plain(std::string& to, std::string_view text) {
  for (const char c : text) {
    if (c == '\n') {
      to += ' ';
    } else if (!is_dropped(c)) {
      to += c;
    }
  }
}

bool is_link(const Span& span) { return span.style == Style::link; }

std::string write(const Text& text) {
  std::string out;
  out.reserve(text.plain.size() + 16);
  for (std::size_t i = quote_depth(text); i > 0; --i) out += "> ";

  std::vector<std::size_t> edges = {0, text.plain.size()};
  for (const Span& span : text.spans) {
    edges.push_back(std::min(span.begin, text.plain.size()));
    edges.push_back(std::min(span.end, text.plain.size()));
  }
  std::sort(edges.begin(), edges.end());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());

  Look now;
  std::vector<const Span*> over;  // the run between two edges
  auto next = text.spans.begin();
  for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
    std::erase_if(over, [&](const Span* span) { return span->end <= edges[i]; });
    for (; next != text.spans.end() && next->begin <= edges[i]; ++next) {
      if (next->end > edges[i]) over.push_back(&*next);
    }
    const std::size_t begin = out.size();
    append_plain(out, std::string_view(text.plain).substr(edges[i], edges[i + 1] - edges[i]));
    if (out.size() == begin) continue;
    if (const Look wanted = look_of(over); wanted != now) {
      std::string codes;
      change(codes, now, wanted, out[begin]);
      out.insert(begin, codes);
      now = wanted;
    }
  }
  if (now != Look{}) change(out, now, Look{}, ' ');
  return out;
}

bool is_plain(const Text& text) { return text.spans.empty() && !has_control(text.plain); }

std::string write_with_links(const Text& text) {
  return std::any_of(text.spans.begin(), text.spans.end(), is_link) ? write(links_told(text)) : write(text);
}

}  // namespace

Text from_mirc(std::string_view wire) {
  if (std::none_of(wire.begin(), wire.end(), [](char c) { return is_dropped(c) || c == '\xEF'; })) {
    return Text(std::string(wire));
  }
  Reader reader(wire);
  reader.run();
  return std::move(reader.text);
}

Text links_told(const Text& text) {
  struct Insertion {
    std::size_t at;
    std::size_t before;  // how much was put in before this one
    const Span* link;
  };
  std::vector<Insertion> insertions;
  for (const Span& span : text.spans) {
    if (!is_link(span) || span.end > text.plain.size() || span.begin >= span.end) continue;
    const auto shown = std::string_view(text.plain).substr(span.begin, span.end - span.begin);
    if (span.detail.find(shown) == std::string::npos) insertions.push_back({span.end, 0, &span});
  }
  std::stable_sort(insertions.begin(), insertions.end(),
                   [](const Insertion& a, const Insertion& b) { return a.at < b.at; });

  Text out;
  std::size_t taken = 0;
  for (Insertion& insertion : insertions) {
    out.plain.append(text.plain, taken, insertion.at - taken);
    taken = insertion.at;
    insertion.before = out.plain.size() - taken;
    out.plain += " <" + insertion.link->detail + '>';
  }
  out.plain.append(text.plain, taken);
  const std::size_t total = out.plain.size() - text.plain.size();

  // What begins where a URL was put in begins after it; what ends there ends before it.
  const auto moved = [&](std::size_t at, bool begins) {
    const auto after = std::partition_point(
        insertions.begin(), insertions.end(),
        [&](const Insertion& insertion) { return begins ? insertion.at <= at : insertion.at < at; });
    return at + (after == insertions.end() ? total : after->before);
  };
  for (const Span& span : text.spans) {
    if (!is_link(span))
      out.spans.push_back({moved(span.begin, true), moved(span.end, false), span.style, span.detail});
  }
  return out;
}

std::string to_mirc(const Text& text) { return is_plain(text) ? text.plain : write_with_links(text); }

std::size_t wire_size(const Text& text) {
  return is_plain(text) ? text.plain.size() : write_with_links(text).size();
}

}  // namespace dragoman::irc
