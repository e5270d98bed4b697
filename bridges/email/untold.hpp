// Mails that were taken and wait to be told until their files lie where their reader can fetch them
// (FileHost). Those of a conversation are told in the order in which they came. They are kept: after a kill
// they are told all the same, under the same ids, by files that are put there anew. A file that nobody takes
// is a link to our own server, and a mail that waits for nothing is told at once.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "bridges/email/drafts.hpp"
#include "bridges/email/telling.hpp"
#include "bridges/net/timer.hpp"

namespace dragoman::email {

class Untold {
 public:
  Untold(Wing& wing, Telling& telling, Drafts::SessionOf session_of);

  // In the store's open group, which has the mail. False: it can't be kept until then. `provider`: see
  // read_mail().
  bool tell(Session& session, const Mail& mail, Telling::What what, const std::string* provider);
  // What is kept and does not wait here: from before this run, or since the store was in trouble.
  void resume();

 private:
  struct Item {
    Telling::What what;
    std::optional<std::string> provider;
    std::size_t open = 0;  // files whose place is not known yet
    bool queued = false;
  };
  using Place = std::pair<PersonId, std::string>;  // whose, and the conversation's name
  void offer(const Place& place, const std::shared_ptr<Item>& item, const Mail& mail);
  void advance(const Place& place);
  void tell_kept(Item& item);
  bool note(const Item& item);
  void forget(MailKey key);
  std::shared_ptr<Item> noted(MailKey key, const std::string& value);
  std::optional<Mail> read_again(const Item& item) const;

  Wing& wing_;
  Telling& telling_;
  Drafts::SessionOf session_of_;
  std::map<Place, std::deque<std::shared_ptr<Item>>> queues_;  // none is empty
  net::Timer look_;
};

}  // namespace dragoman::email
