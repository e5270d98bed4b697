// What a network has to remember for itself and nobody else reads: small values by kind and key ("direct
// room of juliet and alice", "transaction seen"). A kind is one sort of note; keys are unique within it.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mapping/ids.hpp"
#include "mapping/store.hpp"

namespace dragoman {

class NotesTable {
 public:
  explicit NotesTable(Store::Impl& store);
  ~NotesTable();
  // New, or in the place of what was there. False on trouble.
  bool put(const NetworkId& network, std::string_view kind, std::string_view key, std::string_view value);
  std::optional<std::string> get(const NetworkId& network, std::string_view kind, std::string_view key);
  bool erase(const NetworkId& network, std::string_view kind, std::string_view key);
  // All of a kind whose key begins so, by key: (key, value).
  std::vector<std::pair<std::string, std::string>> all(const NetworkId& network, std::string_view kind,
                                                       std::string_view prefix = {});
  // Forgets notes of a kind that were written before a moment; how many.
  std::size_t prune(const NetworkId& network, std::string_view kind,
                    std::chrono::sys_time<std::chrono::milliseconds> older_than, std::size_t at_most);

 private:
  struct Statements;
  Store::Impl& store_;
  std::unique_ptr<Statements> sql_;
};

}  // namespace dragoman
