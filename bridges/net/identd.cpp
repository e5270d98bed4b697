#include "bridges/net/identd.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <set>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace dragoman::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr auto outcome = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t most_clients = 64;
constexpr std::size_t most_query = 1000;  // RFC 1413, section 4
constexpr std::chrono::seconds patience{10};

std::string_view without_blanks(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  auto begin = text.find_first_not_of(blank);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

std::optional<std::uint16_t> port_number(std::string_view text) {
  text = without_blanks(text);
  std::uint16_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value == 0) return std::nullopt;
  return value;
}

}  // namespace

std::string ident_reply(std::string_view query, const std::string& address, const Identd::Lookup& lookup) {
  auto comma = query.find(',');
  auto local = port_number(query.substr(0, comma));
  auto remote = comma == query.npos ? std::nullopt : port_number(query.substr(comma + 1));
  // The ports are not told back as they came: what is no number is not repeated.
  auto pair = std::to_string(local.value_or(0)) + ", " + std::to_string(remote.value_or(0));
  if (!local || !remote) return pair + " : ERROR : INVALID-PORT\r\n";
  auto ident = lookup(*local, *remote, address);
  if (!ident) return pair + " : ERROR : NO-USER\r\n";
  return pair + " : USERID : UNIX : " + *ident + "\r\n";
}

std::string short_ident(std::string_view key, std::string_view name) {
  static constexpr char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(name.data()), name.size(), digest.data(), &size);
  std::string out;
  out += alphabet[digest[0] % 26];
  for (std::size_t i = 1; i < 10; ++i) out += alphabet[digest[i] & 31];
  return out;
}

struct Identd::Impl : std::enable_shared_from_this<Identd::Impl> {
  Impl(asio::io_context& io, Lookup asked) : loop(io), acceptor(io), lookup(std::move(asked)) {}

  asio::io_context& loop;
  tcp::acceptor acceptor;
  Lookup lookup;
  std::string trouble;
  std::set<std::shared_ptr<tcp::socket>> clients;

  void listen(std::uint16_t port) {
    error_code error;
    acceptor.open(tcp::v6(), error);
    bool six = !error;
    if (six)
      acceptor.set_option(asio::ip::v6_only(false), error);
    else
      acceptor.open(tcp::v4(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(tcp::endpoint(six ? tcp::v6() : tcp::v4(), port), error);
    if (!error) acceptor.listen(16, error);
    if (!error) return;
    trouble = "identd can't listen on port " + std::to_string(port) + ": " + error.message();
    if (error == asio::error::address_in_use)
      trouble += " (each bridge needs an identd_port of its own, or 0 for none)";
  }

  // As LineStream tells it: an IPv4 peer of the IPv6 socket by its IPv4 address.
  static std::string address_of(const tcp::socket& socket) {
    error_code error;
    auto endpoint = socket.remote_endpoint(error);
    auto address = endpoint.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped())
      return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
    return address.to_string();
  }

  static asio::awaitable<void> accept_all(std::shared_ptr<Impl> self) {
    for (;;) {
      auto socket = std::make_shared<tcp::socket>(self->loop);
      auto [error] = co_await self->acceptor.async_accept(*socket, outcome);
      if (!self->acceptor.is_open()) co_return;
      if (error) {
        // Out of descriptors, most likely: not at once again.
        asio::steady_timer pause(self->loop, std::chrono::seconds(1));
        co_await pause.async_wait(outcome);
        if (!self->acceptor.is_open()) co_return;
        continue;
      }
      if (self->clients.size() >= most_clients) continue;
      self->clients.insert(socket);
      asio::co_spawn(self->loop, serve(self, std::move(socket)), asio::detached);
    }
  }

  static asio::awaitable<void> serve(std::shared_ptr<Impl> self, std::shared_ptr<tcp::socket> socket) {
    asio::steady_timer limit(self->loop, patience);
    limit.async_wait([socket](const error_code& error) {
      error_code ignored;
      if (!error) socket->close(ignored);
    });
    std::string query;
    auto [error, size] =
        co_await asio::async_read_until(*socket, asio::dynamic_buffer(query, most_query), '\n', outcome);
    if (!error && self->lookup) {
      auto reply = ident_reply(std::string_view(query).substr(0, size), address_of(*socket), self->lookup);
      co_await asio::async_write(*socket, asio::buffer(reply), outcome);
    }
    self->clients.erase(socket);
  }
};

Identd::Identd(asio::io_context& loop, std::uint16_t port, Lookup lookup)
    : impl_(std::make_shared<Impl>(loop, std::move(lookup))) {
  impl_->listen(port);
  auto self = impl_;
  if (impl_->trouble.empty()) asio::co_spawn(loop, Impl::accept_all(std::move(self)), asio::detached);
}

Identd::~Identd() {
  error_code ignored;
  impl_->acceptor.close(ignored);
  impl_->lookup = nullptr;
  for (const auto& socket : impl_->clients) socket->close(ignored);
}

const std::string& Identd::trouble() const { return impl_->trouble; }

std::uint16_t Identd::port() const {
  error_code ignored;
  return impl_->acceptor.local_endpoint(ignored).port();
}

}  // namespace dragoman::net
