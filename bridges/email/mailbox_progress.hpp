// What of a mailbox has been told, and which of its mails is to be looked at next: by its numbers (RFC 3501
// 2.3.1.1), and where a server numbers its mails anew, by looking at all of them since the last look. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "bridges/email/imap_response.hpp"
#include "bridges/email/mailbox_mark.hpp"

namespace dragoman::email {

class MailboxProgress {
 public:
  explicit MailboxProgress(const MailboxMark& mark) : mark_(mark) {}

  const MailboxMark& mark() const { return mark_; }
  // As the server says of the mailbox that it opens; 0: it has not said.
  void told_validity(std::uint32_t validity) { validity_ = validity; }
  void told_next(std::uint32_t uid) { next_uid_ = uid; }
  std::uint32_t validity() const { return validity_; }
  std::uint32_t next_uid() const { return next_uid_; }
  bool opened();  // false: it has no numbers
  void closed();

  // Of a mailbox that is seen for the first time nothing is news.
  bool is_first_look() const { return mark_.validity == 0; }
  MailboxMark begin(Time now);  // to be kept
  // All of them may have been told under another number.
  bool is_anew() const { return anew_; }

  std::string search() const;  // what is to be searched for
  void found(std::uint32_t uid) { found_.insert(uid); }
  // When all were found. What is to be kept, where there is nothing to be looked at.
  std::optional<MailboxMark> sift(Time now);

  bool has_next() const { return !found_.empty(); }
  std::uint32_t next() const { return *found_.begin(); }
  // It arrived before anybody wanted to know.
  bool is_old(const ImapMessage& message) const;
  MailboxMark after_next(Time now) const;  // to be kept with it
  void pass(const MailboxMark& then);      // it is done with

  // The connection broke at the next one. One at which it always does is hopeless.
  void broke();
  bool is_hopeless() const;

 private:
  std::uint32_t first() const { return anew_ ? 1 : mark_.last + 1; }

  MailboxMark mark_;
  std::uint32_t validity_ = 0, next_uid_ = 0;
  bool anew_ = false;
  std::set<std::uint32_t> found_;  // to be looked at
  std::uint32_t hard_ = 0, failures_ = 0;
};

}  // namespace dragoman::email
