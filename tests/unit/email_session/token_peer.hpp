// A token endpoint of OAuth 2 in the same loop, by HTTPS, which answers what a test wants it to.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "mapping/utf8.hpp"
#include "tests/unit/net/tls_peer.hpp"

namespace dragoman::email::test {

class TokenPeer : public net::test::PeerListener {
 public:
  TokenPeer(boost::asio::io_context& loop, const net::test::Certificate& certificate)
      : PeerListener(loop, 0, [this](tcp::socket&& socket) {
          return std::make_shared<Connection>(*this, std::move(socket));
        }) {
    use(certificate, true);
  }
  std::string url() const { return "https://127.0.0.1:" + std::to_string(port()) + "/token"; }

  std::function<std::string(const std::string& form)> answer;  // the body; empty: status 400 with `refusal`
  std::string refusal = R"({"error":"invalid_grant","error_description":"It was revoked"})";
  std::vector<std::string> asked;  // the forms
  std::vector<std::string> heads;

 private:
  struct Connection final : net::test::PeerConnection {
    Connection(TokenPeer& p, tcp::socket&& s) : PeerConnection(std::move(s)), peer(p) {}
    TokenPeer& peer;

    void greet() override {}
    bool take() override {
      for (auto end = got.find("\r\n\r\n"); end != std::string::npos; end = got.find("\r\n\r\n")) {
        const std::string head = got.substr(0, end);
        const auto length = ascii_lower(head).find("content-length: ");
        const std::size_t size = length == std::string::npos ? 0 : std::stoul(head.substr(length + 16));
        if (got.size() < end + 4 + size) return true;
        peer.heads.push_back(head);
        peer.asked.push_back(got.substr(end + 4, size));
        got.erase(0, end + 4 + size);
        const std::string body = peer.answer ? peer.answer(peer.asked.back()) : std::string();
        const std::string& said = body.empty() ? peer.refusal : body;
        write("HTTP/1.1 " + std::string(body.empty() ? "400 Bad Request" : "200 OK") +
              "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(said.size()) +
              "\r\n\r\n" + said);
      }
      return true;
    }
  };
};

}  // namespace dragoman::email::test
