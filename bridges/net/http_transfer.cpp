#include "bridges/net/http_transfer.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <strings.h>
#include <unistd.h>

#include "bridges/net/http_address.hpp"
#include "bridges/net/http_text.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::net {

using Clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t max_head = std::size_t{256} * 1024;  // bytes of an answer's headers
constexpr std::size_t max_url = std::size_t{64} * 1024;
constexpr std::chrono::milliseconds max_connect_time{30'000};

bool begins_with_scheme(std::string_view url) {
  return (url.size() > 7 && strncasecmp(url.data(), "http://", 7) == 0) ||
         (url.size() > 8 && strncasecmp(url.data(), "https://", 8) == 0);
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  auto begin = text.find_first_not_of(blank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

// libcurl's callbacks

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* transfer) {
  auto& of = *static_cast<Transfer*>(transfer);
  of.last_sign = Clock::now();
  return of.take_header({data, size * count}) ? size * count : 0;
}

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* transfer) {
  auto& of = *static_cast<Transfer*>(transfer);
  if (of.held) {
    of.paused = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  return of.take_body({data, size * count}) ? size * count : 0;
}

std::size_t on_read(char* into, std::size_t size, std::size_t count, void* transfer) {
  auto& of = *static_cast<Transfer*>(transfer);
  of.last_sign = Clock::now();
  auto wanted = std::min<std::uint64_t>(size * count, of.request.file_size - of.sent_of_file);
  ssize_t got = 0;
  do {
    got = pread(of.request.file, into, wanted, static_cast<off_t>(of.sent_of_file));
  } while (got < 0 && errno == EINTR);
  if (got < 0 || (got == 0 && wanted > 0)) return CURL_READFUNC_ABORT;
  of.sent_of_file += static_cast<std::uint64_t>(got);
  return static_cast<std::size_t>(got);
}

// A kept connection turned out to be dead: the file is sent again from its beginning.
int on_seek(void* transfer, curl_off_t offset, int origin) {
  if (origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
  static_cast<Transfer*>(transfer)->sent_of_file = static_cast<std::uint64_t>(offset);
  return CURL_SEEKFUNC_OK;
}

// The address is the resolved one, of each attempt and each redirect.
curl_socket_t on_open_socket(void* transfer, curlsocktype, curl_sockaddr* address) {
  if (!is_public_address(address->addr)) {
    static_cast<Transfer*>(transfer)->blocked = true;
    return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

}  // namespace

std::string trouble_with(const HttpRequest& request) {
  if (!begins_with_scheme(request.url)) return "The URL begins with neither http:// nor https://";
  if (request.url.size() > max_url) return "The URL is too long";
  if (std::any_of(request.url.begin(), request.url.end(),
                  [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; })) {
    return "The URL has a space or a control character in it";
  }
  if (!is_header_name(request.method)) return "The method is none";
  for (const auto& [name, value] : request.headers) {
    if (!is_header_name(name) || !is_header_value(value)) return "A header of the request can't be sent";
  }
  return {};
}

bool Transfer::is_redirect() const {
  return request.max_redirects > 0 && head.status >= 300 && head.status < 400 &&
         head.header("location") != nullptr;
}

bool Transfer::take_header(std::string_view line) {
  head_bytes += line.size();
  if (head_bytes > max_head) {
    too_large = true;
    return false;
  }
  if (line.substr(0, 5) == "HTTP/") {  // each answer on the way begins anew: 1xx, redirects
    head = {};
    head_whole = false;
    auto space = line.find(' ');
    if (space == std::string_view::npos) return false;
    for (char c : line.substr(space + 1, 3)) {
      if (c < '0' || c > '9') return false;
      head.status = head.status * 10 + (c - '0');
    }
    return true;
  }
  if (head_whole) return true;  // a trailer
  line = trimmed(line);
  if (line.empty()) {
    head_whole = head.status >= 200 && !is_redirect();
    if (const auto* length = head.header("content-length")) {
      std::uint64_t value = 0;
      bool digits = !length->empty() && length->size() < 19;
      for (char c : *length) {
        digits = digits && c >= '0' && c <= '9';
        value = value * 10 + static_cast<std::uint64_t>(c - '0');
      }
      if (digits) head.length = value;
    }
    too_large = head_whole && head.length && *head.length > request.max_body && request.method != "HEAD";
    if (too_large) head_whole = false;  // never told
    if (streaming && head_whole) to_be_told();
    return !too_large;
  }
  auto colon = line.find(':');
  if (colon == std::string_view::npos) return true;
  head.headers.emplace_back(ascii_lower(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
  return true;
}

bool Transfer::take_body(std::string_view bytes) {
  received += bytes.size();
  last_sign = Clock::now();
  too_large = received > request.max_body;
  if (too_large) return false;
  body.append(bytes);
  if (streaming) to_be_told();
  return true;
}

void Transfer::to_be_told() {
  if (std::exchange(queued, true)) return;
  to_tell->push_back(id);
}

void Transfer::set_up_body() {
  const auto& method = request.method;
  if (request.file >= 0) {
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.file_size));
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, &on_read);
    curl_easy_setopt(easy, CURLOPT_READDATA, this);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, &on_seek);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, this);
  } else if (!request.body.empty() || method == "POST" || method == "PUT" || method == "PATCH") {
    // Also of a PUT: the head and a small body leave in one write, without a callback.
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.c_str());
  } else if (method == "GET") {
    return;
  } else if (method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    return;
  }
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method.c_str());
}

