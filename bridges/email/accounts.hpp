// People's own mail accounts: what arrives in their inbox goes the way of all mail that comes in, what they
// write leaves by their own server and is put into their Sent folder, what they send by other programs is
// told as their own, what they read here is read there. Who has logged in stays so over restarts.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bridges/email/drafts.hpp"
#include "bridges/email/session.hpp"
#include "bridges/network.hpp"

namespace dragoman::email {

class Accounts {
 public:
  // `wing.drafts` and `wing.incoming` are there before anything is asked of it.
  Accounts(Wing& wing, Drafts::SessionOf session_of);
  Accounts(const Accounts&) = delete;
  Accounts& operator=(const Accounts&) = delete;
  ~Accounts();

  void resume();  // of who was logged in when the program ended
  std::vector<Procedure> procedures() const;
  bool runs(const std::string& node) const;
  dragoman::Outcome run(const PersonId& person, const std::string& node, const Answers& answers,
                        bool submitted);

  // Of a route of Delivery's, which is named by the person.
  std::optional<net::SmtpServer> server_of(const std::string& route);
  void accepted(const QueuedMail& mail);  // by their server
  // Somebody has seen a mail, and those before it in the conversation.
  void read(const PersonId& person, const Conversation& in, const MessageId& mail);

  void hold(bool held);
  void reload();
  void forget(const PersonId& person);  // they are not registered any more
  void stop();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace dragoman::email
