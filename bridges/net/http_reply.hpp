// The answer to one request, on its connection.
#pragma once

#include "bridges/net/http_connection.hpp"

namespace dragoman::net {

class Reply final : public Answer {
 public:
  Reply(std::weak_ptr<Connection> connection, bool head_only, bool http_1_0, bool keep);
  ~Reply() override;

  void send(int status, HttpHeaders headers, std::string body) override;
  void begin(int status, HttpHeaders headers, std::optional<std::uint64_t> length) override;
  bool write(std::string_view data) override;
  void end() override;
  void abort() override;
  bool open() const override;

  bool over() const { return over_; }
  void drained();
  void closed();  // the peer has gone
  void forget();  // the callbacks, which may own us

 private:
  void put_head(Connection& to, int status, const HttpHeaders& headers, std::optional<std::uint64_t> length);
  void put_data(Connection& to, std::string_view data);
  void finish(Connection& to);

  std::weak_ptr<Connection> connection_;
  bool head_only_, http_1_0_, keep_;
  bool begun_ = false, over_ = false, chunked_ = false, bodyless_ = false;
  std::optional<std::uint64_t> left_;
};

}  // namespace dragoman::net
