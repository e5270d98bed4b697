// Which mail is next.
#include "bridges/email/delivery_queue.hpp"

#include <gmock/gmock.h>

namespace dragoman::email {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

DeliveryQueue::Time at(std::int64_t ms) { return DeliveryQueue::Time(std::chrono::milliseconds(ms)); }

// To a recipient of its own.
void add(DeliveryQueue& queue, std::int64_t key, const std::string& domain, DeliveryQueue::Time due) {
  queue.add(key, domain, std::to_string(key) + "@" + domain, due);
}

TEST(DeliveryQueueTest, SendsToOneRecipientOneAfterTheOther) {
  DeliveryQueue queue(4, 0);
  for (int i = 1; i <= 3; ++i) queue.add(i, "a", "bob@a", at(10));
  queue.add(4, "a", "carol@a", at(20));
  EXPECT_EQ(queue.take(at(30)), 1);
  EXPECT_EQ(queue.take(at(30)), 4);
  EXPECT_FALSE(queue.take(at(30)));
  EXPECT_EQ(queue.take_any(), std::nullopt) << "the others wait for the first";
  queue.wait_until(1, at(10));  // it was not its fault
  EXPECT_EQ(queue.take(at(30)), 1);
  queue.wait_until(1, at(50));  // it was: the others go on
  EXPECT_EQ(queue.take(at(30)), 2);
  queue.remove(2);
  EXPECT_EQ(queue.take(at(30)), 3);
  EXPECT_FALSE(queue.next());
  queue.remove(3);
  EXPECT_EQ(queue.next(), at(50));
  queue.remove(1);
  queue.remove(4);
  EXPECT_FALSE(queue.next());
  EXPECT_EQ(queue.on_their_way(), 0U);
}

TEST(DeliveryQueueTest, TakesWhatIsDueInOrder) {
  DeliveryQueue queue(4, 0);
  add(queue, 1, "a", at(20));
  add(queue, 2, "a", at(10));
  add(queue, 3, "b", at(15));
  EXPECT_EQ(queue.next(), at(10));
  EXPECT_FALSE(queue.take(at(9)));
  EXPECT_EQ(queue.take(at(30)), 2);
  EXPECT_EQ(queue.take(at(30)), 3);
  EXPECT_EQ(queue.take(at(30)), 1);
  EXPECT_FALSE(queue.take(at(30)));
  EXPECT_FALSE(queue.next());
  EXPECT_EQ(queue.on_their_way(), 3U);
  EXPECT_FALSE(queue.waits(1));
  EXPECT_TRUE(queue.knows(1));
  queue.remove(1);
  EXPECT_FALSE(queue.knows(1));
  add(queue, 2, "a", at(50));
  EXPECT_EQ(queue.next(), at(50));
  EXPECT_EQ(queue.on_their_way(), 1U);
}

TEST(DeliveryQueueTest, SendsSoManyToOneDomainAtOnce) {
  DeliveryQueue queue(2, 0);
  for (int i = 1; i <= 3; ++i) add(queue, i, "a", at(0));
  add(queue, 4, "b", at(0));
  std::vector<std::int64_t> taken;
  while (const auto key = queue.take(at(100))) taken.push_back(*key);
  EXPECT_THAT(taken, UnorderedElementsAre(1, 2, 4));
  EXPECT_FALSE(queue.next());
  queue.remove(1);
  EXPECT_EQ(queue.take(at(100)), 3);
}

TEST(DeliveryQueueTest, GivesEachDomainItsTurn) {
  DeliveryQueue queue(100, 0);
  for (int i = 0; i < 50; ++i) add(queue, 100 + i, "many", at(0));
  add(queue, 1, "few", at(10));
  EXPECT_EQ(queue.take(at(20)), 100);
  EXPECT_EQ(queue.take(at(20)), 1) << "though the others were due before";
}

TEST(DeliveryQueueTest, KeepsARate) {
  DeliveryQueue queue(100, 60);
  for (int i = 0; i < 20; ++i) add(queue, i + 1, "a", at(0));
  int taken = 0;
  while (queue.take(at(1000))) ++taken;
  EXPECT_EQ(taken, 6);
  EXPECT_EQ(queue.next(), at(2000));
  EXPECT_TRUE(queue.take(at(2000)));
  EXPECT_FALSE(queue.take(at(2000)));
  queue.limit(0);
  EXPECT_TRUE(queue.take(at(2000)));
}

TEST(DeliveryQueueTest, ForgetsDomainsThatRest) {
  DeliveryQueue queue(2, 60);
  for (int i = 1; i <= 20000; ++i) {
    add(queue, i, "d" + std::to_string(i), at(i * 1000));
    EXPECT_TRUE(queue.take(at(i * 1000)));
    queue.remove(i);
  }
  EXPECT_EQ(queue.size(), 0U);
}

TEST(DeliveryQueueTest, TakesAnyWhateverTheLimits) {
  DeliveryQueue queue(1, 1);
  add(queue, 1, "a", at(10));
  add(queue, 2, "a", at(5));
  EXPECT_EQ(queue.take_any(), 2);
  EXPECT_EQ(queue.take_any(), 1);
  EXPECT_FALSE(queue.take_any());
}

}  // namespace
}  // namespace dragoman::email
