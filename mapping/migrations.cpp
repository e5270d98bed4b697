#include "mapping/migrations.hpp"

#include <array>

namespace dragoman {
namespace {

// The order of the columns in the indexes of `archive` and `messages` is for the writer: ids are mostly
// ordered by time, so an index that begins with them grows at its end, and few pages are touched by a group.
// One index alone, archive_order, is by room; it holds the time so that filtering and counting don't touch
// the lines.
//
// An id that the archive made says its own seq: such a line has no id of its own, and no row in archive_id.
//
// `seq` is the moment of writing (milliseconds * 1024) made unique: what is old is at the front of the table.
constexpr const char* first_schema = R"sql(
CREATE TABLE meta(
  name TEXT PRIMARY KEY,
  value BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE settings(
  network TEXT NOT NULL,
  person TEXT NOT NULL,
  scope TEXT NOT NULL,
  name TEXT NOT NULL,
  value BLOB NOT NULL,
  secret INTEGER NOT NULL,
  PRIMARY KEY(network, person, scope, name)
) WITHOUT ROWID;

CREATE TABLE registrations(
  network TEXT NOT NULL,
  person TEXT NOT NULL,
  PRIMARY KEY(network, person)
) WITHOUT ROWID;

CREATE TABLE subscriptions(
  network TEXT NOT NULL,
  person TEXT NOT NULL,
  node TEXT NOT NULL,
  PRIMARY KEY(network, person, node)
) WITHOUT ROWID;

CREATE TABLE rooms(
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  network TEXT NOT NULL,
  room TEXT NOT NULL,
  viewer TEXT NOT NULL,
  nick TEXT NOT NULL DEFAULT '',
  joined INTEGER NOT NULL DEFAULT 0,
  password BLOB,
  UNIQUE(network, room, viewer)
);

CREATE TABLE messages(
  seq INTEGER PRIMARY KEY,
  room INTEGER NOT NULL REFERENCES rooms(key) ON DELETE CASCADE,
  local_id TEXT NOT NULL,
  network_id TEXT NOT NULL,
  sender TEXT NOT NULL
);
CREATE INDEX messages_local ON messages(room, local_id);
CREATE INDEX messages_network ON messages(network_id, room);

CREATE TABLE archive(
  seq INTEGER PRIMARY KEY,
  room INTEGER NOT NULL REFERENCES rooms(key) ON DELETE CASCADE,
  id TEXT,
  time INTEGER NOT NULL,
  nick TEXT NOT NULL,
  payload TEXT NOT NULL
);
CREATE UNIQUE INDEX archive_id ON archive(id, room) WHERE id IS NOT NULL;
CREATE INDEX archive_order ON archive(room, seq, time);
)sql";

// Who was in a room when we stopped, and what was taken over and not yet handed on.
constexpr const char* occupants_and_outbox = R"sql(
CREATE TABLE occupants(
  room INTEGER NOT NULL REFERENCES rooms(key) ON DELETE CASCADE,
  jid TEXT NOT NULL,
  nick TEXT NOT NULL,
  PRIMARY KEY(room, jid)
) WITHOUT ROWID;

CREATE TABLE outbox(
  seq INTEGER PRIMARY KEY,
  network TEXT NOT NULL,
  queue TEXT NOT NULL,
  key TEXT NOT NULL,
  payload TEXT NOT NULL,
  time INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  UNIQUE(network, queue, key)
);
CREATE INDEX outbox_order ON outbox(network, queue, seq);
)sql";

// What a network has to remember for itself.
constexpr const char* notes = R"sql(
CREATE TABLE notes(
  network TEXT NOT NULL,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  value BLOB NOT NULL,
  time INTEGER NOT NULL,
  PRIMARY KEY(network, kind, key)
) WITHOUT ROWID;
)sql";

// Mails, and those that wait to be sent. The bytes are in a table of their own: a row of `mails` is small,
// and rows share them. `body` is NULL where they were forgotten; mails_age is for forgetting, both kinds.
constexpr const char* mails = R"sql(
CREATE TABLE mail_bodies(
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  bytes BLOB NOT NULL
);

CREATE TABLE mails(
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  network TEXT NOT NULL,
  person TEXT NOT NULL,
  message_id TEXT NOT NULL,
  conversation TEXT NOT NULL,
  subject TEXT NOT NULL,
  refs TEXT NOT NULL,
  thread TEXT NOT NULL,
  digest TEXT NOT NULL,
  outgoing INTEGER NOT NULL,
  time INTEGER NOT NULL,
  body INTEGER
);
CREATE INDEX mails_id ON mails(message_id, person, network);
CREATE INDEX mails_digest ON mails(digest, person, network);
CREATE INDEX mails_conversation ON mails(conversation, person, network, key);
CREATE INDEX mails_thread ON mails(thread, conversation, person, network, key) WHERE thread<>'';
CREATE INDEX mails_body ON mails(body) WHERE body IS NOT NULL;
CREATE INDEX mails_age ON mails(network, body IS NULL, time);

CREATE TABLE mail_queue(
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  network TEXT NOT NULL,
  person TEXT NOT NULL,
  mail INTEGER NOT NULL,
  envelope_from TEXT NOT NULL,
  recipient TEXT NOT NULL,
  about TEXT NOT NULL,
  taken INTEGER NOT NULL,
  due INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  late_told INTEGER NOT NULL,
  last_words TEXT NOT NULL
);
CREATE INDEX mail_queue_due ON mail_queue(network, due, key);
CREATE INDEX mail_queue_person ON mail_queue(person, network, key);
CREATE INDEX mail_queue_mail ON mail_queue(mail);
)sql";

// By which of several ways a mail leaves.
constexpr const char* mail_routes = "ALTER TABLE mail_queue ADD COLUMN route TEXT NOT NULL DEFAULT ''";

// What is kept of one person.
constexpr const char* mails_of_person = "CREATE INDEX mails_person ON mails(person, network, key)";

constexpr std::array<const char*, 6> steps{first_schema, occupants_and_outbox, notes,
                                           mails,        mail_routes,          mails_of_person};

}  // namespace

std::span<const char* const> migrations() { return steps; }

}  // namespace dragoman
