#include "component/refusal.hpp"

#include <gmock/gmock.h>

namespace dragoman {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const Door door{"127.0.0.1", 5347, "irc.example.org"};

TEST(Refusal, SaysWhatToChangeOnBothServers) {
  for (const std::string& words :
       {refusal_words(door, "not-authorized", ""), refusal_words(door, "host-unknown", "x"),
        refusal_words(door, "conflict", ""), unreachable_words(door, "Connection refused"),
        hung_up_words(door)})
    EXPECT_THAT(words, AllOf(HasSubstr("Prosody"), HasSubstr("ejabberd"), HasSubstr("127.0.0.1:5347")))
        << words;
}

TEST(Refusal, TellsTheCasesApart) {
  EXPECT_THAT(refusal_words(door, "not-authorized", ""), HasSubstr("secret of irc.example.org"));
  EXPECT_THAT(refusal_words(door, "host-unknown", ""), HasSubstr("knows no component irc.example.org"));
  EXPECT_THAT(refusal_words(door, "conflict", ""), HasSubstr("Another program"));
  EXPECT_THAT(unreachable_words(door, "Connection refused"), HasSubstr("(Connection refused)"));
  EXPECT_THAT(silent_words(door), HasSubstr("does not answer"));
  EXPECT_THAT(stranger_words(door), HasSubstr("jabber:component:accept"));
}

TEST(Refusal, PassesOnWhatItDoesNotKnow) {
  EXPECT_THAT(refusal_words(door, "system-shutdown", "bye"),
              AllOf(HasSubstr("system-shutdown"), HasSubstr("\"bye\"")));
  EXPECT_THAT(refusal_words(door, "system-shutdown", ""), Not(HasSubstr("\"")));
}

}  // namespace
}  // namespace dragoman
