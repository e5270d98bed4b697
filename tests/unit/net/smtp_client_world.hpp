// An SmtpClient and its server in one loop.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "bridges/net/smtp_client.hpp"
#include "tests/unit/net/http_peer.hpp"
#include "tests/unit/net/smtp_peer.hpp"

namespace dragoman::net::test {

class SmtpClientWorld : public testing::Test {
 protected:
  SmtpClientWorld() { server.host = "gw.example.org"; }

  SmtpClient& client() {
    if (!client_) {
      if (server.url.empty()) server.url = peer.url();
      client_ = std::make_unique<SmtpClient>(loop, server, connections, [this] { ++before_writes; });
    }
    return *client_;
  }
  SmtpClient::Id send(const std::string& recipient = "bob@example.org",
                      const std::string& bytes = "Subject: x\r\n\r\nHello\r\n",
                      const std::string& from = "a@gw.example.org") {
    return client().send({from, recipient, std::make_shared<const std::string>(bytes)}, timeout,
                         [this](SmtpResult result) { results.push_back(std::move(result)); });
  }
  bool until(std::size_t count) {
    return run_until(loop, [&] { return results.size() >= count; });
  }
  SmtpResult one(const std::string& recipient = "bob@example.org",
                 const std::string& bytes = "Subject: x\r\n\r\nHello\r\n",
                 const std::string& from = "a@gw.example.org") {
    const auto before = results.size();
    send(recipient, bytes, from);
    EXPECT_TRUE(until(before + 1));
    return results.empty() ? SmtpResult{} : results.back();
  }
  // The peer's answer to one verb.
  void let(const std::string& verb, const std::string& says) {
    peer.answer = [verb, says](const std::string& given, const std::string&) {
      return given == verb ? says : "";
    };
  }
  static const Certificate& certificate() {
    static const Certificate one;
    return one;
  }

  boost::asio::io_context loop;
  SmtpPeer peer{loop};
  SmtpServer server;
  std::size_t connections = 4;
  std::chrono::milliseconds timeout{10'000};
  std::vector<SmtpResult> results;
  int before_writes = 0;

 private:
  std::unique_ptr<SmtpClient> client_;
};

}  // namespace dragoman::net::test
