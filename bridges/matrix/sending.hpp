// One queued command on its way: the room behind its conversation, its files into the repository, its events
// to the homeserver, one after the other.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "bridges/matrix/api.hpp"
#include "bridges/matrix/content.hpp"
#include "bridges/saved.hpp"

namespace dragoman::matrix {

struct Hub;
class Room;
class Session;
class Stream;

class Sending : public std::enable_shared_from_this<Sending> {
 public:
  using Result = std::variant<MessageId, Failure>;
  // `key` makes the transaction ids. `done` is called once, and not from within start().
  Sending(Hub& hub, Stream& stream, std::string key, Saved saved, std::function<void(const Result&)> done);
  ~Sending();
  Sending(const Sending&) = delete;
  Sending& operator=(const Sending&) = delete;

  void start(Session& as);
  // It is on its way for long: those in its room on XMPP, or who said it, are told so.
  void tell_waits();
  // What became of it was told: events of our own that waited for that go on.
  void told();

 private:
  struct Step {  // a call, and what its answer means
    Api::Call call;
    std::function<void(const std::string& event_id)> answered;
  };

  void reached(Room& room);
  void upload_next();
  void upload_thumbnail_next();
  // Why it stays a link, where that is worth a word; also noted for those on XMPP.
  std::string remark_on(const Attachment& file, const Failure& failure);
  void plan();
  // Its transaction id; empty: by its place among the steps.
  void plan(const Encoded& encoded, const std::string& id = {},
            std::function<void(const std::string&)> answered = {});
  void plan_redaction(const std::string& event_id, const std::string& reason,
                      std::function<void(const std::string&)> answered = {});
  void plan_reactions(const Reactions& reactions);
  void plan_leave(const Leave& leave);
  void plan_state(const std::string& type, json::object content);
  // Ends a transaction id where what is planned may be less the next time.
  std::string step_id(const std::string& what) const;
  void next();
  bool is_said() const;  // in words or by a sign
  void finish(const Result& result);
  std::string room_path() const;

  Hub& hub_;
  Stream& stream_;
  const std::string key_;
  const Saved saved_;
  std::function<void(const Result&)> done_;
  std::shared_ptr<Session> voice_;  // also where its person was disconnected meanwhile: the queue goes on
  std::string user_id_;
  std::string room_id_;
  std::vector<Uploaded> uploaded_, thumbnails_;
  std::vector<std::string> words_;  // for those on XMPP, at the end
  std::vector<Step> steps_;
  std::size_t step_ = 0;
  MessageId first_;       // the event id of the first step that has one
  bool counted_ = false;  // the room knows that a send of ours is on its way
};

}  // namespace dragoman::matrix
