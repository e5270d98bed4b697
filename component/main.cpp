// Flags, and the exit status: 0 all is well, 1 something is wrong that was said on stderr.
#include <cstdio>
#include <exception>
#include <string>

#include <CLI/CLI.hpp>

#include "component/app.hpp"
#include "config/settings.hpp"

namespace {

int report(const dragoman::config::Loaded& loaded) {
  for (const auto& problem : loaded.problems) std::fprintf(stderr, "%s\n", problem.str().c_str());
  const std::size_t count = loaded.problems.size();
  std::fprintf(stderr, "%zu %s in the configuration; nothing was started.\n", count,
               count == 1 ? "problem" : "problems");
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App flags{
      "dragoman, the interpreter between chat networks: an XMPP component that bridges to IRC and others."};
  flags.set_version_flag("--version", std::string("dragoman " DRAGOMAN_VERSION));
  std::string path = "/etc/dragoman/dragoman.yaml";
  flags.add_option("--config", path, "The configuration file")
      ->capture_default_str()
      ->envname("DRAGOMAN_CONFIG");
  CLI::App* check = flags.add_subcommand("check", "Check the configuration, say what is wrong, and end");
  check->add_option("--config", path, "The configuration file")->capture_default_str();
  CLI11_PARSE(flags, argc, argv);

  try {
    dragoman::config::Loaded loaded = dragoman::config::load(path, dragoman::built_networks());
    if (!loaded.problems.empty()) return report(loaded);
    if (check->parsed()) {
      std::printf("%s: the configuration is good, %zu bridge(s)\n", path.c_str(),
                  loaded.settings.bridges.size());
      return 0;
    }
    dragoman::set_up_log(loaded.settings.log);
    dragoman::App app(std::move(loaded.settings), path);
    app.run();
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "dragoman: %s\n", error.what());
    return 1;
  }
}
