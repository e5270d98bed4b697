#include "bridges/matrix/joined_members.hpp"

#include <string>
#include <utility>

#include <boost/json/basic_parser_impl.hpp>

namespace dragoman::matrix {

namespace {

namespace json = boost::json;
using json::error_code;

// {"joined": {"@alice:example.org": {"display_name": "Alice", "avatar_url": "mxc://…"}, …}}
class Handler {
 public:
  static constexpr std::size_t max_array_size = 1'000'000;
  static constexpr std::size_t max_object_size = 1'000'000;
  static constexpr std::size_t max_string_size = 1U << 20;
  static constexpr std::size_t max_key_size = 1U << 16;

  explicit Handler(JoinedMembers::Each each) : each_(std::move(each)) {}

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_array_begin(error_code&) {
    ++depth_;
    ++arrays_;
    return true;
  }
  bool on_array_end(std::size_t, error_code&) {
    --depth_;
    --arrays_;
    return true;
  }
  bool on_object_begin(error_code&) {
    ++depth_;
    if (depth_ == 2 && in_joined_ && arrays_ == 0) found_ = true;
    if (at_person()) {
      name_.clear();
      avatar_.clear();
    }
    return true;
  }
  bool on_object_end(std::size_t, error_code&) {
    if (at_person()) each_(user_, name_, avatar_);
    --depth_;
    if (depth_ == 1) in_joined_ = false;
    return true;
  }
  bool on_key_part(json::string_view part, std::size_t, error_code&) {
    take(key_, part);
    return true;
  }
  bool on_key(json::string_view part, std::size_t, error_code&) {
    take(key_, part);
    if (arrays_ == 0) {
      if (depth_ == 1) in_joined_ = key_ == "joined";
      if (depth_ == 2) user_ = key_;
      if (depth_ == 3) field_ = key_;
    }
    key_.clear();
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, error_code&) {
    if (at_person()) take(value_, part);
    return true;
  }
  bool on_string(json::string_view part, std::size_t, error_code&) {
    if (!at_person()) return true;
    take(value_, part);
    if (field_ == "display_name") name_ = value_;
    if (field_ == "avatar_url") avatar_ = value_;
    value_.clear();
    return true;
  }
  bool on_number_part(json::string_view, error_code&) { return true; }
  bool on_int64(std::int64_t, json::string_view, error_code&) { return true; }
  bool on_uint64(std::uint64_t, json::string_view, error_code&) { return true; }
  bool on_double(double, json::string_view, error_code&) { return true; }
  bool on_bool(bool, error_code&) { return true; }
  bool on_null(error_code&) { return true; }
  bool on_comment_part(json::string_view, error_code&) { return true; }
  bool on_comment(json::string_view, error_code&) { return true; }

  bool found() const { return found_; }  // that it has such a list at all

 private:
  bool at_person() const { return depth_ == 3 && in_joined_ && arrays_ == 0; }
  static void take(std::string& into, json::string_view part) {
    constexpr std::size_t longest = 1024;  // whatever is longer is not kept anyway
    into.append(part.data(), std::min(part.size(), longest - std::min(longest, into.size())));
  }

  JoinedMembers::Each each_;
  std::size_t depth_ = 0, arrays_ = 0;
  bool in_joined_ = false, found_ = false;
  std::string key_, user_, field_, value_, name_, avatar_;
};

}  // namespace

struct JoinedMembers::Parser {
  explicit Parser(Each each) : json(boost::json::parse_options{}, std::move(each)) {}
  boost::json::basic_parser<Handler> json;
  bool sound = true;
};

JoinedMembers::JoinedMembers(Each each) : parser_(std::make_unique<Parser>(std::move(each))) {}
JoinedMembers::~JoinedMembers() = default;

bool JoinedMembers::feed(std::string_view piece) {
  if (!parser_->sound || piece.empty()) return parser_->sound;
  error_code trouble;
  const std::size_t read = parser_->json.write_some(true, piece.data(), piece.size(), trouble);
  parser_->sound = !trouble && read == piece.size();
  return parser_->sound;
}

bool JoinedMembers::finish() {
  if (!parser_->sound) return false;
  error_code trouble;
  parser_->json.write_some(false, "", 0, trouble);
  parser_->sound = !trouble && parser_->json.done() && parser_->json.handler().found();
  return parser_->sound;
}

}  // namespace dragoman::matrix
