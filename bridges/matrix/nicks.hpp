// Display names made safe and unique: what somebody is called in a room. Names are not verified: no bidi and
// zero-width characters, no control characters, bounded in length, and two that look alike (case,
// confusable letters, spaces) are told apart by the user id behind the later one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace dragoman::matrix {

// Empty where nothing of the name is left.
std::string safe_name(std::string_view display_name);
// Equal for names that people take for one another.
std::string skeleton(std::string_view name);

class Nicks {
 public:
  // What the user is called from now on. Who has a name keeps it when a later one looks the same.
  const std::string& put(const std::string& user_id, std::string_view display_name);
  void erase(const std::string& user_id);
  const std::string* of(const std::string& user_id) const;
  std::optional<std::string> user(std::string_view nick) const;
  std::size_t size() const { return by_user_.size(); }

 private:
  std::unordered_map<std::string, std::string> by_user_;      // user id -> nick
  std::unordered_map<std::string, std::string> by_nick_;      // nick -> user id
  std::unordered_map<std::string, std::string> by_skeleton_;  // skeleton -> user id
};

}  // namespace dragoman::matrix
