#include "bridges/atom.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <new>
#include <utility>
#include <vector>

namespace dragoman {

// The text follows its entry in one piece of memory: a nick costs its letters and 24 bytes.
struct Atom::Entry {
  Entry* next;
  std::size_t hash;
  std::uint32_t references;
  std::uint32_t size;
  char* text() { return reinterpret_cast<char*>(this + 1); }
  std::string_view view() { return {text(), size}; }
};

namespace {

class Pool {
 public:
  Atom::Entry* find(std::string_view text, std::size_t hash) const {
    for (Atom::Entry* entry = buckets_[hash & (buckets_.size() - 1)]; entry != nullptr; entry = entry->next) {
      if (entry->hash == hash && entry->view() == text) return entry;
    }
    return nullptr;
  }

  Atom::Entry* take(std::string_view text) {
    const std::size_t hash = Atom::hash_of(text);
    if (Atom::Entry* known = find(text, hash)) return known;
    if (living_ >= buckets_.size()) resize(buckets_.size() * 2);
    void* memory = ::operator new(sizeof(Atom::Entry) + text.size());
    Atom::Entry*& bucket = buckets_[hash & (buckets_.size() - 1)];
    bucket = new (memory) Atom::Entry{bucket, hash, 0, static_cast<std::uint32_t>(text.size())};
    std::memcpy(bucket->text(), text.data(), text.size());
    ++living_;
    return bucket;
  }

  void drop(Atom::Entry* entry) {
    Atom::Entry** link = &buckets_[entry->hash & (buckets_.size() - 1)];
    while (*link != entry) link = &(*link)->next;
    *link = entry->next;
    ::operator delete(entry);
    --living_;
    // A channel of thousands that was left gives its buckets back.
    if (buckets_.size() > kLeast && living_ < buckets_.size() / 8) resize(buckets_.size() / 4);
  }

  std::size_t living() const { return living_; }

 private:
  static constexpr std::size_t kLeast = 1024;  // a power of two, as all sizes are

  void resize(std::size_t size) {
    std::vector<Atom::Entry*> old(std::max(size, kLeast), nullptr);
    old.swap(buckets_);
    for (Atom::Entry* entry : old) {
      while (entry != nullptr) {
        Atom::Entry* const next = entry->next;
        Atom::Entry*& bucket = buckets_[entry->hash & (buckets_.size() - 1)];
        entry->next = bucket;
        bucket = entry;
        entry = next;
      }
    }
  }

  std::vector<Atom::Entry*> buckets_ = std::vector<Atom::Entry*>(kLeast, nullptr);
  std::size_t living_ = 0;
};

// Never destroyed: atoms of other static objects may outlive it.
Pool& pool() {
  static Pool& the_pool = *new Pool;
  return the_pool;
}

}  // namespace

std::size_t Atom::hash_of(std::string_view text) {
  return text.empty() ? 0 : std::hash<std::string_view>{}(text);
}

Atom::Atom(Entry* entry) noexcept : entry_(entry) {
  if (entry_ != nullptr) ++entry_->references;
}
Atom::Atom(std::string_view text) : Atom(text.empty() ? nullptr : pool().take(text)) {}
Atom::Atom(const Atom& other) noexcept : Atom(other.entry_) {}
Atom::Atom(Atom&& other) noexcept : entry_(std::exchange(other.entry_, nullptr)) {}

Atom& Atom::operator=(const Atom& other) noexcept {
  Atom copy(other);
  std::swap(entry_, copy.entry_);
  return *this;
}
Atom& Atom::operator=(Atom&& other) noexcept {
  std::swap(entry_, other.entry_);
  return *this;
}

Atom::~Atom() {
  if (entry_ != nullptr && --entry_->references == 0) pool().drop(entry_);
}

std::optional<Atom> Atom::find(std::string_view text) {
  if (text.empty()) return Atom();
  Entry* const entry = pool().find(text, hash_of(text));
  if (entry == nullptr) return std::nullopt;
  return Atom(entry);
}

std::string_view Atom::view() const { return entry_ == nullptr ? std::string_view{} : entry_->view(); }
std::size_t Atom::hash() const { return entry_ == nullptr ? 0 : entry_->hash; }
std::size_t Atom::living() { return pool().living(); }

}  // namespace dragoman
