// What the doctor works with: questions over HTTP that are waited for, and a report line by line.
#pragma once

#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "bridges/matrix/api.hpp"
#include "bridges/net/http_client.hpp"

namespace dragoman::matrix {

class Instruments {
 public:
  // `ca_file`: whom to trust beside the system's authorities; may be empty.
  Instruments(const std::string& ca_file, std::FILE* out);
  Instruments(const Instruments&) = delete;
  Instruments& operator=(const Instruments&) = delete;
  ~Instruments();

  void line(std::string_view mark, const std::string& text);
  void ok(const std::string& text) { line("ok", text); }
  void wrong(const std::string& text);
  int found_wrong() const { return wrong_; }

  // The loop runs until there is an answer; each comes within half a minute.
  Reply call(Api::Call what, const Voice& as);
  net::HttpResult send(net::HttpRequest request);
  boost::asio::io_context& loop();

 private:
  struct Wires;
  std::FILE* out_;
  int wrong_ = 0;
  std::unique_ptr<Wires> wires_;
};

// In words.
std::string said(const Refusal& refusal);
std::string said(const Failure& failure);
std::string said(const net::HttpResult& result);
// A text of a good answer's JSON object; empty: there is none.
std::string value_in(const net::HttpResult& result, std::string_view key);

}  // namespace dragoman::matrix
