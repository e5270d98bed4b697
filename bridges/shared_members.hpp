// What member tables share: records whose strings are stored once, in bases that never change and are found
// by what they hold. Only members.cpp includes it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bridges/atom.hpp"
#include "bridges/members.hpp"

namespace dragoman::shared_members {

// A Member whose strings are shared.
struct Record {
  Atom key;  // the folded nick
  Atom nick, address, account, status, avatar;
  Standing standing = Standing::participant;
  Availability availability = Availability::online;
  std::uint16_t marks = 0;
  bool operator==(const Record&) const = default;

  Record(std::string_view folded, const Member& member)
      : key(folded),
        nick(member.nick),
        address(member.address),
        account(member.account),
        status(member.status),
        avatar(member.avatar),
        standing(member.standing),
        availability(member.availability),
        marks(member.marks) {}

  Member member() const {
    return {std::string(nick.view()),
            std::string(address.view()),
            std::string(account.view()),
            std::string(status.view()),
            standing,
            availability,
            marks,
            std::string(avatar.view())};
  }

  bool says(const Member& member) const {
    return nick.view() == member.nick && address.view() == member.address &&
           account.view() == member.account && status.view() == member.status &&
           avatar.view() == member.avatar && standing == member.standing &&
           availability == member.availability && marks == member.marks;
  }
};

inline std::uint64_t mixed(std::uint64_t x) {
  x ^= x >> 31;
  x *= 0x9E3779B97F4A7C15ULL;
  x ^= x >> 29;
  x *= 0xBF58476D1CE4E5B9ULL;
  return x ^ (x >> 32);
}

// What a member adds to the hash of its table: a sum, so that their order is of no account and one can be
// taken out. The key says nothing that the nick doesn't.
inline std::uint64_t content_hash(std::size_t nick, std::size_t address, std::size_t account,
                                  std::size_t status, std::size_t avatar, Standing standing,
                                  Availability availability, std::uint16_t marks) {
  std::uint64_t h = mixed(nick);
  h = mixed(h + address);
  h = mixed(h + account);
  h = mixed(h + status);
  h = mixed(h + avatar);
  return mixed(h + (static_cast<std::uint64_t>(standing) << 24 |
                    static_cast<std::uint64_t>(availability) << 16 | marks));
}
inline std::uint64_t content_hash(const Record& r) {
  return content_hash(r.nick.hash(), r.address.hash(), r.account.hash(), r.status.hash(), r.avatar.hash(),
                      r.standing, r.availability, r.marks);
}
inline std::uint64_t content_hash(const Member& m) {
  return content_hash(Atom::hash_of(m.nick), Atom::hash_of(m.address), Atom::hash_of(m.account),
                      Atom::hash_of(m.status), Atom::hash_of(m.avatar), m.standing, m.availability, m.marks);
}

// A few members picked by their hash alone: two lists that nearly agree most likely agree on one of them.
using Sketch = std::array<std::uint64_t, 4>;

class Sketcher {
 public:
  void add(std::size_t nick) {
    for (std::uint64_t i = 0; i < sketch_.size(); ++i)
      sketch_[i] = std::min(sketch_[i], mixed(nick ^ (i << 56)));
  }
  const Sketch& sketch() const { return sketch_; }

 private:
  Sketch sketch_{~0ULL, ~0ULL, ~0ULL, ~0ULL};
};

inline constexpr std::uint32_t kNowhere = std::numeric_limits<std::uint32_t>::max();

// Records that never change, and an open-addressed index over them by key.
class Base {
 public:
  Base(std::vector<Record> all, MemberTable::Fold by, std::uint64_t content)
      : records_(std::move(all)), fold_(by), hash_(content) {
    std::size_t size = 4;
    while (size < records_.size() * 2) size *= 2;
    slots_.resize(size);
    Sketcher sketcher;
    for (const Record& record : records_) sketcher.add(record.nick.hash());
    sketch_ = sketcher.sketch();
    for (std::uint32_t i = 0; i < records_.size(); ++i) {
      const std::size_t key = mixed(records_[i].key.hash());
      std::size_t at = key & (size - 1);
      while (slots_[at].record != kNowhere) at = (at + 1) & (size - 1);
      slots_[at] = {static_cast<std::uint32_t>(key >> 32), i};
    }
  }

