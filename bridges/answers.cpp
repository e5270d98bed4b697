#include "bridges/answers.hpp"

namespace dragoman {

std::string first_answer(const Answers& answers, const std::string& name) {
  const auto found = answers.find(name);
  return found == answers.end() || found->second.empty() ? std::string() : found->second.front();
}

std::string trimmed_answer(const Answers& answers, const std::string& name) {
  constexpr const char* blank = " \t\r\n";
  const std::string text = first_answer(answers, name);
  const auto begin = text.find_first_not_of(blank);
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

}  // namespace dragoman
