// A string that is stored once in the process, however many hold it. One thread. Comparing two is comparing
// addresses.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace dragoman {

class Atom {
 public:
  Atom() = default;  // the empty string; takes no storage
  explicit Atom(std::string_view text);
  Atom(const Atom& other) noexcept;
  Atom(Atom&& other) noexcept;
  Atom& operator=(const Atom& other) noexcept;
  Atom& operator=(Atom&& other) noexcept;
  ~Atom();

  // The atom of a text if it lives; nothing is stored for one that does not.
  static std::optional<Atom> find(std::string_view text);

  std::string_view view() const;
  std::size_t hash() const;  // hash_of(view()); kept, not computed
  static std::size_t hash_of(std::string_view text);
  bool empty() const { return entry_ == nullptr; }
  bool operator==(const Atom& other) const { return entry_ == other.entry_; }

  // How many distinct strings live in the process: for tests and metrics.
  static std::size_t living();

  struct Entry;

 private:
  explicit Atom(Entry* entry) noexcept;

  Entry* entry_ = nullptr;
};

}  // namespace dragoman