void Transfer::set_up(const HttpClient::Options& options) {
  curl_easy_setopt(easy, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);  // a segment may be ".."
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  // else giving up waits for a name server, and all with it
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, options.user_agent.c_str());
  // What the admin says to trust is for what the admin named.
  if (!options.ca_file.empty() && !request.untrusted)
    curl_easy_setopt(easy, CURLOPT_CAINFO, options.ca_file.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  // Over plain HTTP it would let everything wait for the first answer, which may be a long poll's.
  bool tls = strncasecmp(request.url.c_str(), "https", 5) == 0;
  curl_easy_setopt(easy, CURLOPT_PIPEWAIT, tls ? 1L : 0L);

  if (request.max_redirects > 0) {
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(easy, CURLOPT_MAXREDIRS, static_cast<long>(request.max_redirects));
  }
  if (request.untrusted) {
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &on_open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
  }
  auto limit = std::max(request.timeout, std::chrono::milliseconds(1));
  if (!streaming) curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(limit.count()));
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(std::min(limit, max_connect_time).count()));

  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  set_up_body();

  bool typed = false;
  std::string line;
  for (const auto& [name, value] : request.headers) {
    typed = typed || strcasecmp(name.c_str(), "content-type") == 0;
    line.assign(name);
    if (value.empty()) {
      line += ';';
    } else {
      line.append(": ").append(value);
    }
    headers = curl_slist_append(headers, line.c_str());
  }
  if (!typed) headers = curl_slist_append(headers, "Content-Type:");  // none that libcurl made up
  headers = curl_slist_append(headers, "Expect:");
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
}

Failure Transfer::failure_of(CURLcode code) const {
  if (blocked) return {Reason::not_permitted, "That address is not a public one"};
  if (too_large) return {Reason::too_large, "The answer is larger than allowed"};
  std::string why = curl_easy_strerror(code);
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL: return {Reason::invalid, "The URL can't be used: " + why};
    case CURLE_LOGIN_DENIED: return {Reason::invalid, "The URL has a user name or a password in it"};
    case CURLE_TOO_MANY_REDIRECTS: return {Reason::invalid, "The URL is redirected too often"};
    case CURLE_COULDNT_RESOLVE_HOST: return {Reason::dns_failed, "The host's name could not be looked up"};
    case CURLE_COULDNT_CONNECT: return {Reason::connection_refused, "The host could not be connected to"};
    case CURLE_OPERATION_TIMEDOUT: return {Reason::timed_out, "There was no answer in time"};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
      return {Reason::certificate_invalid, "The host's certificate is not trusted"};
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_ENGINE_INITFAILED: return {Reason::tls_failed, "TLS failed: " + why};
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM: return {Reason::connection_lost, "The connection was lost: " + why};
    default: return {Reason::network_error, why};
  }
}

}  // namespace dragoman::net
