// The answer to GET /rooms/{roomId}/joined_members (client-server API), read while it comes in: the list of
// a room of 20,000 is never in memory whole, neither as text nor as values.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

namespace dragoman::matrix {

class JoinedMembers {
 public:
  // The views are good during the call; what is missing, or of another type, is empty.
  using Each = std::function<void(std::string_view user_id, std::string_view display_name,
                                  std::string_view avatar_url)>;
  explicit JoinedMembers(Each each);
  JoinedMembers(const JoinedMembers&) = delete;
  JoinedMembers& operator=(const JoinedMembers&) = delete;
  ~JoinedMembers();

  bool feed(std::string_view piece);  // false: this is no such answer; what more comes is not read
  bool finish();                      // whether it was whole

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace dragoman::matrix
