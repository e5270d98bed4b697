// Lists that IRC writes as words between spaces: capabilities, NAMES.
#pragma once

#include <string_view>

namespace dragoman::irc {

template <class Visit>
void each_word(std::string_view list, Visit visit) {
  while (!list.empty()) {
    auto end = list.find(' ');
    if (auto word = list.substr(0, end); !word.empty()) visit(word);
    if (end == list.npos) break;
    list.remove_prefix(end + 1);
  }
}

}  // namespace dragoman::irc
