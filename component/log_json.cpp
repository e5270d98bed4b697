#include "component/log_json.hpp"

#include <string>

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>

#include "component/datetime.hpp"

namespace dragoman {

namespace {

class JsonFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& msg, spdlog::memory_buf_t& out) override {
    boost::json::object line;
    line["time"] = format_datetime(std::chrono::time_point_cast<std::chrono::milliseconds>(msg.time));
    const auto level = spdlog::level::to_string_view(msg.level);
    line["level"] = boost::json::string_view(level.data(), level.size());
    line["text"] = boost::json::string_view(msg.payload.data(), msg.payload.size());
    std::string text = boost::json::serialize(line) + "\n";
    out.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<JsonFormatter>(); }
};

}  // namespace

std::unique_ptr<spdlog::formatter> make_json_formatter() { return std::make_unique<JsonFormatter>(); }

}  // namespace dragoman
