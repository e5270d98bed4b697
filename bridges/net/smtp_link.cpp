#include "bridges/net/smtp_link.hpp"

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <curl/curl.h>

#include "bridges/net/curl_multi.hpp"
#include "bridges/net/http_address.hpp"
#include "bridges/net/http_client.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::net {

namespace asio = boost::asio;
using asio::posix::stream_descriptor;

namespace {

constexpr std::size_t longest_line = std::size_t{16} * 1024;
constexpr std::size_t read_piece = std::size_t{16} * 1024;
constexpr long certificates_kept = 600;  // seconds until a file of them is read again

bool proves_itself(const SmtpServer& server) { return !server.bearer.empty() || !server.password.empty(); }

std::string url_of(const SmtpServer& server, const SmtpPlace& place) {
  const bool numeric6 = place.host.find(':') != std::string::npos;
  const auto host = numeric6 ? '[' + place.host + ']' : place.host;
  return (place.tls ? "smtps://" : "smtp://") + host + ':' + std::to_string(place.port) + '/' +
         url_encoded(server.host);  // what EHLO says
}

}  // namespace

bool needs_tls(const SmtpServer& server, const SmtpPlace& place) {
  const bool here = place.host == "localhost" || place.host == "::1" || place.host.starts_with("127.");
  return server.require_tls || (!server.username.empty() && !server.no_tls && !here);
}

// The handle stays in the pool for as long as the connection lives: libcurl knows a connection by that alone.
struct SmtpLink::Impl : std::enable_shared_from_this<SmtpLink::Impl> {
  Impl(asio::io_context& io, const SmtpServer& server, const SmtpPlace& to, Callbacks on)
      : loop(io),
        pool(server.pool ? server.pool : make_smtp_pool(io)),
        place(to),
        callbacks(std::move(on)),
        descriptor(io),
        timer(io) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { leave(); }

  // --------------------------------------------------------------------------------------------------------
  // set-up

