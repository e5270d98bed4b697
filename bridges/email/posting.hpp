// From a finished mail into the queue, and what becomes of it there.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "bridges/email/delivery.hpp"
#include "bridges/email/outcomes.hpp"
#include "bridges/email/outgoing.hpp"
#include "bridges/net/backoff.hpp"

namespace dragoman::email {

class Posting {
 public:
  Posting(Wing& wing, Outcomes::SessionOf session_of);

  // So many mails an hour, of each: takes one of them.
  bool may_begin(const PersonId& person);
  // A mail into the queue, once for each recipient, in the store's open group. False: it could not be kept.
  // `draft`: what it came from, which is then done with.
  bool post(const PersonId& person, const Conversation& in, Outgoing& out, const std::string& draft = {});
  // One that is kept already, to one recipient; an empty envelope's sender is nobody. `route`: see Delivery.
  std::int64_t send(MailKey mail, const PersonId& person, const std::string& envelope_from,
                    const std::string& recipient, const std::string& route = {});
  // By their own server, where they have one.
  std::string route_of(const PersonId& person) const;
  void renew(const PersonId& person) { delivery_.renew(person.value()); }
  void close(const PersonId& person, const Failure& why) { delivery_.close(person.value(), why); }

  std::vector<QueuedMail> waiting(const PersonId& person) { return delivery_.waiting(person); }
  bool cancel(const QueuedMail& mail);  // its writer is told; false: it is on its way
  void reported(MailKey mail, const Report& report) { outcomes_.reported(mail, report); }

  void resume() { delivery_.resume(); }
  void reload();
  void forget(const PersonId& person);  // what waits of theirs is not sent
  void stop(std::function<void()> done) { delivery_.stop(std::move(done)); }

 private:
  Wing& wing_;
  Outcomes outcomes_;
  std::map<PersonId, net::TokenBucket> allowances_;
  Delivery delivery_;
};

}  // namespace dragoman::email
