#include "component/contact.hpp"

#include <algorithm>
#include <utility>

#include "component/content.hpp"
#include "component/datetime.hpp"
#include "component/gateway.hpp"

namespace dragoman {

namespace {

constexpr std::size_t remembered_messages = 20;

}  // namespace

Contact::Contact(Gateway& gateway, PersonId person, Conversation with)
    : gateway_(gateway), person_(std::move(person)), with_(std::move(with)) {}

void Contact::on_message(const Stanza& stanza) {
  if (stanza.type == "error") return;
  if (std::holds_alternative<PlaceId>(with_)) return say_raw(stanza);
  std::optional<Content> content = parse::content(stanza);
  if (!content) return;
  Session& session = gateway_.network().session_for(person_, with_);
  auto recall = [this](const MessageId& id) -> std::optional<Remembered> {
    for (const auto& [known, what] : recent_) {
      if (known == id) return what;
    }
    return std::nullopt;
  };
  remember(MessageId{stanza.id}, session.nick(), *content);
  auto pieces = degrade(*content, session.features(with_), recall);
  auto pending = std::make_shared<Pending>(Pending{stanza, pieces.size(), false});
  for (Content& piece : pieces) {
    std::string token;
    if (!std::holds_alternative<Typing>(piece) && !std::holds_alternative<ReadMark>(piece)) {
      token = gateway_.new_token();
      pending_.emplace(token, pending);
    }
    session.perform({with_, std::move(token), std::visit([](auto& c) { return Act{std::move(c)}; }, piece)});
  }
}

// What is written to a server is for the server, letter by letter: "MODE #c +b *!*@spam" is no bold text.
void Contact::say_raw(const Stanza& stanza) {
  const Element* body = stanza.root.child("body");
  if (body == nullptr) return;
  std::vector<std::string> lines;
  for (std::size_t at = 0; at <= body->text.size();) {
    const std::size_t end = std::min(body->text.find('\n', at), body->text.size());
    if (end > at) lines.push_back(body->text.substr(at, end - at));
    at = end + 1;
  }
  auto pending = std::make_shared<Pending>(Pending{stanza, lines.size(), false});
  Session& session = gateway_.network().session_for(person_, with_);
  for (std::string& line : lines) {
    std::string token = gateway_.new_token();
    pending_.emplace(token, pending);
    session.perform({with_, std::move(token), Message{Text(std::move(line))}});
  }
}

void Contact::on_failed(const std::string& token, const Failure& failure) {
  std::shared_ptr<Pending> pending;
  if (auto found = pending_.extract(token)) {
    pending = std::move(found.mapped());
  } else {
    auto sent = std::find_if(sent_.begin(), sent_.end(), [&](const auto& s) { return s.first == token; });
    if (sent == sent_.end()) return;
    pending = sent->second;
  }
  if (!std::exchange(pending->failed, true)) gateway_.refuse(pending->stanza, to_error(failure));
}

void Contact::on_delivered(const std::string& token) {
  auto found = pending_.extract(token);
  if (found.empty()) return;
  found.mapped()->stanza.root.children.clear();  // an error needs no more than the addresses
  sent_.emplace_back(token, std::move(found.mapped()));
  if (sent_.size() > remembered_messages) sent_.pop_front();
}

void Contact::on_event(const Event& event) {
  // What a one-to-one chat can hear; the rest is about rooms or has been taken by the gateway.
  struct Visit {
    Contact& contact;
    const Event& event;
    void operator()(const Message& m) const { contact.on_content(event, m); }
    void operator()(const Edit& e) const { contact.on_content(event, e); }
    void operator()(const Retraction& r) const { contact.on_content(event, r); }
    void operator()(const Reactions& r) const { contact.on_content(event, r); }
    void operator()(const Typing& t) const { contact.on_content(event, t); }
    void operator()(const ReadMark& r) const { contact.on_content(event, r); }
    void operator()(const Subject& s) const { contact.on_content(event, s); }
    void operator()(const Delivered& d) const { contact.on_delivered(d.token); }
    void operator()(const Failed& f) const { contact.on_failed(f.token, f.failure); }
    void operator()(const Entered&) const {}
    void operator()(const MemberJoined&) const {}
    void operator()(const MemberLeft&) const {}
    void operator()(const MemberRenamed&) const {}
    void operator()(const MemberUpdated&) const {}
    void operator()(const RoomInfo&) const {}
    void operator()(const Invited&) const {}
    void operator()(const Profile&) const {}
    void operator()(const Presence&) const {}
    void operator()(const Listing&) const {}
    void operator()(const OwnPlaces&) const {}
    void operator()(const StandingList&) const {}
    void operator()(const HistoryTold&) const {}
    void operator()(const Answered&) const {}
    void operator()(const LinkState&) const {}
    void operator()(const Exited&) const {}
    void operator()(const FeaturesChanged&) const {}
  };
  std::visit(Visit{*this, event}, event.what);
}

void Contact::on_content(const Event& event, const Content& content) {
  const MessageId id = event.id.empty() ? MessageId{gateway_.new_id()} : event.id;
  const std::string from = gateway_.address_of(with_);
  const std::string& to = person_.value();
  if (event.sender.own) {
    // Said by the same person elsewhere (another client on the same connection): shown as a copy of what was
    // sent would need the server's carbons, which a component may not make; so it is told as a note.
    if (const auto* message = std::get_if<Message>(&content)) {
      std::string out;
      XmlWriter w(out);
      w.open("message").attr("from", from).attr("to", to).attr("type", "chat").attr("id", id.value());
      w.element("body", "(you, from elsewhere) " + message->text.plain).close();
      gateway_.deliver(person_, std::move(out));
    }
    return;
  }
  std::string out;
  XmlWriter w(out);
  w.open("message").attr("from", from).attr("to", to).attr("type", "chat").attr("id", id.value());
  render::content(w, content, false);
  const Time time = event.time == Time{} ? gateway_.now() : event.time;
  if (event.past || gateway_.now() - time > std::chrono::minutes(1)) {
    w.open("delay", ns::delay).attr("from", gateway_.domain()).attr("stamp", format_datetime(time)).close();
  }
  w.close();
  remember(id, event.sender.nick, content);
  gateway_.deliver(person_, std::move(out));
}

void Contact::remember(const MessageId& id, const std::string& author, const Content& content) {
  const auto* message = std::get_if<Message>(&content);
  if (message == nullptr || id.empty()) return;
  recent_.emplace_back(id, Remembered{author, message->text.plain.substr(0, 400)});
  if (recent_.size() > remembered_messages) recent_.pop_front();
}

}  // namespace dragoman
