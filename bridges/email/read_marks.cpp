#include "bridges/email/read_marks.hpp"

#include <algorithm>
#include <charconv>

#include "mapping/mails_table.hpp"
#include "mapping/notes_table.hpp"
#include "mapping/store.hpp"

namespace dragoman::email {
namespace {

// By person, validity and uid, so that they come in the order of the mailbox. Of the first the value is the
// mail's id.
constexpr const char* unseen_kind = "unseen";
constexpr const char* seen_kind = "seen";

std::string padded(std::uint32_t number) {
  const std::string digits = std::to_string(number);
  return std::string(10 - digits.size(), '0') + digits;
}

// JIDs have no space in them.
std::string prefix_of(const PersonId& person) { return person.value() + " "; }
std::string prefix_of(const PersonId& person, std::uint32_t validity) {
  return prefix_of(person) + padded(validity) + " ";
}

}  // namespace

void ReadMarks::note(const PersonId& person, std::uint32_t validity, std::uint32_t uid,
                     const std::string& message_id) {
  hub_.store.notes().put(hub_.network, unseen_kind, prefix_of(person, validity) + padded(uid), message_id);
}

void ReadMarks::read(const PersonId& person, const Conversation& in, const MessageId& mail) {
  auto& notes = hub_.store.notes();
  const std::string id = mail_id_of(mail), where = name_of(in);
  const auto unseen = notes.all(hub_.network, unseen_kind, prefix_of(person));
  const auto upto =
      std::find_if(unseen.begin(), unseen.end(), [&](const auto& one) { return one.second == id; });
  if (upto == unseen.end()) return;
  for (auto one = unseen.begin(); one != upto + 1; ++one) {
    const auto row = hub_.store.mails().find(hub_.network, person, one->second);
    if (one != upto && (!row || row->conversation != where)) continue;
    notes.erase(hub_.network, unseen_kind, one->first);
    notes.put(hub_.network, seen_kind, one->first, {});
  }
}

std::vector<std::uint32_t> ReadMarks::waiting(const PersonId& person, std::uint32_t validity) {
  std::vector<std::uint32_t> out;
  const std::string prefix = prefix_of(person, validity);
  for (const auto& [key, value] : hub_.store.notes().all(hub_.network, seen_kind, prefix_of(person))) {
    std::uint32_t uid = 0;
    if (key.starts_with(prefix)) std::from_chars(key.data() + prefix.size(), key.data() + key.size(), uid);
    if (uid == 0) {
      hub_.store.notes().erase(hub_.network, seen_kind, key);
    } else {
      out.push_back(uid);
    }
  }
  return out;
}

void ReadMarks::marked(const PersonId& person, std::uint32_t validity,
                       const std::vector<std::uint32_t>& uids) {
  for (const auto uid : uids)
    hub_.store.notes().erase(hub_.network, seen_kind, prefix_of(person, validity) + padded(uid));
}

void ReadMarks::forget(const PersonId& person) {
  for (const char* kind : {unseen_kind, seen_kind})
    for (const auto& [key, value] : hub_.store.notes().all(hub_.network, kind, prefix_of(person)))
      hub_.store.notes().erase(hub_.network, kind, key);
}

}  // namespace dragoman::email