  void connect(const SmtpServer& server, std::chrono::milliseconds limit) {
    easy = curl_easy_init();
    if (easy == nullptr) return fail_soon({Reason::network_error, "libcurl can't be used"});
    curl_easy_setopt(easy, CURLOPT_URL, url_of(server, place).c_str());
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    curl_easy_setopt(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  // else giving up waits for a name server
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limit.count()));
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, trouble.data());
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &on_said);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
    if (server.public_only) {
      curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &on_open_socket);
      curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
    }
    secure(server);
    log_in(server);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, this);
    pooled = pool->add(easy);
    if (!pooled) fail_soon({Reason::network_error, "libcurl did not take the connection"});
  }

  void secure(const SmtpServer& server) {
    const long tls = needs_tls(server, place) ? CURLUSESSL_ALL
                     : server.no_tls          ? CURLUSESSL_NONE
                                              : CURLUSESSL_TRY;
    curl_easy_setopt(easy, CURLOPT_USE_SSL, tls);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, server.verify ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, server.verify ? 2L : 0L);
    // Certificates are read once for all connections of a pool, but not where there is a folder of them too.
    curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, certificates_kept);
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
    if (!server.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, server.ca_file.c_str());
  }

  void log_in(const SmtpServer& server) {
    if (!proves_itself(server)) return;
    curl_easy_setopt(easy, CURLOPT_USERNAME, server.username.c_str());
    if (server.bearer.empty()) {
      curl_easy_setopt(easy, CURLOPT_PASSWORD, server.password.c_str());
      curl_easy_setopt(easy, CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN");
    } else {
      curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, server.bearer.c_str());
      curl_easy_setopt(easy, CURLOPT_LOGIN_OPTIONS, "AUTH=OAUTHBEARER;AUTH=XOAUTH2");
    }
  }

  static std::size_t on_said(char* data, std::size_t size, std::size_t count, void* link) {
    auto& self = *static_cast<Impl*>(link);
    std::string_view line(data, size * count);
    while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
    return line.empty() || self.callbacks.said(line) ? size * count : 0;
  }

  // The address is the resolved one, of each attempt.
  static curl_socket_t on_open_socket(void* link, curlsocktype, curl_sockaddr* address) {
    if (!is_public_address(address->addr)) {
      static_cast<Impl*>(link)->blocked = true;
      return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  }

  void on_set_up(CURLcode code) {
    if (code != CURLE_OK) return fail(failure_of(code));
    curl_socket_t socket = CURL_SOCKET_BAD;
    curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &socket);
    boost::system::error_code error;
    descriptor.assign(socket, error);
    if (error) return fail({Reason::network_error, "The connection can't be watched: " + error.message()});
    is_up = true;
    const auto self = shared_from_this();
    callbacks.up();
    if (!left) read();
  }

  Failure failure_of(CURLcode code) const {
    const auto where = place.host + " port " + std::to_string(place.port);
    const std::string why =
        trouble.front() != '\0' ? display_clean(trouble.data()) : curl_easy_strerror(code);
    if (blocked) return {Reason::not_permitted, place.host + " has no address on the public Internet"};
    switch (code) {
      case CURLE_COULDNT_RESOLVE_HOST:
        return {Reason::dns_failed, "The name " + place.host + " could not be looked up"};
      case CURLE_COULDNT_CONNECT: {
        long number = 0;
        curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number);
        if (number == ECONNREFUSED) return {Reason::connection_refused, where + " refused the connection"};
        return {Reason::connection_refused,
                where + " could not be reached" +
                    (number != 0 ? ": " + std::generic_category().message(static_cast<int>(number)) : "")};
      }
      case CURLE_OPERATION_TIMEDOUT: return {Reason::timed_out, where + " did not answer in time"};
      case CURLE_PEER_FAILED_VERIFICATION:
      case CURLE_SSL_ISSUER_ERROR:
      case CURLE_SSL_CACERT_BADFILE:
        return {Reason::certificate_invalid,
                "The certificate of " + place.host + " can't be trusted: " + why};
      case CURLE_SSL_CONNECT_ERROR:
      case CURLE_SSL_CERTPROBLEM:
      case CURLE_SSL_CIPHER:
      case CURLE_SSL_ENGINE_NOTFOUND:
      case CURLE_SSL_ENGINE_SETFAILED:
      case CURLE_SSL_ENGINE_INITFAILED:
      case CURLE_USE_SSL_FAILED: return {Reason::tls_failed, "TLS with " + place.host + " failed: " + why};
      case CURLE_LOGIN_DENIED: return {Reason::login_failed, "The mail server refused our login"};
      case CURLE_URL_MALFORMAT:
      case CURLE_UNSUPPORTED_PROTOCOL: return {Reason::invalid, "The mail server's URL is none"};
      case CURLE_WEIRD_SERVER_REPLY: return {Reason::network_error, place.host + " spoke out of turn"};
      default: return {Reason::connection_lost, "The connection to " + place.host + " was lost: " + why};
    }
  }

  // --------------------------------------------------------------------------------------------------------
  // lines in, bytes out

  void read() {
    const auto self = shared_from_this();
    std::array<char, read_piece> piece;
    while (!left) {
      std::size_t got = 0;
      const auto code = curl_easy_recv(easy, piece.data(), piece.size(), &got);
      if (code == CURLE_AGAIN) break;
      if (code != CURLE_OK)
        return fail({Reason::connection_lost, "The connection to " + place.host + " broke"});
      if (got == 0) return fail({Reason::connection_lost, place.host + " closed the connection"});
      if (!finishing) take({piece.data(), got});
    }
    if (left) return;
    descriptor.async_wait(stream_descriptor::wait_read, [weak = weak_from_this()](const auto& error) {
      const auto living = weak.lock();
      if (!error && living && !living->left) living->read();
    });
  }

  void take(std::string_view bytes) {
    partial.append(bytes);
    std::size_t begin = 0;
    for (auto end = partial.find('\n'); end != partial.npos; end = partial.find('\n', begin)) {
      std::string_view line(partial.data() + begin, end - begin);
      begin = end + 1;
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (!line.empty()) callbacks.line(line);
      if (left || finishing) return;
    }
    partial.erase(0, begin);
    if (partial.size() > longest_line)
      fail({Reason::connection_lost, place.host + " sent a line that is too long"});
  }

  void write(std::string_view bytes) {
    queued.append(bytes);
    if (blocked_out || std::exchange(posted, true)) return;
    asio::post(loop, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (!self) return;
      self->posted = false;
      if (!self->left) self->flush();
    });
  }

  void flush() {
    const auto self = shared_from_this();
    while (leaving_from < leaving.size() || !queued.empty()) {
      if (leaving_from == leaving.size()) {
        leaving.clear();
        leaving_from = 0;
        leaving.swap(queued);
      }
      std::size_t sent = 0;
      // What TLS did not take has to be offered again from the same place.
      const auto code =
          curl_easy_send(easy, leaving.data() + leaving_from, leaving.size() - leaving_from, &sent);
      if (code == CURLE_AGAIN) return wait_to_write();
      if (code != CURLE_OK)
        return fail({Reason::connection_lost, "The connection to " + place.host + " broke"});
      leaving_from += sent;
    }
    if (!finishing) callbacks.drained();
  }

  void wait_to_write() {
    blocked_out = true;
    descriptor.async_wait(stream_descriptor::wait_write, [weak = weak_from_this()](const auto& error) {
      const auto self = weak.lock();
      if (!self) return;
      self->blocked_out = false;
      if (!error && !self->left) self->flush();
    });
  }

  // --------------------------------------------------------------------------------------------------------
  // the end

  void fail_soon(Failure why) {
    asio::post(loop, [weak = weak_from_this(), why = std::move(why)] {
      if (const auto self = weak.lock()) self->fail(why);
    });
  }

  void fail(const Failure& why) {
    if (left) return;
    const auto self = shared_from_this();
    leave();
    if (!finishing) callbacks.down(why);
  }

  void leave() {
    left = true;
    timer.cancel();
    if (descriptor.is_open()) descriptor.release();
    if (std::exchange(pooled, false)) pool->remove(easy);
    if (easy != nullptr) curl_easy_cleanup(std::exchange(easy, nullptr));
  }

  void finish(std::chrono::milliseconds limit) {
    if (!is_up || left) return leave();
    finishing = true;
    // The loop owns what finishes, and ends it with itself.
    timer.expires_after(limit);
    timer.async_wait([self = shared_from_this()](const auto&) { self->leave(); });
  }

  asio::io_context& loop;
  std::shared_ptr<CurlMulti> pool;
  const SmtpPlace place;
  Callbacks callbacks;
  CURL* easy = nullptr;
  bool pooled = false;   // the pool has it
  bool blocked = false;  // an address was not a public one
  bool is_up = false, finishing = false, left = false;
  std::array<char, CURL_ERROR_SIZE> trouble{};
  stream_descriptor descriptor;  // never closes the socket: that is libcurl's
  asio::steady_timer timer;
  std::string partial;          // of a line
  std::string queued, leaving;  // `leaving` stays where it is until all of it has left
  std::size_t leaving_from = 0;
  bool posted = false, blocked_out = false;
};

std::shared_ptr<CurlMulti> make_smtp_pool(asio::io_context& loop) {
  auto pool = std::make_shared<CurlMulti>(loop, 0, 0);
  CurlMulti::Callbacks on;
  on.ended = [](CURL* easy, CURLcode code) {
    SmtpLink::Impl* link = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &link);
    link->on_set_up(code);
  };
  on.settled = [] {};
  pool->start(std::move(on));
  return pool;
}

SmtpLink::SmtpLink(asio::io_context& loop, const SmtpServer& server, const SmtpPlace& place,
                   std::chrono::milliseconds limit, Callbacks callbacks)
    : impl_(std::make_shared<Impl>(loop, server, place, std::move(callbacks))) {
  impl_->connect(server, limit);
}

SmtpLink::~SmtpLink() {
  if (!impl_->finishing) impl_->leave();
}

void SmtpLink::write(std::string_view bytes) { impl_->write(bytes); }
void SmtpLink::close() { impl_->leave(); }
void SmtpLink::finish(std::chrono::milliseconds limit) { impl_->finish(limit); }

}  // namespace dragoman::net
