#include "bridges/allow.hpp"

#include <algorithm>
#include <string_view>

namespace dragoman {

bool is_allowed(const std::vector<std::string>& list, const PersonId& person) {
  const std::string_view jid = person.value();
  const std::size_t at = jid.find('@');
  const std::string_view domain = at == std::string_view::npos ? jid : jid.substr(at + 1);
  return list.empty() || std::any_of(list.begin(), list.end(), [&](const std::string& entry) {
           return entry == "*" || entry == jid || entry == domain;
         });
}

}  // namespace dragoman
