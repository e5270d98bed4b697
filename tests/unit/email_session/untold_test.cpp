// Mails whose files are put elsewhere before they are told.
#include "bridges/file_host.hpp"
#include "mapping/notes_table.hpp"
#include "mapping/settings_table.hpp"
#include "tests/unit/email_session/wing_world.hpp"

namespace dragoman::email::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

class FakeHost final : public FileHost {
 public:
  void put(OfferedFile file, Done done) override {
    if (refuses) return done(std::nullopt);
    offered.push_back(std::move(file));
    waiting.push_back(std::move(done));
  }
  void answer(std::size_t which, std::optional<std::string> url) { waiting.at(which)(std::move(url)); }
  bool refuses = false;
  std::vector<OfferedFile> offered;
  std::vector<Done> waiting;
};

class UntoldTest : public World {
 protected:
  UntoldTest() {
    settings.email.public_url = "https://files.example.org";
    settings.email.files.port = 0;
    file_host = &host;
    kill();
    let_know(bob);
    let_know(carol);
  }
  static Letter with_files(const std::string& id, const std::vector<std::string>& names,
                           const std::string& from = "Bob <bob@example.net>") {
    std::string text = "--b\r\nContent-Type: text/plain\r\n\r\nFiles of " + id + "\r\n";
    for (const std::string& name : names)
      text +=
          "--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n"
          "Content-Disposition: attachment; filename=" +
          name + "\r\n\r\naGVsbG8=\r\n";
    return {.from = from,
            .id = id + "@x",
            .text = text + "--b--\r\n",
            .headers = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"};
  }
  std::vector<std::string> ids() const {
    std::vector<std::string> out;
    for (const Told& one : sink.told)
      if (std::holds_alternative<Message>(one.event.what)) out.push_back(one.event.id.value());
    return out;
  }
  std::vector<std::string> urls() const {
    std::vector<std::string> out;
    for (const Attachment& file : sink.last_of<Message>().attachments) out.push_back(file.url);
    return out;
  }
  std::size_t kept() const { return hub->store.notes().all(hub->network, "untold").size(); }

  FakeHost host;
};

TEST_F(UntoldTest, AMailIsTakenAtOnceAndToldWhenItsFilesAreThere) {
  EXPECT_EQ(receive(with_files("1", {"a.png", "b.png"})), 250);
  EXPECT_THAT(ids(), IsEmpty());
  ASSERT_THAT(host.offered, SizeIs(2));
  EXPECT_EQ(host.offered[0].name, "a.png");
  EXPECT_EQ(host.offered[0].media_type, "image/png");
  EXPECT_EQ(host.offered[0].size, 5U);
  EXPECT_EQ(host.offered[0].read(), "hello");
  host.answer(1, "https://share.example.org/b");
  EXPECT_THAT(ids(), IsEmpty()) << "not all of them are";
  host.answer(0, "https://share.example.org/a");
  EXPECT_THAT(ids(), ElementsAre("1@x"));
  EXPECT_THAT(urls(), ElementsAre("https://share.example.org/a", "https://share.example.org/b"));
  EXPECT_EQ(sink.last_of<Message>().text.plain, "Files of 1");
  EXPECT_EQ(kept(), 0U);
}

TEST_F(UntoldTest, WhatIsNotTakenIsALinkToOurselves) {
  receive(with_files("1", {"a.png", "b.png"}));
  host.answer(0, std::nullopt);
  host.answer(1, "https://share.example.org/b");
  EXPECT_THAT(urls(),
              ElementsAre(StartsWith("https://files.example.org/mail/"), "https://share.example.org/b"));
}

TEST_F(UntoldTest, WhereNothingIsTakenNothingWaits) {
  host.refuses = true;
  receive(with_files("1", {"a.png", "b.png"}));
  EXPECT_THAT(ids(), ElementsAre("1@x"));
  EXPECT_THAT(urls(), testing::Each(StartsWith("https://files.example.org/mail/")));
  EXPECT_EQ(kept(), 0U);
}

TEST_F(UntoldTest, TheOrderOfAConversationIsKept) {
  receive(with_files("1", {"a.png"}));
  receive({.id = "2@x", .text = "And?"});
  receive({.from = "Carol <carol@example.net>", .id = "3@x", .text = "Hello."});
  receive(with_files("4", {"d.png"}));
  EXPECT_THAT(ids(), ElementsAre("3@x")) << "another conversation does not wait";
  host.answer(1, "https://share.example.org/d");
  EXPECT_THAT(ids(), ElementsAre("3@x"));
  host.answer(0, "https://share.example.org/a");
  EXPECT_THAT(ids(), ElementsAre("3@x", "1@x", "2@x", "4@x"));
  receive({.id = "5@x"});
  EXPECT_EQ(ids().back(), "5@x") << "nothing waits any more";
}

TEST_F(UntoldTest, ASubjectIsComparedWithWhatCameBefore) {
  receive(with_files("1", {"a.png"}));
  receive({.subject = "Another", .id = "2@x"});
  receive({.subject = "Re: Another", .id = "3@x"});
  host.answer(0, std::nullopt);
  std::vector<std::string> subjects;
  for (const Message& message : sink.all<Message>()) subjects.push_back(message.subject);
  EXPECT_THAT(subjects, ElementsAre("Hello", "Another", ""));
}

TEST_F(UntoldTest, AfterAKillItIsToldUnderTheSameIdsInTheSameOrder) {
  receive(with_files("1", {"a.png"}));
  receive({.id = "2@x", .text = "And?"});
  kill();
  EXPECT_THAT(ids(), IsEmpty());
  ASSERT_THAT(host.offered, SizeIs(2)) << "it is put there anew";
  EXPECT_EQ(host.offered[1].read(), "hello");
  host.answer(0, "https://share.example.org/before");
  EXPECT_THAT(ids(), IsEmpty()) << "an answer to the one before";
  host.answer(1, "https://share.example.org/after");
  EXPECT_THAT(ids(), ElementsAre("1@x", "2@x"));
  EXPECT_THAT(sink.texts(), ElementsAre("Files of 1", "And?"));
  EXPECT_THAT(sink.all<Message>().front().attachments.front().url, "https://share.example.org/after");
  EXPECT_EQ(kept(), 0U);
  kill();
  EXPECT_THAT(ids(), SizeIs(2)) << "once";
}

TEST_F(UntoldTest, AfterAKillWithoutAHostItIsToldByLinks) {
  receive(with_files("1", {"a.png"}));
  file_host = nullptr;
  kill();
  EXPECT_THAT(ids(), ElementsAre("1@x"));
  EXPECT_THAT(urls(), ElementsAre(StartsWith("https://files.example.org/mail/")));
}

TEST_F(UntoldTest, ARoomIsEnteredWhenItsMailIsTold) {
  Letter letter = with_files("1", {"a.png"});
  letter.cc = "Dan <dan@example.net>";
  receive(letter);
  EXPECT_THAT(sink.all<Entered>(), IsEmpty());
  kill();
  host.answer(1, "https://share.example.org/a");
  EXPECT_THAT(sink.all<Entered>(), SizeIs(1));
  EXPECT_EQ(sink.last<Message>().in, Conversation(room()));
  EXPECT_EQ(sink.last<Message>().sender.nick, "Bob");
}

TEST_F(UntoldTest, WhatWasSentByAnotherProgramWaitsAsWell) {
  Letter letter = with_files("1", {"a.png"}, "Juliet <juliet@home.example>");
  letter.to = "Bob <bob@example.net>";
  EXPECT_EQ(incoming->on_sent_mail(juliet, letter.bytes()).reply.code, 250);
  EXPECT_TRUE(incoming->settle());
  EXPECT_THAT(ids(), IsEmpty());
  kill();
  host.answer(1, "https://share.example.org/a");
  EXPECT_THAT(ids(), ElementsAre("1@x"));
  EXPECT_TRUE(sink.last<Message>().sender.own);
  EXPECT_EQ(sink.last<Message>().in, Conversation(bob));
}

TEST_F(UntoldTest, TheSameMailAgainIsNoOther) {
  receive(with_files("1", {"a.png"}));
  EXPECT_EQ(receive(with_files("1", {"a.png"})), 250);
  EXPECT_THAT(host.offered, SizeIs(1));
  host.answer(0, "https://share.example.org/a");
  EXPECT_THAT(ids(), ElementsAre("1@x"));
}

TEST_F(UntoldTest, OfSomebodyWhoHasLeftNothingIsTold) {
  receive(with_files("1", {"a.png"}));
  hub->store.settings().unregister_person(hub->network, juliet);
  host.answer(0, "https://share.example.org/a");
  EXPECT_THAT(ids(), IsEmpty());
  EXPECT_EQ(kept(), 0U);
}

TEST_F(UntoldTest, WhatCouldNotBeKeptIsNotTold) {
  receive(with_files("1", {"a.png"}));
  // As a lost group leaves it: there was no such mail.
  for (const auto& [key, value] : hub->store.notes().all(hub->network, "untold"))
    hub->store.notes().erase(hub->network, "untold", key);
  host.answer(0, "https://share.example.org/a");
  EXPECT_THAT(ids(), IsEmpty());
}

TEST_F(UntoldTest, WhoeverWasLetInIsHeardInOrder) {
  const UserId dan{"dan@example.net"};
  const std::string from = "Dan <dan@example.net>";
  receive(with_files("1", {"a.png"}, from));
  receive({.from = from, .id = "2@x", .text = "And?"});
  EXPECT_THAT(host.offered, IsEmpty()) << "nobody has asked for it";
  perform(dan, "t", Join{});
  EXPECT_THAT(ids(), IsEmpty());
  ASSERT_THAT(host.offered, SizeIs(1));
  host.answer(0, "https://share.example.org/a");
  EXPECT_THAT(ids(), ElementsAre("1@x", "2@x"));
}

}  // namespace
}  // namespace dragoman::email::test
