#include "component/contact.hpp"

#include <algorithm>
#include <utility>

#include "component/addresses.hpp"
#include "component/content.hpp"
#include "component/datetime.hpp"
#include "component/gateway.hpp"
#include "component/privilege.hpp"
#include "mapping/messages_table.hpp"
#include "mapping/utf8.hpp"

namespace dragoman {

namespace {

constexpr std::size_t remembered_messages = 20;
constexpr std::size_t remembered_length = 400;  // bytes of each

bool is_answered(const Content& content) {
  return !std::holds_alternative<Typing>(content) && !std::holds_alternative<ReadMark>(content);
}

std::string beginning(const std::string& text) {
  return text.substr(0, prefix_within(text, remembered_length));
}

}  // namespace

RoomId chat_room(const UserId& with) { return RoomId{"user " + with.value()}; }

Contact::Contact(Gateway& gateway, PersonId person, Conversation with)
    : gateway_(gateway), person_(std::move(person)), with_(std::move(with)), used_(gateway.now()) {}

void Contact::on_message(const Stanza& stanza) {
  used_ = gateway_.now();
  if (stanza.type == "error") return on_bounce(stanza);
  if (std::holds_alternative<PlaceId>(with_)) return say_raw(stanza);
  std::optional<Content> content = parse::content(stanza);
  if (!content) return;
  Session& session = gateway_.network().session_for(person_, with_);
  const Features can = session.features(with_);
  if (MessageId* target = target_of(*content); target != nullptr && can.stable_ids)
    *target = to_network(*target);
  if (const auto* message = std::get_if<Message>(&*content))
    remember({MessageId{stanza.id}, {}, true, 1, false, {session.nick(), beginning(message->text.plain)}});
  auto pieces = degrade(*content, can, [this](const MessageId& id) { return recall(id); });
  auto pending = std::make_shared<Pending>(Pending{stanza, pieces.size()});
  pending->wants_receipt = !stanza.id.empty() && stanza.child("request", ns::receipts) != nullptr;
  for (Content& piece : pieces) {
    std::string token;
    if (is_answered(piece)) {
      token = gateway_.new_token(stanza, pending->wants_receipt && &piece == &pieces.back());
      pending_.emplace(token, pending);
    }
    session.perform({with_, std::move(token), std::visit([](auto& c) { return Act{std::move(c)}; }, piece),
                     MessageId{stanza.id}});
  }
}

// What somebody wrote did not reach its reader: where messages have names, its author is told.
void Contact::on_bounce(const Stanza& error) {
  const Element* why = error.root.child("error");
  if (why == nullptr || !features().stable_ids) return;
  const MessageId whole = whole_id(MessageId{error.id});
  const auto said = std::find_if(recent_.begin(), recent_.end(), [&](const Seen& message) {
    return !message.own && (message.local.value() == error.id || message.local == whole);
  });
  if (said == recent_.end() || std::exchange(said->bounced, true)) return;
  std::string text = "This message did not reach " + person_.value();
  if (const Element* words = why->child("text", ns::stanzas); words != nullptr && !words->text.empty()) {
    text += ": " + beginning(one_line(xml_clean(words->text)));
  } else {
    text += ".";
  }
  Message notice{Text(std::move(text)), MessageKind::notice};
  notice.quote = Quote{said->network, said->what.author, said->what.text};
  gateway_.network().session_for(person_, with_).perform({with_, {}, std::move(notice)});
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
  auto pending = std::make_shared<Pending>(Pending{stanza, lines.size()});
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
    keep_sent(token, pending);  // it may fail again, for another of its readers
  } else {
    auto sent = std::find_if(sent_.begin(), sent_.end(), [&](const auto& s) { return s.first == token; });
    // A bounce may come days later.
    if (sent == sent_.end()) {
      gateway_.refuse_late(with_, token, failure);
      return;
    }
    pending = sent->second;
  }
  if (!std::exchange(pending->failed, true)) gateway_.refuse(pending->stanza, to_error(failure));
}

