// What is said in the room, both ways: XEP-0045 section 7.4, with the ids of XEP-0359.
#include <utility>

#include "component/addresses.hpp"
#include "component/contact.hpp"
#include "component/content.hpp"
#include "component/datetime.hpp"
#include "component/facets.hpp"
#include "component/fallback.hpp"
#include "component/gateway.hpp"
#include "component/mentions.hpp"
#include "component/muc.hpp"
#include "component/privilege.hpp"
#include "mapping/messages_table.hpp"

namespace dragoman {

namespace {

constexpr std::size_t remembered_as_sent = 16;
constexpr std::size_t most_early = 1000;

Act to_act(Content&& content) {
  return std::visit([](auto&& c) { return Act{std::forward<decltype(c)>(c)}; }, std::move(content));
}

bool is_archived(const Content& content) {
  struct Kept {
    bool operator()(const Message&) const { return true; }
    bool operator()(const Edit&) const { return true; }
    bool operator()(const Retraction&) const { return true; }
    bool operator()(const Reactions&) const { return true; }
    bool operator()(const Typing&) const { return false; }
    bool operator()(const ReadMark&) const { return false; }
    bool operator()(const Subject&) const { return false; }
  };
  return std::visit(Kept{}, content);
}

bool is_read(const Content& content) {
  return std::holds_alternative<Message>(content) || std::holds_alternative<Edit>(content);
}

bool is_moderation(const Content& content) {
  const auto* retraction = std::get_if<Retraction>(&content);
  return retraction != nullptr && retraction->moderation;
}

bool has_files(const Content& content) {
  if (const auto* message = std::get_if<Message>(&content)) return !message->attachments.empty();
  const auto* edit = std::get_if<Edit>(&content);
  return edit != nullptr && !edit->message.attachments.empty();
}

}  // namespace

void Muc::on_message(const Stanza& stanza) {
  if (stanza.type == "error") {
    // A client that is gone: its server says so about what we sent it.
    const Element* error = stanza.root.child("error");
    if (error != nullptr && says_gone(*error)) drop_occupant(stanza.from.str(), "The client is gone.");
    return;
  }
  const Occupant* here = find_occupant(stanza.from.str());
  if (const Element* x = stanza.child("x", ns::muc_user); x != nullptr && stanza.type != "groupchat") {
    if (here == nullptr)
      return gateway_.refuse(stanza, not_acceptable("You are not in this room: join it first."));
    return invite(stanza, *x);
  }
  if (stanza.type != "groupchat") {
    return gateway_.refuse(stanza, bad_request("Messages to a room have the type groupchat."));
  }
  if (here == nullptr || !here->entered) {
    return gateway_.refuse(stanza, not_acceptable("You are not in this room: join it first."));
  }
  say(stanza, *here);
}

bool Muc::on_private(const Stanza& stanza, const std::string& nick) {
  const PersonId whom = room_.is_shared() ? room_.voice_called(nick) : PersonId{};
  if (whom.empty()) return false;
  const Occupant* here = find_occupant(stanza.from.str());
  if (here == nullptr || !here->entered) {
    gateway_.refuse(stanza, not_acceptable("You are not in this room: join it first."));
    return true;
  }
  std::string inner;
  XmlWriter w(inner);
  for (const Element& child : stanza.root.children) {
    // What only a room says.
    if (child.ns == ns::muc_user || child.ns == ns::sid || child.ns == ns::occupant_id ||
        child.ns == ns::delay)
      continue;
    serialise(inner, child, ns::component);
  }
  w.open("occupant-id", ns::occupant_id).attr("id", occupant_id(self(here->person))).close();
  w.open("x", ns::muc_user).close();
  const std::string from = address_ + "/" + here->nick;
  bool heard = false;
  for (const Occupant& o : occupants_) {
    if (o.person != whom || !o.entered) continue;
    heard = true;
    std::string out;
    XmlWriter(out)
        .open("message")
        .attr("from", from)
        .attr("to", o.jid)
        .attr_if("type", stanza.type)
        .attr_if("id", stanza.id)
        .raw(inner)
        .close();
    gateway_.deliver(whom, std::move(out));
  }
  if (!heard)
    gateway_.refuse(stanza, {"wait", "recipient-unavailable", nick + " is not here at the moment.", 404});
  return true;
}

void Muc::say(const Stanza& stanza, const Occupant& author) {
  std::optional<Content> content = parse::content(stanza);
  if (!content) {
    // A client waits for the reflection of whatever had a body.
    if (stanza.root.child("body") != nullptr)
      gateway_.refuse(stanza, bad_request("There is nothing in this message."));
    return;
  }
  Session& session = gateway_.network().session_for(author.person, room_.id());
  const Features features = session.features(room_.id());
  // XEP-0424 names a message by the room's id for it, and takes it back whole.
  if (std::holds_alternative<Retraction>(*content))
    content = with_network_ids(std::move(*content), author.person);
  if (features.mentions) {
    if (auto* message = std::get_if<Message>(&*content)) mentions::find(message->text, room_.members());
    if (auto* edit = std::get_if<Edit>(&*content)) mentions::find(edit->message.text, room_.members());
  }
  auto pending = std::make_shared<Pending>();
  pending->from = author.jid;
  pending->person = author.person;
  pending->nick = author.nick;
  pending->stanza_id = stanza.id;
  auto recall = [this](const MessageId& id) -> std::optional<Remembered> {
    auto line = gateway_.store().archive().get(key_, id);
    if (!line) return std::nullopt;
    return Remembered{line->nick, body_of(line->payload)};
  };
  std::vector<Content> pieces = target_of(*content) == nullptr
                                    ? degrade(*content, features, recall)
                                    : degrade(with_network_ids(*content, author.person), features, recall);
  pending->content = std::move(*content);
  pending->pieces = pieces.size();
  const bool answered = is_archived(pending->content) || std::holds_alternative<Subject>(pending->content);
  for (Content& piece : pieces) {
    std::string token;
    if (answered) {
      token = gateway_.new_token(stanza);
      pending_.emplace(token, pending);
    }
    if (const auto* retraction = std::get_if<Retraction>(&piece)) pending->taken_back = retraction->target;
    session.perform({room_.id(), std::move(token), to_act(std::move(piece))});
  }
  if (pieces.empty() && answered)
    return gateway_.refuse(stanza, feature_not_implemented("This network can't carry that."));
  // What is of the moment goes to the others here at once; the network tells its own.
  if (!answered && room_.is_shared()) {
    const MessageId id{stanza.id.empty() ? gateway_.new_id() : stanza.id};
    tell_message(pending->nick, id.value(), payload_of(pending->content, id, {.nick = pending->nick}, {}),
                 {});
  }
}

Content Muc::with_network_ids(Content content, const PersonId& sender) {
  MessageId* target = target_of(content);
  if (target == nullptr || target->empty()) return content;
  if (const MessageId whole = whole_id(*target);
      whole != *target && gateway_.store().archive().get(key_, whole))
    *target = whole;
  // XEP-0308 names a message by its sender's own id, the others by the id that the room gave it (XEP-0359):
  // what is not one of the first is one of the second.
  const std::string& person = sender.value();
  for (auto it = sent_.rbegin(); it != sent_.rend(); ++it) {
    const Pending& sent = *it->second;
    if (sent.id.empty() || sent.stanza_id != target->value() || !sent.from.starts_with(person + "/"))
      continue;
    *target = sent.id;
    return content;
  }
  // Kept only for networks that name messages: for others an id says nothing once the message has scrolled
  // away.
  auto row = gateway_.store().messages().by_local(key_, target->value());
  if (row && row->sender == person) *target = row->network_id;
  return content;
}

void Muc::keep_sent(std::string token, std::shared_ptr<Pending> pending) {
  sent_.emplace_back(std::move(token), std::move(pending));
  if (sent_.size() > remembered_as_sent) sent_.pop_front();
}

bool Muc::on_delivered(const Event& event, const std::string& token) {
  renames_.erase(token);
  auto found = pending_.extract(token);
  if (found.empty()) return false;
  Pending& pending = *found.mapped();
  keep_sent(std::move(found.key()), found.mapped());
  if (pending.delivered++ == 0) pending.id = event.id;
  if (pending.delivered < pending.pieces || pending.failed) return true;
  if (pending.iq) gateway_.reply(*pending.iq);
  if (std::holds_alternative<Subject>(pending.content)) return true;  // told by the network, to all alike
  const bool named = !pending.id.empty();
  if (!named) pending.id = MessageId{gateway_.new_id()};
  const MessageId& id = pending.id;
  const Time time = event.time == Time{} ? gateway_.now() : event.time;
  const std::string& now_called = room_.nick(pending.person);
  const Sender author{.nick = now_called.empty() ? pending.nick : now_called};
  const auto* retraction = std::get_if<Retraction>(&pending.content);
  // A moderation is the room's own word (XEP-0425, "Business Rules").
  const std::string nick = is_moderation(pending.content) ? std::string() : author.nick;
  const std::string payload = payload_of(pending.content, id, author, pending.stanza_id);
  if (retraction != nullptr && !pending.taken_back.empty())
    bury(*retraction, pending.taken_back, author.nick, id, time);
  // Kept first, then told: the store's commit goes before the stream's write in the loop's next turn.
  if (archive(id, time, nick, payload))
    tell_message(nick, pending.stanza_id.empty() ? id.value() : pending.stanza_id, payload, {});
  if (retraction != nullptr && !pending.taken_back.empty())
    take_back_parts(event, {nullptr, id, time, &author, {}, false}, *retraction);
  pending.content = {};
  if (named && !pending.stanza_id.empty() && pending.stanza_id != id.value())
    gateway_.store().messages().put(key(), pending.stanza_id, id, pending.person.value());
  return true;
}

void Muc::on_content(const Event& event, const Content& content, const PersonId& from) {
  const bool of_the_past = event.past && has_history(from);
  if (of_the_past && (!is_archived(content) || event.id.empty() || event.sender.nick.empty())) return;
  // Said while we enter: it waits, since what is in the archive tells the network how far that reaches.
  if (!of_the_past && !room_.is_in() && !event.id.empty() && is_archived(content) &&
      has_history(room_.viewer())) {
    if (early_.size() >= most_early) early_.pop_front();
    early_.push_back({event, content, from});
    return;
  }
  Said said{&content, event.id, event.time, &event.sender, {}, of_the_past};
  Sender voice;
  // Said by one of ours from elsewhere, or before a restart: it is their voice here.
  if (event.sender.own && !room_.nick(from).empty()) {
    voice = event.sender;
    voice.nick = room_.nick(from);
    said.sender = &voice;
  }
  if (said.sender->nick.empty() && !is_moderation(content)) {
    if (const auto* message = std::get_if<Message>(&content)) tell_service(message->text.plain);
    return;
  }
  if (said.id.empty()) said.id = MessageId{gateway_.new_id()};
  if (said.time == Time{}) said.time = gateway_.now();
  Content local;
  if ((event.sender.own || of_the_past) && !event.id.empty() && key_ != 0) {
    local = with_local_ids(content);
    said.content = &local;
    if (auto known = gateway_.store().messages().by_network(key_, said.id))
      said.origin_id = std::move(known->local_id);
  }
  if (const auto* mark = std::get_if<ReadMark>(&content); mark != nullptr && event.sender.own)
    note_read(from, *mark);
  if (has_files(content)) return tell_parts(event, std::move(said));
  if (!keep_and_tell(event, said)) return;
  if (const auto* retraction = std::get_if<Retraction>(&content))
    take_back_parts(event, std::move(said), *retraction);
}

void Muc::tell_early() {
  for (const Early& early : std::exchange(early_, {})) on_content(early.event, early.content, early.from);
}

// XEP-0490: what one has read elsewhere is read here, on all one's clients.
void Muc::note_read(const PersonId& person, const ReadMark& mark) {
  if (!mark.displayed || !gateway_.privileges().may_publish(person)) return;
  std::string out;
  XmlWriter w(out);
  w.open("displayed", ns::displayed);
  w.open("stanza-id", ns::sid).attr("id", mark.up_to.value()).attr("by", address_).close().close();
  gateway_.privileges().keep(person, ns::displayed, address_, out);
}

void Muc::tell_parts(const Event& event, Said said) {
  const MessageId id = said.id;
  const std::vector<Content> parts = for_xmpp(*said.content);
  for (std::size_t part = 0; part < parts.size(); ++part) {
    said.content = &parts[part];
    said.id = part_id(id, part);
    if (!keep_and_tell(event, said) && part == 0) return;
    said.origin_id.clear();
  }
}

// What came as several stanzas is taken back as several.
void Muc::take_back_parts(const Event& event, Said said, const Retraction& whole) {
  const MessageId id = said.id;
  for (std::size_t part = 1;; ++part) {
    Retraction piece = whole;
    piece.target = part_id(whole.target, part);
    if (key_ == 0 || !gateway_.store().archive().get(key_, piece.target)) return;
    said.id = part_id(id, part);
    const Content content = std::move(piece);
    said.content = &content;
    keep_and_tell(event, said);
  }
}

bool Muc::keep_and_tell(const Event& event, const Said& said) {
  const std::string payload = payload_of(*said.content, said.id, *said.sender, said.origin_id, said.past);
  const auto* retraction = std::get_if<Retraction>(said.content);
  static const std::string the_room;
  const std::string& author = said.sender->nick;
  const std::string& nick = is_moderation(*said.content) ? the_room : author;
  // The past may come before we are in.
  if (is_archived(*said.content) && (room_.is_in() || said.past) && preferences().record_history &&
      key() != 0) {
    Store& store = gateway_.store();
    ArchiveTable& table = store.archive();
    const bool is_new = said.past ? table.append_past(key_, said.id, said.time, nick, payload)
                                  : table.append(key_, said.id, said.time, nick, payload);
    // A line that the network repeats is known by its id.
    if (!is_new && !event.id.empty() && store.healthy()) return false;
    if (retraction != nullptr) bury(*retraction, retraction->target, author, said.id, said.time);
  }
  // Of the network's own history: who asks finds it in the archive.
  if (said.past) return true;
  std::string delay;
  if (event.past || gateway_.now() - said.time > std::chrono::minutes(1)) {
    XmlWriter(delay)
        .open("delay", ns::delay)
        .attr("from", address_)
        .attr("stamp", format_datetime(said.time))
        .close();
  }
  tell_message(nick, said.origin_id.empty() ? said.id.value() : said.origin_id, payload, delay);
  return true;
}

bool Muc::archive(const MessageId& id, Time time, std::string_view nick, const std::string& payload) {
  if (!preferences().record_history) return true;
  ArchiveTable& table = gateway_.store().archive();
  return table.append(key(), id, time, nick, payload) || !table.get(key_, id);
}

// XEP-0308 names a message by the id that its stanza had: of one of ours that is the sender's own.
Content Muc::with_local_ids(Content content) {
  if (auto* edit = std::get_if<Edit>(&content)) {
    if (auto known = gateway_.store().messages().by_network(key_, edit->target))
      edit->target = MessageId{known->local_id};
  }
  return content;
}

std::string Muc::payload_of(const Content& content, const MessageId& id, const Sender& sender,
                            std::string_view origin_id, bool past) const {
  std::string out;
  out.reserve(512);
  XmlWriter w(out);
  if (is_moderation(content)) {
    write_moderation(w, std::get<Retraction>(content), sender.nick);
    if (!origin_id.empty()) w.open("origin-id", ns::sid).attr("id", origin_id).close();
    w.open("stanza-id", ns::sid).attr("id", id.value()).attr("by", address_).close();
    return out;
  }
  render::content(w, content, true, address_);
  if (const auto* message = std::get_if<Message>(&content))
    write_addresses(w, gateway_, room_.viewer(), *message);
  Member who{.nick = sender.nick, .account = sender.account};
  // As in their presence: the table's word goes before the message's.
  if (auto member = room_.members().find(sender.nick)) who = std::move(*member);
  // Whoever had the nick when it was said.
  if (past && !sender.account.empty()) who.account = sender.account;
  // XEP-0333 4.1: who reads it here is asked to say so where the network tells the author.
  if (advertised_.read_marks && is_read(content)) w.open("markable", ns::markers).close();
  if (!origin_id.empty()) w.open("origin-id", ns::sid).attr("id", origin_id).close();
  // Of what is of the moment there is nothing in the archive: clients go on from such an id (XEP-0313).
  if (is_archived(content)) w.open("stanza-id", ns::sid).attr("id", id.value()).attr("by", address_).close();
  w.open("occupant-id", ns::occupant_id).attr("id", occupant_id(who)).close();
  return out;
}

void Muc::tell_message(std::string_view nick, std::string_view id, const std::string& payload,
                       std::string_view delay, const std::string* only_to) {
  std::string out;
  out.reserve(payload.size() + 256);
  for (const Occupant& o : occupants_) {
    if (only_to != nullptr ? o.jid != *only_to : !hears(o)) continue;
    out.clear();
    out += "<message from='";
    out += escaped_address_;
    if (!nick.empty()) {
      out += '/';
      xml_escape(out, nick);
    }
    out += "' type='groupchat' id='";
    xml_escape(out, id);
    out += "' to='";
    xml_escape(out, o.jid);
    out += "'>";
    out += payload;
    out += delay;
    out += "</message>";
    gateway_.send(out);
  }
  if (only_to == nullptr && !out.empty() && gateway_.out().up())
    gateway_.told().told(gateway_.out().position());
}

void Muc::tell_service(const std::string& text, const PersonId* only_to) {
  for_each_entered([&](const Occupant& o) {
    if (only_to != nullptr && o.person != *only_to) return;
    std::string out;
    XmlWriter w(out);
    w.open("message")
        .attr("from", address_)
        .attr("to", o.jid)
        .attr("type", "groupchat")
        .attr("id", gateway_.new_id());
    w.element("body", text);
    w.close();
    gateway_.send(out);
  });
}

void Muc::tell_subject(const std::string& to) {
  const Room::Topic& topic = room_.topic();
  std::string out;
  XmlWriter w(out);
  w.open("message").attr("from", topic.by.empty() ? address_ : address_ + "/" + topic.by).attr("to", to);
  w.attr("type", "groupchat").attr("id", gateway_.new_id());
  w.element("subject", topic.text.plain);
  if (topic.time != Time{}) {
    w.open("delay", ns::delay).attr("from", address_).attr("stamp", format_datetime(topic.time)).close();
  }
  w.close();
  gateway_.send(out);
}

}  // namespace dragoman
