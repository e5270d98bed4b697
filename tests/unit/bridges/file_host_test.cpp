#include "bridges/file_host.hpp"

#include <filesystem>

#include <gtest/gtest.h>

#include "mapping/digest.hpp"
#include "mapping/notes_table.hpp"
#include "mapping/store.hpp"

namespace dragoman {
namespace {

TEST(FileHostState, IsFoundAgainAsItWasNoted) {
  const auto folder = std::filesystem::temp_directory_path() / ("dragoman-test-" + random_hex(8));
  std::filesystem::create_directories(folder);
  {
    Store store((folder / "db").string(), (folder / "key").string());
    const NetworkId here{"mail.example.org"};
    EXPECT_FALSE(noted_file_host(store, here));
    ASSERT_TRUE(note_file_host(store, here, {"upload.example.org", "It is full (wait a while)", 5242880}));
    const auto state = noted_file_host(store, here);
    ASSERT_TRUE(state);
    EXPECT_EQ(state->host, "upload.example.org");
    EXPECT_EQ(state->trouble, "It is full (wait a while)");
    EXPECT_EQ(state->largest, 5242880U);
    note_file_host(store, here, {"share.example.org", "", 0});
    EXPECT_EQ(noted_file_host(store, here)->host, "share.example.org");
    EXPECT_EQ(noted_file_host(store, here)->trouble, "");
    EXPECT_FALSE(noted_file_host(store, NetworkId{"other.example.org"}));
    store.notes().put(here, "file host", {}, "nonsense");
    EXPECT_FALSE(noted_file_host(store, here));
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace dragoman
