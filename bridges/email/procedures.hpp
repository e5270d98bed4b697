// What people can set and ask for, as forms: a table of what there is where.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bridges/email/drafts.hpp"
#include "bridges/email/proof.hpp"
#include "bridges/email/quota.hpp"
#include "bridges/email/session.hpp"
#include "bridges/net/http_client.hpp"

namespace dragoman::email {

class Links;

class Procedures {
 public:
  Procedures(Wing& wing, const Links& links, Quota& quota, Drafts::SessionOf session_of);
  Procedures(const Procedures&) = delete;
  Procedures& operator=(const Procedures&) = delete;
  ~Procedures();

  std::vector<Procedure> available(const Conversation& target) const;
  dragoman::Outcome run(const PersonId& person, const Conversation& target, const std::string& node,
                        const Answers& answers, bool submitted);
  void forget(const PersonId& person) { proof_.forget(person); }

 private:
  struct Call {
    const PersonId& person;
    const Conversation& target;
    const Answers& answers;
    bool submitted;
    std::string one(const std::string& name) const;  // the first answer to a field; empty: none
    std::vector<std::string> all(const std::string& name) const;
    bool has(const std::string& name) const { return answers.contains(name); }
  };
  struct Entry {
    std::string_view node, name;
    bool with_gateway, with_people, in_conversations, in_lists;
    dragoman::Outcome (Procedures::*run)(const Call& call);
  };
  static const std::array<Entry, 10> table;

  dragoman::Outcome settings(const Call& call);
  dragoman::Outcome addresses(const Call& call);
  dragoman::Outcome own_address(const Call& call);
  dragoman::Outcome blocked(const Call& call);
  dragoman::Outcome waiting(const Call& call);
  dragoman::Outcome send_now(const Call& call);
  dragoman::Outcome mailbox(const Call& call);
  dragoman::Outcome original(const Call& call);
  dragoman::Outcome block(const Call& call);
  dragoman::Outcome unsubscribe(const Call& call);
  void ask_by_https(const PersonId& person, const RoomId& list, const std::string& url);

  Wing& wing_;
  Hub& hub_;
  const Links& links_;
  Quota& quota_;
  Drafts::SessionOf session_of_;
  Proof proof_;
  net::HttpClient http_;  // for lists that are left by it
};

}  // namespace dragoman::email
