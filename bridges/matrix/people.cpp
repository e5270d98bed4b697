#include "bridges/matrix/people.hpp"

#include "bridges/matrix/address.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::matrix {

std::string_view kept_mxc(std::string_view url) {
  constexpr std::size_t most = 255;
  return url.starts_with("mxc://") && url.size() <= most ? url : std::string_view{};
}

People::Put People::put(std::string_view user_id, std::string_view display_name,
                        std::string_view avatar_url) {
  constexpr std::size_t longest_name = 255;
  display_name = display_name.substr(0, prefix_within(display_name, longest_name));
  if (display_name == localpart_of(user_id)) display_name = {};
  avatar_url = kept_mxc(avatar_url);
  const auto known = by_user_.find(user_id);
  if (known == by_user_.end()) {
    if (by_user_.size() >= most || !is_user_id(user_id)) return Put::refused;
    by_user_.emplace(Atom(user_id), Person{Atom(display_name), Atom(avatar_url)});
    return Put::added;
  }
  Person& person = known->second;
  if (person.name.view() == display_name && person.avatar.view() == avatar_url) return Put::same;
  person = {Atom(display_name), Atom(avatar_url)};
  return Put::changed;
}

bool People::erase(std::string_view user_id) {
  const auto known = by_user_.find(user_id);
  if (known == by_user_.end()) return false;
  by_user_.erase(known);
  return true;
}

const People::Person* People::find(std::string_view user_id) const {
  const auto known = by_user_.find(user_id);
  return known == by_user_.end() ? nullptr : &known->second;
}

std::string_view People::name_of(std::string_view user_id) const {
  const Person* person = find(user_id);
  return person == nullptr || person->name.empty() ? localpart_of(user_id) : person->name.view();
}

}  // namespace dragoman::matrix
