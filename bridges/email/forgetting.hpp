// The mails of those who have gone, taken away in steps that hold nobody else up. Which are still to go is
// kept: a restart goes on with it.
#pragma once

#include "bridges/email/hub.hpp"
#include "bridges/net/timer.hpp"

namespace dragoman::email {

class Forgetting {
 public:
  explicit Forgetting(Hub& hub) : hub_(hub), timer_(hub.loop) {}

  // All that there is of them by now; what comes later, since they are back, stays.
  void begin(const PersonId& person);
  void resume();  // what was left when the program ended
  void stop() { timer_.cancel(); }

 private:
  void step();

  Hub& hub_;
  net::Timer timer_;
};

}  // namespace dragoman::email
