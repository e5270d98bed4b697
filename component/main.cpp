// Flags, and the exit status: 0 all is well, 1 something is wrong that was said.
#include <algorithm>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "bridges/network.hpp"
#include "component/app.hpp"
#include "config/settings.hpp"
#include "mapping/store.hpp"

namespace {

using dragoman::NetworkEntry;

int report(const dragoman::config::Loaded& loaded) {
  for (const auto& problem : loaded.problems) std::fprintf(stderr, "%s\n", problem.str().c_str());
  const std::size_t count = loaded.problems.size();
  std::fprintf(stderr, "%zu %s in the configuration; nothing was started.\n", count,
               count == 1 ? "problem" : "problems");
  return 1;
}

// What is asked of one bridge instead of running them all.
struct Errand {
  CLI::App* command = nullptr;
  const NetworkEntry* network = nullptr;
  bool doctor = false;
};

// The bridge of this kind: the one there is, or the one with this domain.
const dragoman::config::Bridge& chosen(const dragoman::config::Settings& settings, std::string_view kind,
                                       const std::string& domain) {
  std::vector<const dragoman::config::Bridge*> fitting;
  std::string domains;
  for (const auto& bridge : settings.bridges) {
    if (bridge.network != kind) continue;
    domains += (domains.empty() ? "" : ", ") + bridge.domain;
    if (domain.empty() || bridge.domain == domain) fitting.push_back(&bridge);
  }
  if (fitting.size() == 1) return *fitting.front();
  const std::string name(kind);
  if (domains.empty()) {
    throw std::runtime_error("there is no bridge with network: " + name + " in the configuration");
  }
  throw std::runtime_error(
      fitting.empty()
          ? "no bridge to " + name + " has the domain " + domain + "; there are " + domains
          : "there are several bridges to " + name + ": name one with --domain (" + domains + ")");
}

int run(const Errand& errand, const dragoman::config::Settings& settings, const std::string& domain) {
  const auto& bridge = chosen(settings, errand.network->kind, domain);
  // What is printed is for a file or a person: of the log only what is wrong belongs beside it.
  auto log = settings.log;
  log.level = std::max(log.level, dragoman::config::LogLevel::warning);
  dragoman::set_up_log(log);
  dragoman::Store store(settings.store.path, settings.store.key_file);
  if (errand.doctor) return errand.network->doctor(bridge, store, stdout) == 0 ? 0 : 1;
  const std::string text = errand.network->registration(bridge, store);
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App flags{
      "dragoman, the interpreter between chat networks: an XMPP component that bridges to IRC and others."};
  flags.set_version_flag("--version", std::string("dragoman " DRAGOMAN_VERSION));
  std::string path = "/etc/dragoman/dragoman.yaml", domain;
  const auto add_config = [&](CLI::App& app) {
    return app.add_option("--config", path, "The configuration file")->capture_default_str();
  };
  add_config(flags)->envname("DRAGOMAN_CONFIG");
  CLI::App* check = flags.add_subcommand("check", "Check the configuration, say what is wrong, and end");
  add_config(*check);

  std::vector<Errand> errands;
  const auto add_errand = [&](CLI::App& parent, std::string name, std::string words,
                              const NetworkEntry& network, bool doctor) {
    CLI::App* command = parent.add_subcommand(std::move(name), std::move(words));
    add_config(*command);
    command->add_option("--domain", domain, "Which bridge, where there are several of this network");
    errands.push_back({command, &network, doctor});
  };
  CLI::App* doctor = nullptr;
  for (const NetworkEntry& network : dragoman::network_registry()) {
    const std::string kind(network.kind);
    if (network.registration) {
      add_errand(flags, "register-" + kind, "Print what the server of " + kind + " has to be given, and end",
                 network, false);
    }
    if (network.doctor) {
      if (!doctor) {
        doctor = flags.add_subcommand(
            "doctor", "Look whether the other side can be worked with, say what to mend, and end");
        doctor->require_subcommand(1);
      }
      add_errand(*doctor, kind, "Look at the bridge to " + kind, network, true);
    }
  }
  CLI11_PARSE(flags, argc, argv);

  try {
    dragoman::config::Loaded loaded = dragoman::config::load(path, dragoman::built_networks());
    if (!loaded.problems.empty()) return report(loaded);
    if (check->parsed()) {
      std::printf("%s: the configuration is good, %zu bridge(s)\n", path.c_str(),
                  loaded.settings.bridges.size());
      return 0;
    }
    for (const Errand& errand : errands) {
      if (errand.command->parsed()) return run(errand, loaded.settings, domain);
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
