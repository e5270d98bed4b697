// What all parts of one configured Matrix bridge share. Owned by the Network, outlives them.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bridges/matrix/api.hpp"
#include "bridges/matrix/media.hpp"
#include "bridges/matrix/registration.hpp"
#include "bridges/matrix/room_view.hpp"
#include "bridges/net/http_client.hpp"
#include "bridges/network.hpp"
#include "config/settings.hpp"
#include "mapping/ids.hpp"
#include "mapping/store.hpp"

namespace dragoman::matrix {

class Ghosts;
class Session;

// How long things may take; tests make them short.
struct Patience {
  std::chrono::milliseconds join{180'000};     // a room that is far away takes its time
  std::chrono::milliseconds answer{90'000};    // of anything else: a minute is slow, and no silence
  std::chrono::milliseconds word{120'000};     // without an answer, until the room is told that it waits
  std::chrono::milliseconds typing{30'000};    // how long the homeserver shows it, unless told again
  std::chrono::milliseconds presence{25'000};  // how often it is told again: it decays after 30 s
  std::chrono::milliseconds transaction{86'400'000};  // how long a transaction's id is remembered
  std::chrono::milliseconds goodbye{3'000};           // what is queued may still leave at a clean stop
};

struct Hub {
  Hub(const NetworkContext& context, Patience patience);
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;
  ~Hub();

  boost::asio::io_context& loop;
  Sink& sink;
  Store& store;
  config::Bridge settings;
  const NetworkId network;
  const Tokens tokens;
  const Patience patience;
  net::HttpClient http;
  Api api;
  Media media;
  ViewContext views;
  std::unique_ptr<Ghosts> ghosts;
  // The bridge's own session, from which is told what concerns nobody in particular.
  std::function<dragoman::Session&()> own_session;
  // Somebody's voice, made when there is none; or null where there is none yet.
  std::function<Session&(const PersonId&)> ghost_session;
  std::function<Session*(const PersonId&)> find_ghost_session;

  const std::string& server_name() const { return settings.matrix.homeserver.server_name; }
  // As whom the bridge itself speaks, and as one of its ghosts.
  Voice own_voice() const { return sender_voice(settings, tokens); }
  Voice voice_of(std::string user_id) const {
    return {settings.matrix.homeserver.url, tokens.as_token, std::move(user_id)};
  }
  // Whether somebody may use the bridge, and log in to an account of their own (config: allow, allow_login).
  bool may_use(const PersonId& person) const;
  bool may_log_in(const PersonId& person) const;

  // Events that were sent by us and answered, the last few thousand: their echoes are known by it.
  void note_delivered(const std::string& event_id);
  bool is_delivered(const std::string& event_id) const;

  // New settings, after a reload.
  void apply(const config::Bridge& now);

  // Unique over restarts: for transaction ids.
  std::string new_id();

 private:
  struct Delivered;
  std::unique_ptr<Delivered> delivered_;
};

}  // namespace dragoman::matrix