  const std::vector<Record>& records() const { return records_; }
  MemberTable::Fold fold() const { return fold_; }
  std::uint64_t hash() const { return hash_; }
  const Sketch& sketch() const { return sketch_; }

  const Record* find(const Atom& key) const {
    return probe(key.hash(), [&](const Record& record) { return record.key == key; });
  }
  const Record* find(std::string_view key) const {
    return probe(Atom::hash_of(key), [&](const Record& record) { return record.key.view() == key; });
  }

 private:
  struct Slot {
    std::uint32_t tag = 0;  // of the hash, so that a stranger is passed by without a look at its record
    std::uint32_t record = kNowhere;
  };

  template <class Matches>
  const Record* probe(std::size_t hash, Matches matches) const {
    const std::size_t key = mixed(hash);
    const auto tag = static_cast<std::uint32_t>(key >> 32);
    for (std::size_t at = key & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
      const Slot& slot = slots_[at];
      if (slot.record == kNowhere) return nullptr;
      if (slot.tag == tag && matches(records_[slot.record])) return &records_[slot.record];
    }
  }

  std::vector<Record> records_;
  std::vector<Slot> slots_;
  MemberTable::Fold fold_;
  std::uint64_t hash_;
  Sketch sketch_{};
};

using BasePtr = std::shared_ptr<const Base>;

// All bases that live, by the hash of their content. A base that nobody holds takes itself out.
class Registry {
 public:
  // The base for which `same` holds among those of that hash, or null.
  template <class Same>
  BasePtr find(std::uint64_t hash, std::size_t size, MemberTable::Fold fold, Same same) const {
    const auto [begin, end] = bases_.equal_range(hash);
    for (auto it = begin; it != end; ++it) {
      BasePtr base = it->second.lock();
      if (base && base->fold() == fold && base->records().size() == size && same(*base)) return base;
    }
    return nullptr;
  }

  BasePtr add(std::vector<Record> records, MemberTable::Fold fold, std::uint64_t hash) {
    records.shrink_to_fit();
    BasePtr base(new Base(std::move(records), fold, hash), [this](const Base* going) {
      remove(*going);
      delete going;
    });
    bases_.emplace(hash, base);
    for (std::uint64_t pick : base->sketch()) by_pick_[pick] = base;
    return base;
  }

  // The newest base that shares a pick, or null: likely, but not surely, much the same.
  BasePtr near(const Sketch& sketch, MemberTable::Fold fold) const {
    for (std::uint64_t pick : sketch) {
      const auto found = by_pick_.find(pick);
      if (found == by_pick_.end()) continue;
      BasePtr base = found->second.lock();
      if (base && base->fold() == fold) return base;
    }
    return nullptr;
  }

  std::size_t size() const { return bases_.size(); }

 private:
  void remove(const Base& going) {
    const auto [begin, end] = bases_.equal_range(going.hash());
    const auto it = std::find_if(begin, end, [](const auto& entry) { return entry.second.expired(); });
    if (it != end) bases_.erase(it);
    for (std::uint64_t pick : going.sketch()) {
      const auto picked = by_pick_.find(pick);
      if (picked != by_pick_.end() && picked->second.expired()) by_pick_.erase(picked);
    }
  }

  std::unordered_map<std::uint64_t, std::weak_ptr<const Base>> by_pick_;

  std::unordered_multimap<std::uint64_t, std::weak_ptr<const Base>> bases_;
};

// Never destroyed: tables of static objects may outlive it.
inline Registry& registry() {
  static Registry& the_registry = *new Registry;
  return the_registry;
}

}  // namespace dragoman::shared_members
