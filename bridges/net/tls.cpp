#include "bridges/net/tls.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

namespace dragoman::net {
namespace {

SSL* as_ssl(void* p) { return static_cast<SSL*>(p); }
SSL_CTX* as_context(void* p) { return static_cast<SSL_CTX*>(p); }

int socket_of(BIO* bio) { return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio))); }

bool try_later() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

// OpenSSL's own socket BIO writes with write(2), which raises SIGPIPE on a closed connection; this one does
// not.
int bio_write(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  auto sent = ::send(socket_of(bio), data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (sent < 0 && try_later()) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

int bio_read(BIO* bio, char* data, int size) {
  BIO_clear_retry_flags(bio);
  auto got = ::recv(socket_of(bio), data, static_cast<std::size_t>(size), 0);
  if (got < 0 && try_later()) BIO_set_retry_read(bio);
  return static_cast<int>(got);
}

long bio_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

BIO_METHOD* make_method() {
  BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without SIGPIPE");
  BIO_meth_set_write(method, bio_write);
  BIO_meth_set_read(method, bio_read);
  BIO_meth_set_ctrl(method, bio_control);
  return method;
}

BIO_METHOD* quiet_socket() {
  static BIO_METHOD* method = make_method();
  return method;
}

bool is_ip_address(const std::string& host) {
  ASN1_OCTET_STRING* ip = a2i_IPADDRESS(host.c_str());
  ASN1_OCTET_STRING_free(ip);
  return ip != nullptr;
}

std::string error_words(unsigned long code) {
  const char* words = ERR_reason_error_string(code);
  return words ? words : "error " + std::to_string(code);
}

}  // namespace

std::optional<std::string> normal_fingerprint(const std::string& text) {
  std::string out;
  for (char c : text) {
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))
      out += c;
    else if (c >= 'A' && c <= 'F')
      out += static_cast<char>(c - 'A' + 'a');
    else if (c != ':' && c != ' ')
      return std::nullopt;
  }
  if (out.size() != 64) return std::nullopt;
  return out;
}

TlsContext::TlsContext(const std::string& ca_file) : context_(SSL_CTX_new(TLS_client_method())) {
  SSL_CTX* context = as_context(context_);
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  int loaded = ca_file.empty() ? SSL_CTX_set_default_verify_paths(context)
                               : SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr);
  if (loaded != 1) {
    trouble_ = (ca_file.empty() ? std::string("the system's certificates") : ca_file) +
               " can't be read: " + error_words(ERR_peek_last_error());
  }
  ERR_clear_error();
}

TlsContext::~TlsContext() { SSL_CTX_free(as_context(context_)); }

TlsConnection::TlsConnection(const TlsContext& context, int descriptor, const std::string& host,
                             TlsOptions options)
    : ssl_(SSL_new(as_context(context.native()))), host_(host), options_(std::move(options)) {
  SSL* ssl = as_ssl(ssl_);
  BIO* bio = BIO_new(quiet_socket());
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(descriptor)));
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
  if (is_ip_address(host_)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host_.c_str());
  } else {
    SSL_set_tlsext_host_name(ssl, host_.c_str());
    SSL_set1_host(ssl, host_.c_str());
  }
  bool authorities = options_.verify && options_.fingerprint.empty();
  SSL_set_verify(ssl, authorities ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
}

TlsConnection::~TlsConnection() { SSL_free(as_ssl(ssl_)); }

Progress TlsConnection::handshake() {
  ERR_clear_error();
  int result = SSL_connect(as_ssl(ssl_));
  if (result == 1) {
    if (!options_.fingerprint.empty() && !check_fingerprint()) return Progress::failed;
    return Progress::done;
  }
  auto progress = progress_of(result);
  if (progress == Progress::want_read || progress == Progress::want_write) return progress;
  long verified = SSL_get_verify_result(as_ssl(ssl_));
  if (verified != X509_V_OK && options_.verify && options_.fingerprint.empty()) {
    failure_ = {Reason::certificate_invalid,
                "The certificate of " + host_ + " is not valid: " + X509_verify_cert_error_string(verified)};
  } else if (progress == Progress::closed) {
    failure_ = {Reason::tls_failed, host_ + " closed the connection during the TLS handshake"};
  } else if (failure_.text.find("wrong version number") != std::string::npos) {
    failure_ = {Reason::tls_failed, host_ + " does not speak TLS on this port"};
  } else {
    failure_.reason = Reason::tls_failed;
  }
  return Progress::failed;
}

bool TlsConnection::check_fingerprint() {
  auto wanted = normal_fingerprint(options_.fingerprint);
  if (!wanted) {
    failure_ = {Reason::certificate_invalid,
                "The configured fingerprint is no SHA-256 fingerprint (64 hexadecimal digits)"};
    return false;
  }
  X509* certificate = SSL_get1_peer_certificate(as_ssl(ssl_));
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  bool known = certificate && X509_digest(certificate, EVP_sha256(), digest, &size) == 1;
  X509_free(certificate);
  std::string found;
  for (unsigned int i = 0; known && i < size; ++i) {
    static constexpr char digits[] = "0123456789abcdef";
    found += digits[digest[i] >> 4];
    found += digits[digest[i] & 15];
  }
  if (found == *wanted) return true;
  failure_ = {Reason::certificate_invalid,
              "The certificate of " + host_ + " has the fingerprint " + found + ", not the configured one"};
  return false;
}

Progress TlsConnection::progress_of(int result) {
  switch (SSL_get_error(as_ssl(ssl_), result)) {
    case SSL_ERROR_WANT_READ: return Progress::want_read;
    case SSL_ERROR_WANT_WRITE: return Progress::want_write;
    case SSL_ERROR_ZERO_RETURN: return Progress::closed;
    case SSL_ERROR_SYSCALL:
      if (errno == 0 || errno == EAGAIN) return Progress::closed;
      failure_ = {Reason::connection_lost, std::strerror(errno)};
      return Progress::failed;
    default:
      failure_ = {Reason::connection_lost, "TLS: " + error_words(ERR_peek_last_error())};
      ERR_clear_error();
      return Progress::failed;
  }
}

Progress TlsConnection::read(char* into, std::size_t size, std::size_t& got) {
  ERR_clear_error();
  int result = SSL_read_ex(as_ssl(ssl_), into, size, &got);
  return result == 1 ? Progress::done : progress_of(result);
}

Progress TlsConnection::write(const char* from, std::size_t size, std::size_t& taken) {
  ERR_clear_error();
  int result = SSL_write_ex(as_ssl(ssl_), from, size, &taken);
  return result == 1 ? Progress::done : progress_of(result);
}

void TlsConnection::shutdown() {
  ERR_clear_error();
  SSL_shutdown(as_ssl(ssl_));
  ERR_clear_error();
}

std::string TlsConnection::description() const {
  return std::string(SSL_get_version(as_ssl(ssl_))) + ", " + SSL_get_cipher_name(as_ssl(ssl_));
}

}  // namespace dragoman::net
