#include "component/router.hpp"

namespace dragoman {

const Router::IqHandler* Router::find(std::string_view type, std::string_view ns) const {
  const auto& table = type == "get" ? get_ : set_;
  auto found = table.find(ns);
  return found == table.end() ? nullptr : &found->second;
}

}  // namespace dragoman
