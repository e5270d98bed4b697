// Files into the media repository: fetched from where an XMPP user put them to a file on disk that nobody
// sees, and from there to the homeserver, neither of them ever whole in memory.
#pragma once

#include <functional>
#include <memory>
#include <variant>

#include "bridges/event.hpp"
#include "bridges/matrix/api.hpp"
#include "bridges/matrix/content.hpp"

namespace boost::asio {
class io_context;
}

namespace dragoman::matrix {

class MediaUpload {
 public:
  struct Limits {
    std::uint64_t most = 0;
    bool private_addresses = false;
  };
  using Done = std::function<void(std::variant<Uploaded, Failure>)>;

  // `outside` fetches, `repository` brings. Both outlive this.
  MediaUpload(boost::asio::io_context& loop, net::HttpClient& outside, net::HttpClient& repository,
              Api::Pauses pauses);
  MediaUpload(const MediaUpload&) = delete;
  MediaUpload& operator=(const MediaUpload&) = delete;
  ~MediaUpload();

  // What can't be fetched is a Failure soon; a homeserver that is away or busy is waited for. `done` comes
  // from the loop.
  void file(const Voice& as, const Attachment& file, Limits limits, Done done);
  void bytes(const Voice& as, const Picture& picture, Limits limits, Done done);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace dragoman::matrix
