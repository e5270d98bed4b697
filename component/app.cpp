#include "component/app.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "bridges/net/http_client.hpp"
#include "bridges/network.hpp"
#include "component/gateway.hpp"
#include "component/log_json.hpp"
#include "component/outlet.hpp"
#include "component/stream.hpp"
#include "mapping/archive_table.hpp"
#include "mapping/messages_table.hpp"
#include "mapping/store.hpp"

namespace dragoman {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr auto stop_limit = 5s;
constexpr auto prune_every = 1h;
constexpr auto tick_every = 5s;
constexpr std::size_t prune_at_most = 5000;  // lines a round, so that the loop is never held for long

Time now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

const NetworkEntry& entry_for(const std::string& kind) {
  for (const NetworkEntry& entry : network_registry()) {
    if (entry.kind == kind) return entry;
  }
  throw std::runtime_error("this dragoman was built without the network \"" + kind + "\"");
}

// What differs and is not taken over while running.
std::vector<std::string> needs_restart(const config::Settings& running, const config::Settings& wanted) {
  std::vector<std::string> names;
  if (running.store.path != wanted.store.path) names.emplace_back("store.path");
  if (running.store.key_file != wanted.store.key_file) names.emplace_back("store.key_file");
  if (running.xmpp.max_stanza_bytes != wanted.xmpp.max_stanza_bytes)
    names.emplace_back("xmpp.max_stanza_bytes");
  const auto has = [](const config::Settings& in, const config::Bridge& bridge) {
    return std::any_of(in.bridges.begin(), in.bridges.end(), [&](const config::Bridge& other) {
      return other.domain == bridge.domain && other.network == bridge.network;
    });
  };
  for (const config::Bridge& bridge : running.bridges) {
    if (!has(wanted, bridge)) names.push_back("the bridge " + bridge.domain + " (removed)");
  }
  for (const config::Bridge& bridge : wanted.bridges) {
    if (!has(running, bridge)) names.push_back("the bridge " + bridge.domain + " (added)");
  }
  return names;
}

// One bridge: a network, its gateway and their component stream.
class Bridge final : public Outlet {
 public:
  Bridge(asio::io_context& loop, Store& store, const config::Settings& settings, config::Bridge bridge,
         std::function<std::string()> reload)
      : settings_(std::move(bridge)),
        gateway_({settings_, settings.xmpp.admins, now, std::move(reload),
                  [this](net::HttpRequest request, std::function<void(net::HttpResult)> done) {
                    http_->send(std::move(request), std::move(done));
                  }},
                 store, *this),
        stream_(loop,
                {.host = settings.xmpp.server,
                 .port = settings.xmpp.port,
                 .domain = settings_.domain,
                 .secret = settings_.secret,
                 .max_stanza_bytes = settings.xmpp.max_stanza_bytes},
                {.on_stanza = [this](Stanza&& stanza) { gateway_.on_stanza(std::move(stanza)); },
                 .on_up = [this] { on_up(); },
                 .on_down = [this] { on_down(); },
                 .on_pressure = [this](bool high) { gateway_.on_pressure(high); },
                 .on_refused =
                     [this](const std::string& words) { spdlog::error("{}: {}", settings_.domain, words); },
                 // Kept first, then told.
                 .before_write = [&store] { store.commit(); },
                 .on_written = [this](std::uint64_t bytes) { gateway_.on_written(bytes); }}),
        loop_(loop) {
    make_http();
    gateway_.attach(
        entry_for(settings_.network).make({loop, gateway_, store, settings_, &gateway_.file_host()}));
  }

  bool send(std::string_view stanza) override { return stream_.send(stanza); }
  bool up() const override { return stream_.up(); }
  std::uint64_t position() const override { return stream_.sent(); }
  void soon() override {
    asio::post(loop_, [this] { gateway_.tell_kept(); });
  }

  void start() { stream_.start(); }
  void stop(std::function<void()> done) {
    gateway_.say_goodbye("The gateway is going down.");
    gateway_.network().stop("dragoman is going down", [this, done = std::move(done)] { stream_.stop(done); });
  }
  void reload(const config::Bridge& now_settings, const config::Xmpp& xmpp) {
    const bool other_ca = settings_.upload_to.ca_file != now_settings.upload_to.ca_file;
    settings_ = now_settings;
    if (other_ca) make_http();
    gateway_.set_options(settings_, xmpp.admins);
    stream_.set_door(xmpp.server, xmpp.port, settings_.secret);
  }
  Gateway& gateway() { return gateway_; }
  const config::Bridge& settings() const { return settings_; }

 private:
  void on_up() {
    spdlog::info("{}: connected to the XMPP server", settings_.domain);
    gateway_.on_link_up();
  }
  void on_down() {
    spdlog::warn("{}: the link to the XMPP server is lost", settings_.domain);
    gateway_.on_link_down();
  }

  // What is on its way by the one before is not heard of any more.
  void make_http() {
    http_ = std::make_unique<net::HttpClient>(
        loop_, net::HttpClient::Options{.ca_file = settings_.upload_to.ca_file});
  }

  config::Bridge settings_;
  Gateway gateway_;
  Stream stream_;
  asio::io_context& loop_;
  std::unique_ptr<net::HttpClient> http_;  // gone before all that it answers
};

}  // namespace

struct App::Impl {
  Impl(config::Settings s, std::string path)
      : settings(std::move(s)),
        config_path(std::move(path)),
        store(settings.store.path, settings.store.key_file) {
    store.on_first_write([this] { commit_soon(); });
    store.on_trouble([this](const std::string& words) { on_trouble(words); });
    for (const config::Bridge& bridge : settings.bridges) {
      bridges.push_back(std::make_unique<Bridge>(loop, store, settings, bridge, [this] { return reload(); }));
    }
  }

