// Files that people put into a chat, fetched to be sent with a mail: from the hosts an admin has named, up to
// a size. Whatever can't be had stays a link.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bridges/email/compose.hpp"
#include "bridges/email/hub.hpp"

namespace dragoman::email {

class Fetched {
 public:
  using Files = std::map<std::string, Enclosure>;  // by URL
  explicit Fetched(Hub& hub);
  Fetched(const Fetched&) = delete;
  Fetched& operator=(const Fetched&) = delete;
  ~Fetched();

  // `done` comes at once where there is nothing to fetch, else from the loop; not after this was destroyed.
  void fetch(const std::vector<std::string>& urls, std::function<void(Files)> done);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace dragoman::email
