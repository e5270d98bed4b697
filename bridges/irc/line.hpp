// One line of the IRC protocol: taken apart without copying, and put together so that nothing a person wrote
// can end it early or begin another. Modern IRC "Message Format"; IRCv3 message-tags.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include <boost/container/small_vector.hpp>

namespace dragoman::irc {

inline constexpr std::size_t kMaxTagBytes = 8191;    // of a server's "@tags ", the '@' and the space included
inline constexpr std::size_t kMaxClientTags = 4094;  // of the tags we may send, without '@' and space
inline constexpr std::size_t kMaxLine = 512;  // the rest, CR LF included, unless LINELEN says otherwise

struct Tag {
  std::string_view key;  // with its vendor and '+' prefix
  std::string_view raw;  // as on the wire; empty where there is none
  std::string value() const;
};

// Where a line comes from. A server has only a nick, its name.
struct Source {
  std::string_view nick, user, host;
  bool is_server() const { return user.empty() && host.empty() && nick.find('.') != std::string_view::npos; }
  std::string address() const;  // "user@host", or what of it is there
};

// Views into the bytes that were parsed: a Line lives no longer than they do.
struct Line {
  boost::container::small_vector<Tag, 6> tags;
  Source source;             // empty: the server we are connected to
  std::string_view command;  // as sent; compare by `is`
  int numeric = 0;           // 1..999, or 0 for a command in letters
  boost::container::small_vector<std::string_view, 16> params;

  bool is(std::string_view upper_case) const;  // the command, by ASCII case-insensitive comparison
  // The parameter at `index`, or an empty one.
  std::string_view param(std::size_t index) const {
    return index < params.size() ? params[index] : std::string_view{};
  }
  std::string_view last() const { return params.empty() ? std::string_view{} : params.back(); }
  // The last tag of that name (message-tags: the last of two counts), or null.
  const Tag* find_tag(std::string_view key) const;
  // The unescaped value of a tag; empty where there is none.
  std::string tag(std::string_view key) const;
};

// Nothing where the bytes are no line (no command, a command of other than letters or three digits, a NUL, CR
// or LF inside). A CR LF at the end is dropped. Longer lines than the limits above are taken all the same.
std::optional<Line> parse_line(std::string_view bytes);

// message-tags "Escaping values".
std::string escape_tag(std::string_view value);
std::string unescape_tag(std::string_view raw);

// A line to send, WITHOUT its CR LF. Whatever comes, the result has no CR, LF or NUL: they become spaces.
// Empty where the line can't be said: a command of other than letters and digits, or a parameter before the
// last that is empty, begins with ':' or has a space. So a refusal is seen, never a line with its parameters
// moved.
class LineBuilder {
 public:
  explicit LineBuilder(std::string_view command);
  LineBuilder& tag(std::string_view key,
                   std::string_view value = {});  // a key that can't be one refuses the line
  LineBuilder& param(
      std::string_view value);  // ':' is put before it where it is needed, and then it must be the last
  LineBuilder& text(std::string_view value);  // the last one, always with ':'
  bool ok() const { return ok_; }
  std::string str() const&;
  std::string str() &&;

 private:
  std::string tags_, rest_;
  bool ok_ = true;
  bool ended_ = false;
};

std::string format_line(std::string_view command, std::initializer_list<std::string_view> params);
template <class... Params>
std::string format_line(std::string_view command, const Params&... params) {
  return format_line(command, {std::string_view(params)...});
}

// What a person typed as a whole line (a server's JID): CR, LF and NUL become spaces, the ends are trimmed.
std::string raw_line(std::string_view typed);

}  // namespace dragoman::irc
