// What becomes of a mail after it was taken: bounces, delays, receipts.
#include "tests/unit/email_session/wing_world.hpp"

namespace dragoman::email::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ReportsTest : public World {
 protected:
  void send_two_lines() {
    say(bob, "t1", "One");
    say(bob, "t2", "Two");
    ASSERT_EQ(sent(1), 1U);
    ASSERT_TRUE(until_told([&] { return sink.delivered().size() == 2; }));
  }
};

TEST_F(ReportsTest, ABounceFailsEachMessageOfThatMail) {
  send_two_lines();
  EXPECT_EQ(incoming->on_recipient("", address_of_bounces()).code, 250);
  EXPECT_EQ(receive_bytes(report("failed"), {address_of_bounces()}, "").front().code, 250);
  EXPECT_THAT(sink.failed(), ElementsAre("t1", "t2"));
  EXPECT_EQ(sink.last<Failed>().in, Conversation(bob));
  EXPECT_THAT(sink.last_of<Failed>().failure.text, HasSubstr("no mailbox"));
}

TEST_F(ReportsTest, ABounceWithoutASenderCountsAsWell) {
  send_two_lines();
  const auto replies =
      receive_bytes(report("failed", "bob@example.net", "From: MAILER-DAEMON (Mail Delivery System)\r\n"),
                    {address_of_bounces()}, "");
  EXPECT_EQ(replies.front().code, 250);
  EXPECT_THAT(sink.failed(), SizeIs(2));
}

TEST_F(ReportsTest, ABounceAfterARestartFindsItsMessages) {
  send_two_lines();
  kill();
  receive_bytes(report("failed"), {address_of_bounces()}, "");
  EXPECT_THAT(sink.failed(), ElementsAre("t1", "t2"));
}

TEST_F(ReportsTest, TheSameBounceAThousandTimesIsToldOnce) {
  send_two_lines();
  for (int i = 0; i < 1000; ++i) receive_bytes(report("failed"), {address_of_bounces()}, "");
  EXPECT_THAT(sink.failed(), SizeIs(2));
}

TEST_F(ReportsTest, ADelayIsANoteAboutTheMessage) {
  send_two_lines();
  receive_bytes(report("delayed"), {address_of_bounces()}, "");
  EXPECT_THAT(sink.failed(), IsEmpty());
  const Message& note = sink.last_of<Message>();
  EXPECT_EQ(note.kind, MessageKind::notice);
  EXPECT_THAT(note.text.plain, HasSubstr("bob@example.net"));
  ASSERT_TRUE(note.quote);
  EXPECT_EQ(note.quote->message,
            MessageId{World::field(peer.mails[0], "Message-ID")
                          .substr(1)
                          .substr(0, World::field(peer.mails[0], "Message-ID").size() - 2)});
}

TEST_F(ReportsTest, WhatWasDeliveredNeedsNoWord) {
  send_two_lines();
  const std::size_t before = sink.told.size();
  receive_bytes(report("delivered"), {address_of_bounces()}, "");
  EXPECT_EQ(sink.told.size(), before);
}

TEST_F(ReportsTest, TheDoctorsMailIsNotedAndToldToNobody) {
  Probes& probes = wing->hub.probes;
  EXPECT_EQ(incoming->on_recipient("", probes.address("one")).code, 250);
  EXPECT_EQ(incoming->on_recipient("", "doctor+one.00000000000000000000@mail.example.org").code, 550);
  EXPECT_FALSE(probes.result("one"));
  const std::string mail =
      "From: dragoman doctor <doctor@mail.example.org>\r\nSubject: x\r\n\r\nIs it there?\r\n";
  EXPECT_EQ(receive_bytes(mail, {probes.address("one")}, "").front().code, 250);
  EXPECT_EQ("", probes.result("one"));
  EXPECT_EQ(receive_bytes(report("failed"), {probes.address("two")}, "").front().code, 250);
  EXPECT_THAT(probes.result("two").value_or(""), Not(IsEmpty())) << "it came back as undeliverable";
  EXPECT_THAT(sink.told, IsEmpty());
}

TEST_F(ReportsTest, WhateverElseComesToAnAddressOfBouncesIsNobodys) {
  send_two_lines();
  const std::size_t before = sink.told.size();
  EXPECT_EQ(receive_bytes(Letter{}.bytes(), {address_of_bounces()}, "").front().code, 250);
  EXPECT_EQ(sink.told.size(), before);
}

TEST_F(ReportsTest, AReportOnAMailThatNobodyHereSentIsRefused) {
  const std::string spam = report("failed") + "\r\n";
  const std::string about = "In-Reply-To: <spam@elsewhere.example>\r\n" + spam;
  EXPECT_EQ(receive_bytes(about, {juliets}, "").front().code, 550);
  EXPECT_THAT(sink.told, IsEmpty());
}

TEST_F(ReportsTest, AReceiptIsAReadMarkOfItsReader) {
  send_two_lines();
  const std::string id = World::field(peer.mails[0], "Message-ID");
  const std::string mdn =
      "From: Bob <bob@example.net>\r\nTo: " + juliets +
      "\r\nSubject: Read\r\nMessage-ID: <mdn@example.net>\r\nMIME-Version: 1.0\r\n"
      "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\r\n"
      "\r\n--b\r\nContent-Type: text/plain\r\n\r\nI read it.\r\n"
      "--b\r\nContent-Type: message/disposition-notification\r\n\r\n"
      "Reporting-UA: x\r\nFinal-Recipient: rfc822;bob@example.net\r\nOriginal-Message-ID: " +
      id + "\r\nDisposition: manual-action/MDN-sent-manually; displayed\r\n\r\n--b--\r\n";
  EXPECT_EQ(receive_bytes(mdn, {juliets}).front().code, 250);
  ASSERT_THAT(sink.all<ReadMark>(), SizeIs(1));
  EXPECT_EQ(sink.last<ReadMark>().in, Conversation(bob));
  EXPECT_EQ(sink.last<ReadMark>().sender.user, bob);
  EXPECT_FALSE(sink.last<ReadMark>().sender.own);
  EXPECT_EQ(sink.last_of<ReadMark>().up_to.value(), id.substr(1, id.size() - 2) + "/2");
}

}  // namespace
}  // namespace dragoman::email::test
