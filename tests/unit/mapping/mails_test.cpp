#include <gmock/gmock.h>

#include "mapping/mail_queue_table.hpp"
#include "mapping/mails_table.hpp"
#include "tests/unit/mapping/store_fixture.hpp"

namespace dragoman {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class MailsTest : public StoreTest {
 protected:
  MailsTest() { open(); }

  MailRow row(const std::string& id, const std::string& conversation = "bob@example.org",
              const std::string& thread = "") {
    MailRow mail;
    mail.person = juliet;
    mail.message_id = id;
    mail.conversation = conversation;
    mail.subject = "Subject of " + id;
    mail.references = "a@x b@x";
    mail.thread = thread;
    mail.digest = "digest " + id;
    mail.time = at(1000);
    return mail;
  }
  MailsTable& mails() { return store->mails(); }
  std::int64_t bodies() {
    store->commit();
    return committed("SELECT count(*) FROM mail_bodies");
  }
  const PersonId juliet{"juliet@example.org"}, romeo{"romeo@example.org"};
  const NetworkId other{"other.example.org"};
};

TEST_F(MailsTest, AreFoundByTheirKeyIdAndDigest) {
  auto given = row("1@x", "c", "t");
  given.outgoing = true;
  const auto key = mails().put(net, given, "bytes");
  ASSERT_GT(key, 0);
  for (int round = 0; round < 2; ++round) {
    for (const auto& found : {mails().get(net, key), mails().find(net, juliet, "1@x"),
                              mails().by_digest(net, juliet, "digest 1@x")}) {
      ASSERT_TRUE(found);
      EXPECT_EQ(found->key, key);
      EXPECT_EQ(found->person, juliet);
      EXPECT_EQ(found->message_id, "1@x");
      EXPECT_EQ(found->conversation, "c");
      EXPECT_EQ(found->subject, "Subject of 1@x");
      EXPECT_EQ(found->references, "a@x b@x");
      EXPECT_EQ(found->thread, "t");
      EXPECT_EQ(found->digest, "digest 1@x");
      EXPECT_TRUE(found->outgoing);
      EXPECT_EQ(found->time, at(1000));
    }
    EXPECT_EQ(mails().bytes(net, key), "bytes");
    reopen();
  }
}

TEST_F(MailsTest, AreApartForEachPersonAndNetwork) {
  const auto key = mails().put(net, row("1@x"), "bytes");
  EXPECT_FALSE(mails().get(other, key));
  EXPECT_FALSE(mails().bytes(other, key));
  EXPECT_FALSE(mails().find(net, romeo, "1@x"));
  EXPECT_FALSE(mails().find(other, juliet, "1@x"));
  EXPECT_FALSE(mails().by_digest(net, romeo, "digest 1@x"));
  EXPECT_FALSE(mails().last(net, romeo, "bob@example.org"));
  EXPECT_FALSE(mails().erase(other, key));
  EXPECT_EQ(mails().put(other, row("2@x"), {}, key), 0) << "nor are the bytes of another network's mail had";
}

TEST_F(MailsTest, KnowTheNewestOfAConversationAndOfAThread) {
  mails().put(net, row("1@x", "c", "t"), "");
  mails().put(net, row("2@x", "c"), "");
  mails().put(net, row("3@x", "d", "t"), "");
  EXPECT_EQ(mails().last(net, juliet, "c")->message_id, "2@x");
  EXPECT_EQ(mails().last(net, juliet, "d")->message_id, "3@x");
  EXPECT_FALSE(mails().last(net, juliet, "e"));
  EXPECT_EQ(mails().last_of_thread(net, juliet, "c", "t")->message_id, "1@x");
  EXPECT_FALSE(mails().last_of_thread(net, juliet, "c", "u"));
  EXPECT_FALSE(mails().last_of_thread(net, juliet, "c", "")) << "no thread is none";
}

TEST_F(MailsTest, LargeMailsComeBackByteForByte) {
  std::string bytes(25'000'000, '\0');
  for (std::size_t i = 0; i < bytes.size(); i += 101) bytes[i] = static_cast<char>(i % 251);
  const auto key = mails().put(net, row("1@x"), bytes);
  ASSERT_GT(key, 0);
  EXPECT_EQ(mails().bytes(net, key), bytes);
  EXPECT_TRUE(store->durable());
  EXPECT_EQ(mails().bytes(net, key), bytes);
}

TEST_F(MailsTest, MayBeEmpty) {
  const auto key = mails().put(net, row("1@x"), "");
  EXPECT_EQ(mails().bytes(net, key), "");
}

TEST_F(MailsTest, ShareTheirBytesUntilTheLastIsErased) {
  const auto first = mails().put(net, row("1@x"), "bytes");
  const auto second = mails().put(net, row("1@x"), {}, first);
  ASSERT_GT(second, first);
  EXPECT_EQ(mails().bytes(net, second), "bytes");
  EXPECT_EQ(bodies(), 1);
  EXPECT_TRUE(mails().erase(net, first));
  EXPECT_FALSE(mails().erase(net, first));
  EXPECT_EQ(mails().bytes(net, second), "bytes");
  EXPECT_TRUE(mails().erase(net, second));
  EXPECT_EQ(bodies(), 0);
  EXPECT_EQ(mails().put(net, row("1@x"), {}, first), 0);
}

TEST_F(MailsTest, NeverUseAKeyAgain) {
  const auto first = mails().put(net, row("1@x"), "bytes");
  mails().erase(net, first);
  EXPECT_GT(mails().put(net, row("2@x"), "bytes"), first);
}

TEST_F(MailsTest, ForgetBytesFirstAndRowsLater) {
  std::vector<MailKey> keys;
  for (int i = 0; i < 6; ++i) {
    auto mail = row(std::to_string(i));
    mail.time = at(i * 1000);
    keys.push_back(mails().put(net, mail, "bytes"));
  }
  EXPECT_EQ(mails().prune(net, at(4000), at(2000), 100), 4U);
  EXPECT_FALSE(mails().get(net, keys[1]));
  for (const int i : {2, 3}) {
    EXPECT_TRUE(mails().get(net, keys[i])) << i;
    EXPECT_FALSE(mails().bytes(net, keys[i])) << i;
  }
  EXPECT_EQ(mails().bytes(net, keys[4]), "bytes");
  EXPECT_EQ(bodies(), 2);
  EXPECT_EQ(mails().prune(net, at(4000), at(2000), 100), 0U);
  EXPECT_EQ(mails().prune(net, at(4000), at(4000), 1), 1U) << "rows without bytes too, so many at once";
  EXPECT_EQ(mails().prune(other, at(100000), at(100000), 100), 0U);
}

TEST_F(MailsTest, KeepBytesThatAYoungerRowShares) {
  auto mail = row("1@x");
  const auto old = mails().put(net, mail, "bytes");
  mail.time = at(9000);
  const auto young = mails().put(net, mail, {}, old);
  EXPECT_EQ(mails().prune(net, at(5000), at(0), 100), 1U);
  EXPECT_FALSE(mails().bytes(net, old));
  EXPECT_EQ(mails().bytes(net, young), "bytes");
}

TEST_F(MailsTest, KeepWhatWaitsToBeSent) {
  const auto key = mails().put(net, row("1@x"), "bytes");
  QueuedMail waiting;
  waiting.mail = key;
  waiting.key = store->mail_queue().put(net, waiting);
  EXPECT_EQ(mails().prune(net, at(5000), at(5000), 100), 0U);
  EXPECT_EQ(mails().bytes(net, key), "bytes");
  store->mail_queue().done(net, waiting.key);
  EXPECT_EQ(mails().prune(net, at(5000), at(5000), 100), 1U);
  EXPECT_EQ(bodies(), 0);
}

TEST_F(MailsTest, LeaveNothingBehindWhereTheDiskIsFull) {
  store->commit();
  pragma("max_page_count=60");
  EXPECT_EQ(mails().put(net, row("1@x"), std::string(1'000'000, 'x')), 0);
  EXPECT_FALSE(store->durable());
  EXPECT_FALSE(troubles.empty());
  pragma("max_page_count=1000000");
  EXPECT_FALSE(mails().find(net, juliet, "1@x"));
  EXPECT_GT(mails().put(net, row("2@x"), "bytes"), 0);
  EXPECT_TRUE(store->durable());
  EXPECT_EQ(bodies(), 1);
}

class MailQueueTest : public MailsTest {
 protected:
  QueuedMail put(const std::string& recipient, std::int64_t due) {
    QueuedMail mail;
    mail.person = juliet;
    mail.mail = 7;
    mail.envelope_from = "b+7.aa@mail.example.org";
    mail.recipient = recipient;
    mail.about = "tokens";
    mail.taken = at(1);
    mail.due = at(due);
    mail.key = queue().put(net, mail);
    EXPECT_GT(mail.key, 0);
    return mail;
  }
  MailQueueTable& queue() { return store->mail_queue(); }
  std::vector<std::string> due(std::int64_t until, std::size_t at_most = 100) {
    std::vector<std::string> names;
    for (const auto& mail : queue().due(net, at(until), at_most)) names.push_back(mail.recipient);
    return names;
  }
};

TEST_F(MailQueueTest, GivesBackWhatItWasGiven) {
  const auto mail = put("bob@example.org", 5);
  reopen();
  const auto found = queue().get(net, mail.key);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->key, mail.key);
  EXPECT_EQ(found->person, juliet);
  EXPECT_EQ(found->mail, 7);
  EXPECT_EQ(found->envelope_from, "b+7.aa@mail.example.org");
  EXPECT_EQ(found->recipient, "bob@example.org");
  EXPECT_EQ(found->about, "tokens");
  EXPECT_EQ(found->taken, at(1));
  EXPECT_EQ(found->due, at(5));
  EXPECT_EQ(found->attempts, 0U);
  EXPECT_FALSE(found->late_told);
  EXPECT_FALSE(queue().get(other, mail.key));
}

