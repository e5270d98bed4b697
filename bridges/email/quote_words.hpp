// What mail programs write around what they quote, forward and sign, in the languages they come in. Lines
// are given without the spaces around them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dragoman::email {

// "On Monday Bob <bob@example.org> wrote:"; its lines joined by spaces.
bool is_attribution(std::string_view text);
// The same without a word that is known: it ends with ":" and holds an address or a date. Good for what
// stands right before a quote, and for nothing else.
bool is_like_attribution(std::string_view text);
// The first line of an attribution of several.
bool may_begin_attribution(std::string_view line);

// "-----Original Message-----".
bool is_original_mark(std::string_view line);
// "---------- Forwarded message ---------", "Begin forwarded message:".
bool is_forward_mark(std::string_view line);
// "Fwd: ", "WG: ": the subject of a mail that is passed on.
bool is_forward_subject(std::string_view subject);

// "From: Bob", as it stands before what is quoted.
enum class HeaderWord : std::uint8_t { none, from, sent, to, subject };
HeaderWord header_word(std::string_view line);

// "Sent from my iPhone".
bool is_device_note(std::string_view line);
// What a mailing list adds below every mail.
bool is_list_note(std::string_view line);
// A line of nothing but the same mark, at least so many.
bool is_rule(std::string_view line, char mark, std::size_t least);

}  // namespace dragoman::email
