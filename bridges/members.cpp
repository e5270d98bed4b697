#include "bridges/members.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "bridges/shared_members.hpp"

namespace dragoman {

using namespace shared_members;  // NOLINT: made for this file

namespace {

struct AtomHash {
  std::size_t operator()(const Atom& atom) const { return atom.hash(); }
};
// What became of a key since the base; nothing: it is gone.
using Changes = std::unordered_map<Atom, std::optional<Record>, AtomHash>;

constexpr std::size_t kFewChanges = 64;

}  // namespace

struct MemberTable::State {
  explicit State(Fold f) : fold(f) {}

  Fold fold;
  BasePtr base;  // null: nobody
  Changes changes;
  std::size_t size = 0;
  std::uint64_t hash = 0;  // of the content as it now is

  void fill(const std::vector<Member>& members);  // an empty table

  std::string folded(std::string_view nick) const { return fold ? fold(nick) : std::string(nick); }

  const Record* in_base(const Atom& key) const { return base ? base->find(key) : nullptr; }

  const Record* find(const Atom& key) const {
    if (!changes.empty()) {
      if (const auto changed = changes.find(key); changed != changes.end()) {
        return changed->second ? &*changed->second : nullptr;
      }
    }
    return in_base(key);
  }
  const Record* find(std::string_view nick) const {
    if (size == 0) return nullptr;
    const auto key = Atom::find(folded(nick));  // a key that has no atom is in no table
    return key ? find(*key) : nullptr;
  }

  template <class Visit>
  void each(Visit visit) const {
    if (base) {
      for (const Record& record : base->records()) {
        if (changes.empty() || !changes.contains(record.key)) visit(record);
      }
    }
    for (const auto& [key, record] : changes) {
      if (record) visit(*record);
    }
  }

  void put(Record record) {
    const Record* const old = find(record.key);
    if (old && *old == record) return;
    if (old) hash -= content_hash(*old);
    if (!old) ++size;
    hash += content_hash(record);
    // Back to what the base has: no change any more.
    if (const Record* const original = in_base(record.key); original && *original == record) {
      changes.erase(record.key);
    } else {
      Atom key = record.key;
      changes.insert_or_assign(std::move(key), std::move(record));
    }
    settle();
  }

  bool erase(Atom key) {
    const Record* const old = find(key);
    if (!old) return false;
    hash -= content_hash(*old);
    --size;
    if (in_base(key)) {
      changes.insert_or_assign(std::move(key), std::nullopt);
    } else {
      changes.erase(key);
    }
    settle();
    return true;
  }

  // Many changes become a new base: the one that another table with this content has, if there is one.
  void settle() {
    if (size == 0) become(nullptr);
    if (changes.size() > std::max(kFewChanges, size / 8)) rebase();
  }

  void rebase() {
    if (size == 0) return become(nullptr);
    BasePtr shared = registry().find(hash, size, fold, [&](const Base& other) {
      return std::all_of(other.records().begin(), other.records().end(), [&](const Record& record) {
        const Record* const own = find(record.key);
        return own && *own == record;
      });
    });
    if (!shared) {
      std::vector<Record> records;
      records.reserve(size);
      each([&](const Record& record) { records.push_back(record); });
      shared = registry().add(std::move(records), fold, hash);
    }
    become(std::move(shared));
  }

  // A base of others, but for a few.
  void become(BasePtr near, Changes differences, std::size_t members, std::uint64_t content) {
    base = std::move(near);
    changes = std::move(differences);
    size = members;
    hash = content;
  }

  void become(BasePtr content) {
    size = content ? content->records().size() : 0;
    hash = content ? content->hash() : 0;
    base = std::move(content);
    Changes().swap(changes);  // also gives its buckets back
  }
};

namespace {

// Whether a base holds just these. Lists of one channel mostly come in one order, so the same place is looked
// at first.
bool holds_just(const Base& base, const std::vector<Member>& members) {
  const auto& records = base.records();
  std::vector<bool> met;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const Record* match = &records[i];
    if (match->nick.view() != members[i].nick) {
      match = base.find(base.fold() ? base.fold()(members[i].nick) : members[i].nick);
    }
    if (!match || !match->says(members[i])) return false;
    const auto at = static_cast<std::size_t>(match - records.data());
    if (at == i && met.empty()) continue;
    if (met.empty()) {
      met.resize(records.size());
      std::fill_n(met.begin(), i, true);
    }
    if (met[at]) return false;  // one nick twice
    met[at] = true;
  }
  return true;
}

// What these members are beside a base that they are said to be near to; nothing where they are too far from
// it, or where a nick comes twice.
std::optional<Changes> changes_from(const Base& base, const std::vector<Member>& members) {
  const std::size_t most = std::max(kFewChanges, members.size() / 16);
  const auto& records = base.records();
  if (records.size() > members.size() + most || members.size() > records.size() + most) return std::nullopt;
  Changes changes;
  std::vector<bool> met(records.size());
  std::size_t expected = 0;  // lists of one channel mostly come in one order
  for (const Member& member : members) {
    const Record* match = expected < records.size() ? &records[expected] : nullptr;
    std::string key;
    if (!match || match->nick.view() != member.nick) {
      key = base.fold() ? base.fold()(member.nick) : member.nick;
      match = base.find(key);
    }
    if (match) {
      const auto at = static_cast<std::size_t>(match - records.data());
      if (met[at]) return std::nullopt;
      met[at] = true;
      expected = at + 1;
      if (match->says(member)) continue;
      key = match->key.view();
    }
    Record record(key, member);
    Atom atom = record.key;
    if (!changes.emplace(std::move(atom), std::move(record)).second || changes.size() > most)
      return std::nullopt;
  }
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (!met[i]) changes.emplace(records[i].key, std::nullopt);
    if (changes.size() > most) return std::nullopt;
  }
  return changes;
}

