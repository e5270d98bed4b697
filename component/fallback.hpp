// What one side can't express, said readably, by one rule. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bridges/event.hpp"
#include "bridges/features.hpp"

namespace dragoman {

// What the conversation remembers of an earlier message, for quoting it; nothing when it is not known.
struct Remembered {
  std::string author, text;
};
using Recall = std::function<std::optional<Remembered>(const MessageId&)>;

// `content` in what `features` can carry, in order: itself where nothing is missing; several where a long
// text is cut or lines are told apart; none where it can't and needn't be said (a chat state, a receipt). An
// edit becomes the corrected text, marked; a reply a short quote before the text; a reaction an emoji with
// what it answers; a retraction a line that says so; a file its name, size and URL; formatting, where the
// codec has none, XEP-0393's marks. `author` goes into the text where the session is no voice of its own.
std::vector<Content> degrade(const Content& content, const Features& features, const Recall& recall,
                             const std::string& author = {});

}  // namespace dragoman
