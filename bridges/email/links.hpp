// Files of mails, by signed links to our HTTP server: taken out of the mail as it came, when somebody asks.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bridges/email/hub.hpp"
#include "mapping/mails_table.hpp"

namespace dragoman::email {

class Links {
 public:
  explicit Links(Hub& hub);
  Links(const Links&) = delete;
  Links& operator=(const Links&) = delete;
  ~Links();

  // A URL; empty where there is no public_url. No part: the whole mail.
  std::string of(MailKey mail, std::optional<std::size_t> part, std::string_view name) const;
  void reload();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dragoman::email