void Contact::on_delivered(const Event& event, const std::string& token) {
  auto found = pending_.extract(token);
  if (found.empty()) return;
  Pending& pending = *found.mapped();
  const std::string& local = pending.stanza.id;
  // Of a message in several pieces the first one's name stands for all.
  if (pending.delivered++ == 0 && !event.id.empty() && !local.empty() && event.id.value() != local) {
    for (Seen& message : recent_) {
      if (message.own && message.local.value() == local) message.network = event.id;
    }
    if (const RoomKey row = key(true); row != 0)
      gateway_.store().messages().put(row, local, event.id, person_.value());
  }
  if (pending.delivered == pending.pieces && !pending.failed && pending.wants_receipt && !event.id.empty())
    tell_received(pending.stanza.from.str(), local);
  pending.stanza.root.children.clear();  // an error needs no more than the addresses
  keep_sent(token, std::move(found.mapped()));
}

void Contact::keep_sent(const std::string& token, std::shared_ptr<Pending> pending) {
  sent_.emplace_back(token, std::move(pending));
  if (sent_.size() > remembered_messages) sent_.pop_front();
}

// XEP-0184 5.3. The network has it: that is as near as this side of it can see.
void Contact::tell_received(const std::string& to, const std::string& id) {
  std::string out;
  XmlWriter w(out);
  w.open("message").attr("from", gateway_.address_of(with_)).attr("to", to);
  w.attr("type", "chat").attr("id", gateway_.new_id());
  w.open("received", ns::receipts).attr("id", id).close().close();
  gateway_.deliver(person_, std::move(out));
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
    void operator()(const Delivered& d) const { contact.on_delivered(event, d.token); }
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
  used_ = gateway_.now();
  std::visit(Visit{*this, event}, event.what);
}

void Contact::on_content(const Event& event, Content content) {
  const MessageId id = event.id.empty() ? MessageId{gateway_.new_id()} : event.id;
  if (event.sender.own && to_local(event.id)) return;  // sent from here: their client has it
  if (auto* mark = std::get_if<ReadMark>(&content); mark != nullptr && features().stable_ids) {
    std::optional<MessageId> up_to = to_local(mark->up_to);
    if (!up_to && !event.sender.own) up_to = own_before(mark->up_to);
    if (!up_to && !event.sender.own) return;  // a message of their own: nobody here asked
    if (up_to) mark->up_to = std::move(*up_to);
  } else if (MessageId* target = target_of(content); target != nullptr) {
    auto* message = std::get_if<Message>(&content);
    if (message != nullptr && message->quote->text.empty()) {
      if (auto known = recall(*target)) message->quote->text = std::move(known->text);
    }
    if (auto local = to_local(*target)) *target = std::move(*local);
  }
  if (event.sender.own) return on_own(event, id, content);

  const std::string from = gateway_.address_of(with_);
  const bool markable = !event.past && features().read_marks &&
                        (std::holds_alternative<Message>(content) || std::holds_alternative<Edit>(content));
  std::vector<Content> parts = for_xmpp(content);
  if (const auto* retraction = std::get_if<Retraction>(&content)) {
    const Seen* known = seen(retraction->target);
    for (std::size_t part = 1; known != nullptr && part < known->parts; ++part) {
      Retraction rest = *retraction;
      rest.target = part_id(retraction->target, part);
      parts.emplace_back(std::move(rest));
    }
  }
  const std::string delay = delay_of(event);
  for (std::size_t part = 0; part < parts.size(); ++part) {
    std::string out;
    XmlWriter w(out);
    w.open("message").attr("from", from).attr("to", person_.value()).attr("type", "chat");
    w.attr("id", part_id(id, part).value());
    render::content(w, parts[part], false);
    if (const auto* message = std::get_if<Message>(&parts[part]))
      write_addresses(w, gateway_, person_, *message);
    if (markable) w.open("markable", ns::markers).close();
    w.raw(delay).close();
    gateway_.deliver(person_, std::move(out));
  }
  if (const auto* message = std::get_if<Message>(&content))
    remember({id, id, false, parts.size(), false, {event.sender.nick, beginning(message->text.plain)}});
  if (const auto* edit = std::get_if<Edit>(&content)) {
    for (Seen& message : recent_) {
      if (message.local == edit->target) message.what.text = beginning(edit->message.text.plain);
    }
  }
}

