// RFC 1413: tells an IRC server whose connection it is. The answer is a short keyed hash, so that a server's
// operators can tell our users apart (and ban one of them) without learning who they are.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace boost::asio {
class io_context;
}

namespace dragoman::net {

class Identd {
 public:
  // The ident of the connection from our `local` port to the peer's `remote` one at that (numeric) address,
  // which is the one that asks; nothing: not ours, or none of the asker's business.
  using Lookup = std::function<std::optional<std::string>(std::uint16_t local, std::uint16_t remote,
                                                          const std::string& address)>;

  // Listens on all addresses at once; port 0 takes a free one. What went wrong is told by trouble().
  Identd(boost::asio::io_context& loop, std::uint16_t port, Lookup lookup);
  Identd(const Identd&) = delete;
  Identd& operator=(const Identd&) = delete;
  ~Identd();

  const std::string& trouble() const;
  std::uint16_t port() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

// The answer to one line of a query from `address`, with its CRLF. Pure.
std::string ident_reply(std::string_view query, const std::string& address, const Identd::Lookup& lookup);

// Ten characters of [a-z2-7], the first a letter: most networks cut an ident there. The same for the same key
// and name.
std::string short_ident(std::string_view key, std::string_view name);

}  // namespace dragoman::net
