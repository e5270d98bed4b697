// Questions on their way: to the network (a command's token) and to XMPP (an iq's id). Each is answered once.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>
#include <variant>

#include "bridges/event.hpp"
#include "component/stanza.hpp"

namespace dragoman {

class Questions {
 public:
  // What the network said: an answer of its own kind, Delivered for "done", Failed for "no".
  using Reply = std::variant<Delivered, Failed, Answered, Profile, Listing, StandingList>;
  using OnReply = std::function<void(const Reply&)>;
  using OnIq = std::function<void(const Stanza& result_or_error)>;

  void ask(const std::string& token, OnReply done) { network_[token] = {std::move(done), {}, {}}; }
  // Profiles, listings and lists carry no token: the network answers these in the order asked, in their
  // conversation.
  void ask_for(const std::string& token, const std::string& what, OnReply done);
  bool answer(const std::string& token, const Reply& reply);
  bool answer_for(const std::string& what, const Reply& reply);
  void fail_all(const Failure& why);

  // Answered by `from` alone (a full JID): an id can be guessed, or come back from somebody else.
  // Of very many that are open, more are not waited for.
  void expect_iq(const std::string& id, const std::string& from, OnIq done);
  bool on_iq_answer(const Stanza& stanza);
  // What is not answered in minutes: the network's answer is then Failed, an iq's does not come.
  void tick(Time now);
  std::size_t open() const { return network_.size() + by_what_.size(); }  // for tests
  void forget_iqs() { iqs_.clear(); }

 private:
  struct Open {
    OnReply done;
    std::string what;  // its key in by_what_; may be empty
    Time seen;         // by the first tick after it; zero: none yet
  };
  struct OpenIq {
    std::string from;
    OnIq done;
    Time seen;
  };
  std::unordered_map<std::string, Open> network_;
  std::unordered_map<std::string, std::vector<std::string>> by_what_;  // tokens, oldest first
  std::unordered_map<std::string, OpenIq> iqs_;
};

}  // namespace dragoman
