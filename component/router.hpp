// (kind, namespace) -> facet. What no facet takes is answered all the same.
#pragma once

#include <functional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "component/stanza.hpp"

namespace dragoman {

struct Target;

class Router {
 public:
  using IqHandler = std::function<void(const Stanza& iq, const Element& payload, const Target& target)>;

  // Each facet declares the namespaces it answers, for get, for set or for both.
  void on_get(std::string_view ns, IqHandler handler) { get_[ns] = std::move(handler); }
  void on_set(std::string_view ns, IqHandler handler) { set_[ns] = std::move(handler); }
  void on_iq(std::string_view ns, const IqHandler& handler) { on_get(ns, handler), on_set(ns, handler); }

  // Features a facet adds to disco#info of every address.
  void advertise(std::string_view feature) { features_.push_back(feature); }
  const std::vector<std::string_view>& features() const { return features_; }

  const IqHandler* find(std::string_view type, std::string_view ns) const;

 private:
  std::unordered_map<std::string_view, IqHandler> get_, set_;
  std::vector<std::string_view> features_;
};

}  // namespace dragoman
