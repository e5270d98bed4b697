#include "bridges/matrix/doctor_instruments.hpp"

#include <chrono>
#include <optional>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

namespace dragoman::matrix {
namespace {

constexpr std::chrono::seconds doctors_patience{30};

// Whoever answers has a limit of its own.
template <class Result>
Result wait_for(boost::asio::io_context& loop,
                const std::function<void(std::function<void(Result)>)>& begin) {
  std::optional<Result> result;
  begin([&result](Result answer) { result = std::move(answer); });
  loop.restart();
  while (!result) loop.run_one();
  return std::move(*result);
}

}  // namespace

struct Instruments::Wires {
  explicit Wires(const std::string& ca_file) : http(loop, {.ca_file = ca_file}), api(loop, http) {}
  boost::asio::io_context loop{1};
  net::HttpClient http;
  Api api;
};

Instruments::Instruments(const std::string& ca_file, std::FILE* out)
    : out_(out), wires_(std::make_unique<Wires>(ca_file)) {}
Instruments::~Instruments() = default;

void Instruments::line(std::string_view mark, const std::string& text) {
  const std::string whole = mark.empty() ? text + "\n" : fmt::format("{:<6} {}\n", mark, text);
  std::fwrite(whole.data(), 1, whole.size(), out_);
  std::fflush(out_);
}

void Instruments::wrong(const std::string& text) {
  ++wrong_;
  line("wrong", text);
}

boost::asio::io_context& Instruments::loop() { return wires_->loop; }

Reply Instruments::call(Api::Call what, const Voice& as) {
  what.timeout = doctors_patience;
  return wait_for<Reply>(wires_->loop, [&](std::function<void(Reply)> done) {
    wires_->api.call(as, std::move(what), [done = std::move(done)](Reply reply) { done(std::move(reply)); });
  });
}

net::HttpResult Instruments::send(net::HttpRequest request) {
  request.timeout = doctors_patience;
  return wait_for<net::HttpResult>(wires_->loop, [&](std::function<void(net::HttpResult)> done) {
    wires_->http.send(std::move(request),
                      [done = std::move(done)](net::HttpResult result) { done(std::move(result)); });
  });
}

std::string said(const Refusal& refusal) {
  return refusal.errcode.empty()
             ? refusal.failure.text
             : refusal.errcode + (refusal.failure.text.empty() ? "" : ", ") + refusal.failure.text;
}

std::string said(const Failure& failure) {
  return failure.text.empty() ? "there was no answer" : failure.text;
}

std::string said(const net::HttpResult& result) {
  const auto* response = std::get_if<net::HttpResponse>(&result);
  if (!response) return said(std::get<Failure>(result));
  const Refusal refusal = refusal_of(response->head.status, response->body);
  return fmt::format("status {}{}{}", refusal.status, refusal.errcode.empty() ? "" : ", ", refusal.errcode);
}

std::string value_in(const net::HttpResult& result, std::string_view key) {
  const auto* response = std::get_if<net::HttpResponse>(&result);
  const auto body = response && response->head.status == 200 ? parse_json(response->body) : std::nullopt;
  return std::string(body && body->is_object() ? text_at(body->get_object(), key) : std::string_view());
}

}  // namespace dragoman::matrix
