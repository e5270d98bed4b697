// What the HTML of a mail says of its elements beside their names: what nobody is to see, and where mail
// programs begin to quote and to sign.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dragoman::email {

using Attributes = const unsigned char**;  // libxml2's: names and values in turn, then null; may be null

std::optional<std::string_view> attribute(Attributes attributes, std::string_view name);

// display:none and its kin, in the style attribute or by `hidden`.
bool is_hidden(Attributes attributes);
// A display that is none of these, in the style attribute: it counts for more than a style sheet.
bool is_shown(Attributes attributes);
// The same of declarations ("display: none; color: red").
bool hides_by_style(std::string_view style);
bool shows_by_style(std::string_view style);
// A picture that nobody sees.
bool is_tracker(Attributes attributes);

// A paragraph without space around it: Outlook's lines.
bool is_tight(Attributes attributes);

// Where what follows is not of the writer of the mail.
enum class Mark : std::uint8_t {
  none,
  quote,      // all within is quoted, the line that says so too: Yahoo, and what Thunderbird puts before
  header,     // a header as Outlook puts it before the older mail
  signature,  // all within
};
Mark mark_of(std::string_view element, Attributes attributes);

// Fit to be followed: of a scheme that people click on, without spaces and controls, of bounded length.
bool is_link(std::string_view url);

}  // namespace dragoman::email
