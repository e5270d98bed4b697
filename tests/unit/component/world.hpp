// A gateway on the echo network with nothing but memory around it: stanzas go in as text, and what came out
// is kept.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "bridges/echo/network.hpp"
#include "component/gateway.hpp"
#include "component/muc.hpp"
#include "component/outlet.hpp"
#include "mapping/digest.hpp"
#include "mapping/store.hpp"

namespace dragoman::test {

class World : public Outlet {
 public:
  World() : folder_(std::filesystem::temp_directory_path() / ("dragoman-test-" + random_hex(8))) {
    std::filesystem::create_directories(folder_);
    open();
  }
  ~World() override {
    gateway_.reset();
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  // The program starts again on the same store.
  void open() {
    gateway_.reset();
    store_.reset();
    store_ = std::make_unique<Store>((folder_ / "db").string(), (folder_ / "key").string());
    config::Bridge bridge{.network = "echo", .domain = "echo.example", .secret = "s"};
    bridge.upload_to.service = upload_service;
    gateway_ = std::make_unique<Gateway>(
        Gateway::Options{bridge,
                         {"admin@example.org"},
                         [this] { return now; },
                         [] { return std::string(); },
                         [this](net::HttpRequest request, std::function<void(net::HttpResult)> done) {
                           asked.emplace_back(std::move(request), std::move(done));
                         }},
        *store_, *this);
    bridge_ = bridge;
    gateway_->attach(make_network({loop_, *gateway_, *store_, bridge_}));
    link = up_at_start;
    if (link) gateway_->on_link_up();
  }

  bool send(std::string_view stanza) override {
    if (link) sent.emplace_back(stanza);
    if (link) ++sent_ever_;
    if (link && pressure_after > 0 && ++since_pressure_ >= pressure_after) {
      since_pressure_ = 0;
      gateway_->on_pressure(true);
    }
    return link;
  }
  bool up() const override { return link; }
  std::uint64_t position() const override { return sent_ever_; }  // in stanzas
  void written() { gateway_->on_written(sent_ever_); }            // all of them

  // A stanza from the XMPP server; what it led to is in `sent`, earlier ones are gone.
  const std::vector<std::string>& in(const std::string& xml) {
    sent.clear();
    XmlStreamParser parser({}, {.on_open = [](const Element&) {},
                                .on_stanza =
                                    [this](Element&& element) {
                                      std::string why;
                                      auto stanza = Stanza::from_element(std::move(element), why);
                                      ASSERT_TRUE(stanza) << why;
                                      gateway_->on_stanza(std::move(*stanza));
                                    },
                                .on_close = [] {}});
    EXPECT_TRUE(
        parser.feed("<stream:stream xmlns='jabber:component:accept' "
                    "xmlns:stream='http://etherx.jabber.org/streams'>" +
                    xml))
        << parser.error_text();
    return sent;
  }

  // How many of the stanzas sent hold all of these pieces.
  std::size_t count(const std::vector<std::string>& pieces) const {
    std::size_t n = 0;
    for (const std::string& stanza : sent) {
      bool all = true;
      for (const std::string& piece : pieces) all = all && stanza.find(piece) != stanza.npos;
      n += all;
    }
    return n;
  }
  std::string all() const {
    std::string text;
    for (const std::string& stanza : sent) text += stanza + "\n";
    return text;
  }
  void join(const std::string& who = "juliet@example.org/balcony", const std::string& nick = "juliet") {
    in("<presence from='" + who + "' to='#room@echo.example/" + nick +
       "'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
  }

  Gateway& gateway() { return *gateway_; }
  Store& store() { return *store_; }
  std::vector<std::string> sent;
  std::unique_ptr<Network> (*make_network)(const NetworkContext&) =
      echo::make_network;  // used by the next open()
  bool link = true, up_at_start = true;
  std::string upload_service;  // XEP-0363; used by the next open()
  std::vector<std::pair<net::HttpRequest, std::function<void(net::HttpResult)>>> asked;  // by HTTP
  std::size_t pressure_after = 0;  // so many stanzas fill the stream; 0: it takes all
  Time now{std::chrono::milliseconds(1'790'000'000'000)};

 private:
  std::size_t since_pressure_ = 0;
  std::uint64_t sent_ever_ = 0;
  boost::asio::io_context loop_;  // never run: the echo network has no use for it
  std::filesystem::path folder_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Gateway> gateway_;
  config::Bridge bridge_;
};

}  // namespace dragoman::test