// Said by the same person elsewhere: as a copy of what was sent (XEP-0280), which only their own server may
// make; where it does not let the gateway speak for it (XEP-0356), a note.
void Contact::on_own(const Event& event, const MessageId& id, const Content& content) {
  const std::string from = gateway_.address_of(with_);
  const std::string& person = person_.value();
  if (gateway_.privileges().may_write(person_)) {
    const std::vector<Content> parts = for_xmpp(content);
    for (std::size_t part = 0; part < parts.size(); ++part) {
      std::string out;
      XmlWriter w(out);
      w.open("message", ns::client).attr("from", person).attr("to", person).attr("type", "chat");
      w.open("sent", ns::carbons).open("forwarded", ns::forward);
      w.open("message", ns::client).attr("from", person).attr("to", from).attr("type", "chat");
      w.attr("id", part_id(id, part).value());
      render::content(w, parts[part], false);
      w.raw(delay_of(event)).close().close().close().close();
      gateway_.privileges().write(person_, out);
    }
  } else if (std::holds_alternative<Message>(content)) {
    const Features plain{.multiline = true};
    for (const Content& piece : degrade(content, plain, {})) {
      std::string out;
      XmlWriter w(out);
      w.open("message").attr("from", from).attr("to", person).attr("type", "chat").attr("id", id.value());
      w.element("body", "(you, from elsewhere) " + std::get<Message>(piece).text.plain);
      w.raw(delay_of(event)).close();
      gateway_.deliver(person_, std::move(out));
    }
  }
  if (const auto* message = std::get_if<Message>(&content))
    remember({id, id, true, 1, false, {event.sender.nick, beginning(message->text.plain)}});
}

std::string Contact::delay_of(const Event& event) const {
  const Time time = event.time == Time{} ? gateway_.now() : event.time;
  std::string out;
  if (!event.past && gateway_.now() - time <= std::chrono::minutes(1)) return out;
  XmlWriter w(out);
  w.open("delay", ns::delay).attr("from", gateway_.domain()).attr("stamp", format_datetime(time)).close();
  return out;
}

// --------------------------------------------------------------------------------------------------- the ids

Features Contact::features() const {
  Session* session = gateway_.network().find_session(person_, with_);
  return session != nullptr ? session->features(with_) : Features{};
}

RoomKey Contact::key(bool make) {
  const auto* user = std::get_if<UserId>(&with_);
  if (user == nullptr || key_ != 0) return key_;
  RoomsTable& rooms = gateway_.store().rooms();
  key_ = make ? rooms.open(gateway_.id(), chat_room(*user), person_)
              : rooms.find(gateway_.id(), chat_room(*user), person_);
  return key_;
}

MessageId Contact::to_network(const MessageId& local) {
  MessageId whole = whole_id(local);
  if (const RoomKey row = key(false); row != 0) {
    for (const MessageId& id : {local, whole}) {
      if (auto known = gateway_.store().messages().by_local(row, id.value())) return known->network_id;
    }
  }
  return whole;
}

std::optional<MessageId> Contact::to_local(const MessageId& network) {
  const RoomKey row = network.empty() ? 0 : key(false);
  if (row == 0) return std::nullopt;
  auto known = gateway_.store().messages().by_network(row, network);
  if (!known) return std::nullopt;
  return MessageId{known->local_id};
}

std::optional<MessageId> Contact::own_before(const MessageId& network) const {
  bool behind = false;
  for (auto message = recent_.rbegin(); message != recent_.rend(); ++message) {
    behind = behind || message->network == network;
    if (behind && message->own && !message->local.empty()) return message->local;
  }
  return std::nullopt;
}

const Contact::Seen* Contact::seen(const MessageId& id) const {
  const MessageId whole = whole_id(id);
  for (const Seen& message : recent_) {
    if (message.local == id || message.network == id || message.local == whole || message.network == whole)
      return &message;
  }
  return nullptr;
}

std::optional<Remembered> Contact::recall(const MessageId& id) const {
  const Seen* message = id.empty() ? nullptr : seen(id);
  if (message == nullptr) return std::nullopt;
  return message->what;
}

void Contact::remember(Seen message) {
  if (message.local.empty()) return;
  recent_.push_back(std::move(message));
  if (recent_.size() > remembered_messages) recent_.pop_front();
}

}  // namespace dragoman
