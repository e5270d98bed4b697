// The program: bridges wired to their streams, one store, one loop, signals.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/settings.hpp"

namespace dragoman {

class App {
 public:
  // Opens the store (throws StoreError) and makes the bridges; nothing runs yet.
  App(config::Settings settings, std::string config_path);
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  // Until SIGTERM or SIGINT and the clean stop that follows. SIGHUP reads the configuration again.
  void run();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The kinds of networks that this binary was built with.
std::vector<std::string> built_networks();
void set_up_log(const config::Log& log);

}  // namespace dragoman
