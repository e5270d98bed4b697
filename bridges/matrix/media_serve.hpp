// Passes files of the media repository on to those who hold a link, as they come.
#pragma once

#include <memory>

#include "bridges/matrix/media_fetch.hpp"
#include "bridges/matrix/media_link.hpp"
#include "bridges/net/http_server.hpp"

namespace dragoman::matrix {

class MediaServe {
 public:
  explicit MediaServe(MediaFetch& fetch);
  MediaServe(const MediaServe&) = delete;
  MediaServe& operator=(const MediaServe&) = delete;
  ~MediaServe();

  struct Limits {
    std::uint64_t most = 0;  // bytes of a file
    bool private_addresses = false;
  };
  // A GET or HEAD for a file whose link is good.
  void serve(const Voice& as, const LinkedFile& file, const net::ServedRequest& request, Limits limits,
             const std::shared_ptr<net::Answer>& answer);
  // Those that are on their way are cut.
  void revoke(const std::string& event_id);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

// {"errcode":…,"error":…}
void refuse(net::Answer& answer, int status, std::string_view errcode, std::string_view words,
            net::HttpHeaders more = {});

}  // namespace dragoman::matrix
