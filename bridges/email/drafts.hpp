// What people say and is not yet mail: lines within a quiet time become one. Kept in the store's notes from
// the moment they are said, so a restart goes on where it was. Then the mail is made and handed to the
// delivery, in the same group of the store.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bridges/email/delivery.hpp"
#include "bridges/email/session.hpp"

namespace dragoman::email {

class Drafts {
 public:
  // Somebody's session, made where there is none.
  using SessionOf = std::function<Session&(const PersonId&)>;
  Drafts(Wing& wing, SessionOf session_of);
  Drafts(const Drafts&) = delete;
  Drafts& operator=(const Drafts&) = delete;
  ~Drafts();

  // Each is answered by Delivered or Failed from the session: in a room when it is kept, in a chat when the
  // mail server has it. What fails after that is a Failed for the same token.
  MessageId add(Session& session, Command message);  // what it is called; empty: it failed
  // Of a line that waits: it changes. Of a mail that was sent: a new one that says what changed.
  void edit(Session& session, Command edit);
  bool retract(Session& session, const Conversation& in, const MessageId& target);  // false: it was sent
  void react(Session& session, Command reactions);
  // What the house itself has to say to the writer of a mail: not to programs and lists, and so that nothing
  // answers it.
  void notify(Session& session, Command notice);
  // What the gateway has to say by mail for a person, who is not told what becomes of it.
  bool send_word(const PersonId& person, const std::string& to, const std::string& subject, Text words);
  // Who writes on is waited for.
  void typing(const PersonId& person, const Conversation& in, TypingState state);
  // Tells who asked for it that their mail was read, where its reader wants that.
  void read(Session& session, const MessageId& mail);

  void flush(const PersonId& person, const Conversation& in);  // now
  void flush_all(const PersonId& person);
  struct Waiting {
    std::string what, to;  // for people
    std::string key;       // for cancel()
    std::string why;       // it has not been sent yet; empty: it waits for more
  };
  std::vector<Waiting> waiting(const PersonId& person);
  bool cancel(Session& session, const std::string& key);

  // A report on a mail of ours came back.
  void on_report(MailKey mail, const Report& report);
  std::optional<MailKey> mail_of(const PersonId& person, const std::string& message_id) const;
  // Somebody's own mail account: what it is entered with has changed; or it is gone, and what waited to leave
  // by it fails.
  void renew(const PersonId& person);
  void close_route(const PersonId& person, const Failure& why);

  void resume();  // what was left when the program ended
  void reload();
  void forget(const PersonId& person);  // what waits of theirs is not sent
  void stop(std::function<void()> done);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace dragoman::email