TEST_F(MailQueueTest, TellsWhatIsDueInOrder) {
  put("c", 30);
  put("a", 10);
  put("b1", 20);
  put("b2", 20);
  EXPECT_THAT(due(9), IsEmpty());
  EXPECT_THAT(due(20), ElementsAre("a", "b1", "b2"));
  EXPECT_THAT(due(100, 2), ElementsAre("a", "b1"));
  EXPECT_EQ(queue().next_due(net, at(10)), at(20));
  EXPECT_FALSE(queue().next_due(net, at(30)));
  EXPECT_FALSE(queue().next_due(other, at(0)));
}

TEST_F(MailQueueTest, RemembersTries) {
  auto mail = put("bob", 10);
  mail.due = at(50);
  mail.attempts = 3;
  mail.late_told = true;
  mail.last_words = "450 4.2.0 later";
  EXPECT_TRUE(queue().update(net, mail));
  const auto found = queue().get(net, mail.key);
  EXPECT_EQ(found->due, at(50));
  EXPECT_EQ(found->attempts, 3U);
  EXPECT_TRUE(found->late_told);
  EXPECT_EQ(found->last_words, "450 4.2.0 later");
  EXPECT_FALSE(queue().update(other, mail));
}

TEST_F(MailQueueTest, IsCountedAndListedForEachPerson) {
  const auto first = put("a", 30);
  put("b", 10);
  EXPECT_EQ(queue().count(net, juliet), 2U);
  EXPECT_EQ(queue().count(net, romeo), 0U);
  EXPECT_EQ(queue().of(net, juliet).front().recipient, "a");
  EXPECT_TRUE(queue().done(net, first.key));
  EXPECT_FALSE(queue().done(net, first.key));
  EXPECT_EQ(queue().count(net, juliet), 1U);
}

}  // namespace
}  // namespace dragoman
