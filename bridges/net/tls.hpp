// TLS over a connected, non-blocking socket: OpenSSL without a stream class around it, so that an idle
// connection holds no buffers. TLS 1.2 at least, no renegotiation.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "bridges/reason.hpp"

namespace dragoman::net {

// The certificates that are trusted; costly to make, so shared by all connections of a network.
class TlsContext {
 public:
  // `ca_file`: a PEM file; empty: the system's. What is wrong with it is told by trouble().
  explicit TlsContext(const std::string& ca_file);
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ~TlsContext();
  const std::string& trouble() const { return trouble_; }
  void* native() const { return context_; }  // SSL_CTX

 private:
  void* context_ = nullptr;
  std::string trouble_;
};

struct TlsOptions {
  bool verify = true;
  // SHA-256 of the certificate in hex, colons allowed. When set it must match, and neither the authorities
  // nor the name matter.
  std::string fingerprint;
};

// A step of a non-blocking operation.
enum class Progress { done, want_read, want_write, closed, failed };

class TlsConnection {
 public:
  // `context` must outlive it; `descriptor` stays the caller's.
  TlsConnection(const TlsContext& context, int descriptor, const std::string& host, TlsOptions options);
  TlsConnection(const TlsConnection&) = delete;
  TlsConnection& operator=(const TlsConnection&) = delete;
  ~TlsConnection();

  Progress handshake();
  Progress read(char* into, std::size_t size, std::size_t& got);
  Progress write(const char* from, std::size_t size, std::size_t& taken);
  void shutdown();  // says goodbye, without waiting for an answer
  // Why handshake, read or write answered `failed`.
  const Failure& failure() const { return failure_; }
  std::string description() const;  // "TLSv1.3, TLS_AES_256_GCM_SHA384"

 private:
  Progress progress_of(int result);
  bool check_fingerprint();

  void* ssl_ = nullptr;
  std::string host_;
  TlsOptions options_;
  Failure failure_;
};

// A fingerprint as 64 lower-case hex digits; nothing where it is none.
std::optional<std::string> normal_fingerprint(const std::string& text);

}  // namespace dragoman::net
