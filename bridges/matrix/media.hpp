// Files both ways. To XMPP: links to our own HTTP server, signed (HMAC over mxc, event and expiry), behind
// which the media repository's file is streamed; the appservice's token never leaves. From XMPP: fetched to a
// file on disk, checked, and streamed into the repository.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "bridges/event.hpp"
#include "bridges/matrix/api.hpp"
#include "bridges/matrix/content.hpp"
#include "bridges/net/http_server.hpp"

namespace dragoman {
class Store;
}

namespace dragoman::matrix {

class Media {
 public:
  struct Options {
    NetworkId network;
    std::string public_url;  // empty: no links
    std::uint64_t max_file_bytes = 50'000'000;
    bool fetch_private_addresses = false;
    std::string ca_file = {};  // for the homeserver; empty: the system's. Counts at the beginning only
  };
  // `fetcher`: as whom files are fetched from the repository.
  // `pauses`: between tries to bring a file to a homeserver that is away or busy.
  Media(boost::asio::io_context& loop, Store& store, Api& api, Options options, Voice fetcher,
        Api::Pauses pauses);
  Media(boost::asio::io_context& loop, Store& store, Api& api, Options options, Voice fetcher)
      : Media(loop, store, api, std::move(options), std::move(fetcher), Api::Pauses{}) {}
  Media(const Media&) = delete;
  Media& operator=(const Media&) = delete;
  ~Media();
  void set_options(Options options);
  std::uint64_t max_file_bytes() const;

  // A link for people on XMPP, good for a year; its last part is the file's name. The same each time.
  std::string link(const MediaRef& file) const;
  // Links to this event's files end at once, for good.
  void revoke(const std::string& event_id);
  // Serves "/media/…"; false: not ours.
  bool serve(const net::ServedRequest& request, const std::shared_ptr<net::Answer>& answer);

  // An attachment of XMPP into the repository, as its author. A URL that can't be fetched is a Failure soon;
  // a homeserver that is away or busy is waited for, however long. `done` comes from the loop, and never
  // after the end of this.
  using OnUploaded = std::function<void(std::variant<Uploaded, Failure>)>;
  void upload(const Voice& as, const Attachment& file, OnUploaded done);
  // A picture into the repository: its mxc.
  void upload(const Voice& as, const Picture& picture, OnUploaded done);
  // A small version of a picture (96 × 96 or so), at most 64 KiB; nothing where there is none, or none that
  // is PNG, JPEG, GIF or WebP.
  void fetch_picture(const std::string& mxc, std::function<void(std::optional<Picture>)> done);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace dragoman::matrix
