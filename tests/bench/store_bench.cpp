// What the store costs on the way of a message. Usage: store_bench [FOLDER [LINES_A_GROUP]]; the folder
// decides what disk is measured. Prints microseconds a call, of CPU and of the clock, the commits included.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <time.h>

#include "mapping/archive_table.hpp"
#include "mapping/messages_table.hpp"
#include "mapping/outbox_table.hpp"
#include "mapping/rooms_table.hpp"
#include "mapping/store.hpp"

namespace {

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

template <class Call>
void measure(const char* what, int times, const Call& call) {
  const double cpu = cpu_seconds();
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < times; ++i) call(i);
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
  std::printf("%-48s %8.2f us cpu %8.2f us wall\n", what, (cpu_seconds() - cpu) / times * 1e6,
              wall.count() / times * 1e6);
}

// Ids as the gateway makes them: the time first, then what nobody can guess.
std::string id_of(int i) {
  char text[48];
  std::snprintf(text, sizeof text, "%012llx-%08x", 1700000000000ULL + static_cast<unsigned long long>(i),
                static_cast<unsigned>(i) * 2654435761U);
  return text;
}

std::string random_id(int i) {
  char text[48];
  std::snprintf(text, sizeof text, "%08x-%04x-4000-8000-%012x", static_cast<unsigned>(i) * 2654435761U,
                static_cast<unsigned>(i) % 65536U, static_cast<unsigned>(i) * 40503U);
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::path(argc > 1 ? argv[1] : "/tmp") / "dragoman-store-bench";
  const int group = argc > 2 ? std::max(1, std::atoi(argv[2])) : 200;
  fs::remove_all(folder);
  fs::create_directories(folder);
  {
    dragoman::Store store(folder / "bench.db", folder / "key");
    const dragoman::NetworkId network("irc.example.org");
    const dragoman::PersonId viewer("user@example.org");
    std::vector<dragoman::RoomKey> rooms;
    for (int i = 0; i < 300; ++i) {
      rooms.push_back(store.rooms().open(network, dragoman::RoomId("#c" + std::to_string(i)), viewer));
    }
    const std::string payload(180, 'p');
    const auto begin =
        std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
    const auto commit_after = [&](int i) {
      if (i % group == group - 1) store.commit();
    };
    int next = 0;
    for (const std::size_t count : {std::size_t{1}, std::size_t{10}, rooms.size()}) {
      const std::string what =
          "archive append, " + std::to_string(count) + " rooms, " + std::to_string(group) + " a group";
      measure(what.c_str(), 100000, [&](int i) {
        const dragoman::MessageId id(id_of(++next));
        store.archive().append(rooms[static_cast<std::size_t>(i) % count], id,
                               begin + std::chrono::milliseconds(i), "somenick", payload);
        commit_after(i);
      });
      store.commit();
    }
    measure("messages put, ids in order", 100000, [&](int i) {
      store.messages().put(rooms[1], id_of(i), dragoman::MessageId(id_of(i)), "user@example.org/resource");
      commit_after(i);
    });
    store.commit();
    measure("messages put, random ids", 100000, [&](int i) {
      store.messages().put(rooms[0], random_id(i), dragoman::MessageId(id_of(i)),
                           "user@example.org/resource");
      commit_after(i);
    });
    store.commit();
    measure("messages by_network", 100000,
            [&](int i) { store.messages().by_network(rooms[0], dragoman::MessageId(id_of(i))); });
    measure("archive recent(20)", 5000, [&](int) { store.archive().recent(rooms[0], 20, {}); });
    measure("archive page(50) of 110000 lines", 200, [&](int) {
      dragoman::ArchiveQuery query;
      query.from_end = true;
      store.archive().page(rooms[0], query);
    });
    measure("one append and a commit", 2000, [&](int) {
      store.archive().append(rooms[0], dragoman::MessageId(id_of(++next)), begin, "somenick", payload);
      store.commit();
    });
    measure("outbox put, durable", 500, [&](int i) {
      dragoman::OutboxItem item;
      item.queue = "irc user@example.org irc.localhost";
      item.key = id_of(i);
      item.payload = payload;
      store.outbox().put(network, item);
      store.durable();
    });
  }
  fs::remove_all(folder);
  return 0;
}
