// A mail as it was read (mime_in), and what a chat needs to know of it. Everything in it came from outside:
// texts are clean (no control characters, nothing that XML forbids, no bidi controls in names), addresses are
// valid, ids have no brackets. Times are UTC.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bridges/event.hpp"

namespace dragoman::email {

// RFC 5322 3.4. `address` is as it was written, with the domain in lower case and as an A-label.
struct Mailbox {
  std::string name;
  std::string address;
  bool operator==(const Mailbox&) const = default;
};

// A part that is to be had as a file.
struct File {
  std::size_t part = 0;  // for write_part()
  std::string name;      // never empty, without a path: made from the type where the mail gives none
  std::string media_type;
  std::uint64_t size = 0;  // bytes, decoded
  std::string content_id;
  bool inlined = false;  // a picture within the text
  bool operator==(const File&) const = default;
};

// RFC 2919, 2369, 8058.
struct List {
  std::string id;                // "dev.lists.example.org", lower case; never empty
  std::string name;              // the phrase before it
  std::string post;              // an address; empty: nobody may write to it
  std::string unsubscribe_mail;  // an address, and the subject it wants
  std::string unsubscribe_subject;
  std::string unsubscribe_url;  // https only
  bool one_click = false;       // RFC 8058
};

// What became of a mail of ours: RFC 3464, RFC 8098, or a bounce in a mail program's own words.
enum class Outcome : std::uint8_t { failed, delayed, delivered, displayed };
struct Report {
  Outcome outcome = Outcome::failed;
  std::string recipient;    // whom it is about; may be empty
  std::string status;       // RFC 3463, "5.1.1"; may be empty
  std::string words;        // why, for a person, one line
  std::string original_id;  // of the mail it is about; may be empty
};

enum class Sealed : std::uint8_t { no, encrypted, signed_only };  // OpenPGP and S/MIME

struct Mail {
  std::vector<Mailbox> from, reply_to, to, cc;
  std::string message_id;  // empty: it has none
  std::string in_reply_to;
  std::vector<std::string> references;  // oldest first, bounded
  std::optional<Time> date;
  std::string subject;  // one line
  std::optional<List> list;
  std::string receipt_to;  // Disposition-Notification-To, an address
  bool automatic = false;  // RFC 3834: nothing may answer it by itself
  unsigned hops = 0;       // Received fields
  bool verified = false;   // DMARC passed, says our own server (Authentication-Results of our authserv-id)
  // Who says so of all mails: nobody, our own server, or one that its reader alone trusts.
  enum class Judge : std::uint8_t { nobody, ours, readers } judge = Judge::ours;

  Text said;         // what its writer wrote, as far as can be told
  std::string rest;  // what was folded away: quotes, signature; as it came
  std::vector<File> files;
  Sealed sealed = Sealed::no;
  std::optional<Report> report;
  std::optional<std::string> reaction;  // RFC 9078: emoji, to in_reply_to; then `said` is empty
  std::optional<Picture> picture;       // of its writer, from a card of theirs
};

}  // namespace dragoman::email