BasePtr base_of(const std::vector<Member>& members, MemberTable::Fold fold, std::uint64_t hash) {
  // Where another table shows the same, nothing is stored at all.
  if (BasePtr shared = registry().find(hash, members.size(), fold,
                                       [&](const Base& other) { return holds_just(other, members); })) {
    return shared;
  }

  std::vector<Record> records;
  records.reserve(members.size());
  std::unordered_map<Atom, std::size_t, AtomHash> places;
  places.reserve(members.size());
  for (const Member& member : members) {
    Record record(fold ? fold(member.nick) : member.nick, member);
    const auto [place, is_new] = places.try_emplace(record.key, records.size());
    if (is_new) {
      records.push_back(std::move(record));
    } else {
      records[place->second] = std::move(record);
    }
  }
  if (records.size() == members.size()) return registry().add(std::move(records), fold, hash);

  // Some nick came twice: what is left may be known.
  hash = 0;
  for (const Record& record : records) hash += content_hash(record);
  BasePtr shared = registry().find(hash, records.size(), fold, [&](const Base& other) {
    return std::all_of(records.begin(), records.end(), [&](const Record& record) {
      const Record* const same = other.find(record.key);
      return same && *same == record;
    });
  });
  return shared ? shared : registry().add(std::move(records), fold, hash);
}

}  // namespace

void MemberTable::State::fill(const std::vector<Member>& members) {
  if (members.empty()) return;
  std::uint64_t content = 0;
  Sketcher sketcher;
  for (const Member& member : members) {
    content += content_hash(member);
    sketcher.add(Atom::hash_of(member.nick));
  }
  // Each view of a channel has its own user in it, and was taken at its own time: mostly they are nearly the
  // same.
  const BasePtr near = registry().near(sketcher.sketch(), fold);
  if (near && near->hash() != content) {
    if (auto differences = changes_from(*near, members)) {
      return become(near, std::move(*differences), members.size(), content);
    }
  }
  become(base_of(members, fold, content));
}

MemberTable::MemberTable(Fold fold) : state_(std::make_unique<State>(fold)) {}
MemberTable::MemberTable(MemberTable&&) noexcept = default;
MemberTable& MemberTable::operator=(MemberTable&&) noexcept = default;
MemberTable::~MemberTable() = default;

std::size_t MemberTable::size() const { return state_->size; }

std::optional<Member> MemberTable::find(std::string_view nick) const {
  const Record* const record = state_->find(nick);
  if (!record) return std::nullopt;
  return record->member();
}

bool MemberTable::contains(std::string_view nick) const { return state_->find(nick) != nullptr; }

void MemberTable::for_each(const std::function<void(const Member&)>& visit) const {
  state_->each([&](const Record& record) { visit(record.member()); });
}

MemberTable::Difference MemberTable::replace(const std::vector<Member>& members) {
  Difference difference;
  State next(state_->fold);
  next.fill(members);
  if (next.base == state_->base && next.changes.empty() && state_->changes.empty()) return difference;
  if (state_->size == 0) difference.joined.reserve(next.size);
  next.each([&](const Record& record) {
    const Record* const old = state_->size == 0 ? nullptr : state_->find(record.key);
    if (!old) {
      difference.joined.push_back(record.member());
    } else if (*old != record) {
      difference.changed.push_back(record.member());
    }
  });
  state_->each([&](const Record& record) {
    if (!next.find(record.key)) difference.left.emplace_back(record.nick.view());
  });
  *state_ = std::move(next);
  return difference;
}

void MemberTable::put(const Member& member) { state_->put(Record(state_->folded(member.nick), member)); }

bool MemberTable::erase(std::string_view nick) {
  const Record* const record = state_->find(nick);
  return record && state_->erase(record->key);
}

bool MemberTable::rename(std::string_view nick, std::string_view new_nick) {
  const Record* const old = state_->find(nick);
  if (!old) return false;
  Record renamed = *old;
  const Atom old_key = renamed.key;
  renamed.nick = Atom(new_nick);
  renamed.key = Atom(state_->folded(new_nick));
  if (renamed.key != old_key) state_->erase(old_key);
  state_->put(std::move(renamed));
  return true;
}

void MemberTable::clear() { state_->become(nullptr); }

std::size_t MemberTable::bases() { return registry().size(); }

}  // namespace dragoman