  // A group is what one turn of the loop wrote: a burst shares a commit, and a kill -9 finds nothing that was
  // told but not kept (short of a power cut, see Store::durable).
  void commit_soon() {
    asio::post(loop, [this] { store.commit(); });
  }

  void on_trouble(const std::string& words) {
    const std::string text = words.empty() ? "The store works again." : "The store is in trouble: " + words;
    spdlog::error("{}", text);
    for (auto& bridge : bridges) bridge->gateway().tell_admins(text);
  }

  // Empty when all is well; else what is wrong, and nothing was changed.
  std::string reload() {
    config::Loaded loaded = config::load(config_path, built_networks());
    if (!loaded.problems.empty()) {
      std::string words;
      for (const config::Problem& problem : loaded.problems) {
        spdlog::error("not reloaded: {}", problem.str());
        words += problem.str() + "\n";
      }
      return words;
    }
    settings.log = loaded.settings.log;
    settings.xmpp.admins = loaded.settings.xmpp.admins;
    settings.xmpp.server = loaded.settings.xmpp.server;
    settings.xmpp.port = loaded.settings.xmpp.port;
    settings.store.retention_days = loaded.settings.store.retention_days;
    set_up_log(settings.log);
    for (auto& bridge : bridges) {
      for (const config::Bridge& now_settings : loaded.settings.bridges) {
        if (now_settings.domain == bridge->settings().domain &&
            now_settings.network == bridge->settings().network) {
          bridge->reload(now_settings, settings.xmpp);
        }
      }
    }
    spdlog::info("configuration read again");
    for (const std::string& name : needs_restart(settings, loaded.settings))
      spdlog::warn("{}: this changes when dragoman is started again", name);
    return {};
  }

  void wait_for_signals() {
    signals.async_wait([this](const boost::system::error_code& error, int signal) {
      if (error) return;
      if (signal == SIGHUP) {
        reload();
        return wait_for_signals();
      }
      stop();
    });
  }

  void stop() {
    spdlog::info("stopping");
    stop_timer.expires_after(stop_limit - 500ms);
    stop_timer.async_wait([this](const boost::system::error_code& error) {
      if (!error) loop.stop();
    });
    auto open = std::make_shared<std::size_t>(bridges.size());
    for (auto& bridge : bridges) {
      bridge->stop([this, open] {
        if (--*open == 0) loop.stop();
      });
    }
    if (bridges.empty()) loop.stop();
  }

  void tick() {
    store.try_again();
    for (auto& bridge : bridges) bridge->gateway().tick(now());
    tick_timer.expires_after(tick_every);
    tick_timer.async_wait([this](const boost::system::error_code& error) {
      if (!error) tick();
    });
  }

  void prune() {
    if (settings.store.retention_days > 0) {
      const Time before = now() - std::chrono::days(settings.store.retention_days);
      const std::size_t lines = store.archive().prune(before, prune_at_most);
      const std::size_t ids = store.messages().prune(before, prune_at_most);
      prune_timer.expires_after(std::max(lines, ids) == prune_at_most ? 1s
                                                                      : std::chrono::seconds(prune_every));
    } else {
      prune_timer.expires_after(prune_every);
    }
    prune_timer.async_wait([this](const boost::system::error_code& error) {
      if (!error) prune();
    });
  }

  config::Settings settings;
  std::string config_path;
  asio::io_context loop{1};
  Store store;
  asio::steady_timer prune_timer{loop};
  asio::steady_timer tick_timer{loop};
  asio::steady_timer stop_timer{loop};
  asio::signal_set signals{loop, SIGTERM, SIGINT, SIGHUP};
  std::vector<std::unique_ptr<Bridge>> bridges;
};

App::App(config::Settings settings, std::string config_path)
    : impl_(std::make_unique<Impl>(std::move(settings), std::move(config_path))) {}

App::~App() = default;

void App::run() {
  std::signal(SIGPIPE, SIG_IGN);
  impl_->wait_for_signals();
  impl_->prune();
  impl_->tick();
  for (auto& bridge : impl_->bridges) bridge->start();
  impl_->loop.run();
  impl_->store.commit();
  // The store outlives the bridges: what its end still meets is for the log alone.
  impl_->store.on_trouble([](const std::string& words) {
    if (!words.empty()) spdlog::error("The store is in trouble: {}", words);
  });
  spdlog::info("stopped");
}

std::vector<std::string> built_networks() {
  std::vector<std::string> kinds;
  for (const NetworkEntry& entry : network_registry()) kinds.emplace_back(entry.kind);
  return kinds;
}

void set_up_log(const config::Log& log) {
  auto logger = spdlog::get("dragoman");
  if (!logger) {
    logger = spdlog::stderr_color_mt("dragoman");
    spdlog::set_default_logger(logger);
  }
  switch (log.level) {
    case config::LogLevel::trace: logger->set_level(spdlog::level::trace); break;
    case config::LogLevel::debug: logger->set_level(spdlog::level::debug); break;
    case config::LogLevel::info: logger->set_level(spdlog::level::info); break;
    case config::LogLevel::warning: logger->set_level(spdlog::level::warn); break;
    case config::LogLevel::error: logger->set_level(spdlog::level::err); break;
  }
  logger->flush_on(spdlog::level::info);
  if (log.format == config::LogFormat::json) {
    logger->set_formatter(make_json_formatter());
  } else {
    logger->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%l%$ %v");
  }
}

}  // namespace dragoman
