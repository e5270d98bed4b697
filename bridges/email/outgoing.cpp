#include "bridges/email/outgoing.hpp"

#include <algorithm>

#include "bridges/json.hpp"
#include "mapping/store.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

constexpr std::size_t most_references = 20;
constexpr std::size_t subject_length = 60;  // of one that is made of the text
constexpr std::size_t quote_length = 300;

std::string shortened(std::string text, std::size_t size) {
  if (text.size() <= size) return text;
  text.resize(prefix_within(text, size));
  return text + "…";
}

std::string subject_of(const Text& text) {
  std::string line = display_clean(text.plain.substr(0, text.plain.find('\n')));
  return line.empty() ? "A message" : shortened(std::move(line), subject_length);
}

// The mail that is answered: the one that was quoted, else the last one of the thread or of the conversation,
// unless a subject begins something new.
std::optional<MailRow> parent_of(Hub& hub, const OpenDraft& draft, const Message& first) {
  MailsTable& mails = hub.store.mails();
  for (const DraftLine& line : draft.lines) {
    const auto& quote = std::get<Message>(line.command.what).quote;
    if (!quote || quote->message.empty()) continue;
    if (auto row = mails.find(hub.network, draft.person, mail_id_of(quote->message))) return row;
  }
  const std::string where = name_of(draft.in);
  if (!first.thread.empty()) {
    if (auto row = mails.last_of_thread(hub.network, draft.person, where, first.thread)) return row;
  }
  if (!first.subject.empty()) {
    auto row = mails.last(hub.network, draft.person, where);
    return row && answer_subject(row->subject) == answer_subject(first.subject) ? row : std::nullopt;
  }
  return mails.last(hub.network, draft.person, where);
}

Text quoted(const Quote& quote) {
  if (quote.text.empty()) return {};
  Text out(shortened(quote.text, quote_length));
  out.spans.push_back({0, out.plain.size(), Style::quote, {}});
  out.plain += "\n";
  return out;
}

}  // namespace

std::string Outgoing::about() const {
  json::array tokens;
  for (const auto& [token, id] : said) tokens.push_back(json::array{token, id.value()});
  return json::serialize(tokens);
}

std::vector<std::pair<std::string, MessageId>> Outgoing::said_in(std::string_view about) {
  std::vector<std::pair<std::string, MessageId>> out;
  const auto value = parse_json(about);
  if (!value || !value->is_array()) return out;
  for (const json::value& entry : value->get_array()) {
    const json::array* pair = entry.if_array();
    if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_string() || !(*pair)[1].is_string()) continue;
    out.emplace_back(std::string((*pair)[0].get_string()), MessageId{std::string((*pair)[1].get_string())});
  }
  return out;
}

Outgoing outgoing(Wing& wing, const OpenDraft& from, Fetched::Files files) {
  Hub& hub = wing.hub;
  const auto& first = std::get<Message>(from.lines.front().command.what);
  Outgoing out;
  Draft& draft = out.draft;
  const Preferences preferences = hub.preferences(from.person);
  draft.from = hub.from_of(from.person);
  if (preferences.answers_there && !preferences.own_address.empty() &&
      hub.accounts.address_of(from.person) == nullptr)
    draft.reply_to = Mailbox{draft.from.name, preferences.own_address};
  draft.signature = preferences.signature;
  draft.message_id = from.base;
  draft.date = hub.now();
  draft.jabber_id = from.person.value();

  std::string room_name;
  if (const auto* user = std::get_if<UserId>(&from.in)) {
    const std::string name = wing.conversations.display_name(*user);
    draft.to = {{name == user->value() ? std::string() : name, wing.conversations.spelling(*user)}};
  } else if (const auto* id = std::get_if<RoomId>(&from.in)) {
    const auto room = wing.conversations.room(from.person, *id);
    if (room && room->list) {
      draft.to = {{room->name, room->post_address}};
    } else if (room) {
      room_name = room->name;
      for (const Participant& one : room->people)
        (one.copied ? draft.cc : draft.to)
            .push_back({one.nick == one.address ? std::string() : one.nick, one.address});
    }
  }
  out.recipients = draft.to;
  out.recipients.insert(out.recipients.end(), draft.cc.begin(), draft.cc.end());

  for (const DraftLine& line : from.lines) {
    const auto& message = std::get<Message>(line.command.what);
    if (!draft.text.empty()) draft.text.plain += "\n";
    if (message.quote && line.id.value() == from.base)
      draft.text = concat(std::move(draft.text), quoted(*message.quote));
    draft.text = concat(std::move(draft.text), message.text);
    for (const Attachment& file : message.attachments) {
      auto fetched = files.find(file.url);
      if (fetched != files.end()) {
        draft.files.push_back({file.name.empty() ? fetched->second.name : file.name,
                               file.media_type.empty() ? fetched->second.media_type : file.media_type,
                               std::move(fetched->second.bytes)});
        files.erase(fetched);
      } else if (draft.text.plain.find(file.url) == std::string::npos) {
        draft.text.plain += (draft.text.empty() ? "" : "\n") + file.url;
      }
    }
    out.said.emplace_back(line.command.token, line.id);
  }

  const auto parent = parent_of(hub, from, first);
  if (parent) {
    draft.in_reply_to = parent->message_id;
    std::string_view rest = parent->references;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(' '), rest.size());
      if (end > 0) draft.references.emplace_back(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    draft.references.push_back(parent->message_id);
    // The first says what the thread began with, the last are what it is about now.
    if (draft.references.size() > most_references)
      draft.references.erase(draft.references.begin() + 1, draft.references.end() - (most_references - 1));
  }
  if (!first.subject.empty()) {
    draft.subject = first.subject;
  } else if (parent && !parent->subject.empty()) {
    draft.subject = answer_subject(parent->subject);
  } else {
    draft.subject = room_name.empty() ? subject_of(draft.text) : room_name;
  }

  out.row.message_id = draft.message_id;
  out.row.subject = draft.subject;
  for (const std::string& id : draft.references)
    out.row.references += (out.row.references.empty() ? "" : " ") + id;
  out.row.thread = !first.thread.empty() ? first.thread : parent ? parent->thread : draft.message_id;
  return out;
}

}  // namespace dragoman::email
