#include "bridges/email/telling.hpp"

#include <algorithm>
#include <utility>

#include "bridges/email/address.hpp"
#include "bridges/email/compose.hpp"
#include "bridges/email/links.hpp"
#include "bridges/email/reading.hpp"
#include "mapping/notes_table.hpp"
#include "mapping/store.hpp"

namespace dragoman::email {
namespace {

constexpr std::size_t most_reactions = 20;  // of one person to one message
constexpr std::size_t most_addressed = 50;  // that are told; more are a crowd

// Whom else it says that it went to; nobody where it came to its reader alone, or by a list.
std::vector<Addressee> addressed_in(const Hub& hub, const PersonId& person, const Mail& mail) {
  if (is_of_list(mail) || mail.to.size() + mail.cc.size() < 2) return {};
  const Preferences preferences = hub.preferences(person);
  std::vector<Addressee> out;
  for (const auto* boxes : {&mail.to, &mail.cc}) {
    for (const Mailbox& box : *boxes) {
      if (out.size() >= most_addressed) return out;
      const bool own = hub.is_own(person, preferences, box.address);
      out.push_back({own ? UserId{} : UserId{folded(box.address)}, box.name, boxes == &mail.cc});
    }
  }
  return out;
}

std::string plural_size(std::uint64_t bytes) {
  constexpr std::uint64_t kilo = 1000;
  if (bytes < kilo) return std::to_string(bytes) + " bytes";
  if (bytes < kilo * kilo) return std::to_string((bytes + kilo / 2) / kilo) + " kB";
  return std::to_string((bytes + kilo * kilo / 2) / (kilo * kilo)) + " MB";
}

void add_line(Message& message, const std::string& words) {
  message.text.plain += (message.text.empty() ? "" : "\n") + words;
}

}  // namespace

// Each comes in a mail of its own, and takes none of the others back (RFC 9078).
std::vector<std::string> Telling::reactions_of(const PersonId& person, const Mail& mail) {
  NotesTable& notes = wing_.hub.store.notes();
  const std::string key = person.value() + " " + mail.in_reply_to + " " + folded(mail.from.front().address);
  std::vector<std::string> all;
  const std::string before = notes.get(wing_.hub.network, "reacted", key).value_or(std::string());
  for (std::size_t at = 0; at < before.size();) {
    const std::size_t end = std::min(before.find('\n', at), before.size());
    all.push_back(before.substr(at, end - at));
    at = end + 1;
  }
  if (all.size() < most_reactions && std::find(all.begin(), all.end(), *mail.reaction) == all.end()) {
    all.push_back(*mail.reaction);
    notes.put(wing_.hub.network, "reacted", key,
              before.empty() ? *mail.reaction : before + "\n" + *mail.reaction);
  }
  return all;
}

// Who is there, before anything is said.
void Telling::set_scene(Session& session, const RoomId& room, const Conversations::Place& place) {
  if (!session.is_in(room)) {
    if (const auto known = wing_.conversations.room(session.person(), room)) session.enter(room, *known);
    return;
  }
  for (const Participant& one : place.came) {
    session.make_way(room, one.nick);
    session.tell(room, MemberJoined{{.nick = one.nick, .address = one.address}});
  }
  for (const Participant& one : place.gone) session.tell(room, MemberLeft{one.nick});
}

void Telling::tell(Session& session, const Mail& mail, const What& what) {
  const Mailbox& box = mail.from.front();
  const UserId writer{folded(box.address)};
  const Conversations::Place& place = what.place;
  Sender sender{place.sender_nick.empty() ? wing_.conversations.display_name(writer) : place.sender_nick,
                writer,
                {},
                false};
  const auto* room = std::get_if<RoomId>(&place.where);
  const bool was_in = room != nullptr && session.is_in(*room);
  if (room != nullptr) set_scene(session, *room, place);

  if (place.own) sender = room != nullptr ? session.own(*room) : Sender{session.nick(), {}, {}, true};
  // A picture is only theirs where it is proved that the mail is.
  const bool is_theirs =
      (mail.verified || wing_.hub.email().authserv_id.empty()) && !is_of_list(mail) && !place.own;
  if (mail.picture && is_theirs && wing_.conversations.note_picture(writer, *mail.picture))
    session.tell(writer, wing_.conversations.profile(writer));

  const Time now = wing_.hub.now();
  const Time time = mail.date && *mail.date < now ? *mail.date : now;
  const MessageId id{mail.message_id};
  if (mail.reaction) {
    session.tell(place.where, Reactions{MessageId{mail.in_reply_to}, reactions_of(session.person(), mail)},
                 sender, id, time);
    return;
  }
  session.tell(place.where, message_of(session.person(), mail, what), sender, id, time);
  // Entering says it by itself; from then on whoever is not there is asked in again.
  if (was_in) session.tell(*room, Invited{place.own ? std::string() : sender.nick, mail.subject, {}});
}

Message Telling::message_of(const PersonId& person, const Mail& mail, const What& what) const {
  Message message;
  message.thread = what.row.thread;
  message.addressed = addressed_in(wing_.hub, person, mail);
  const auto& last = what.last;
  if (answer_subject(mail.subject) != answer_subject(last ? last->subject : std::string()))
    message.subject = mail.subject;
  // What answers the last that was said needs no word about it.
  if (!mail.in_reply_to.empty() && !(last && last->message_id == mail.in_reply_to) &&
      wing_.hub.store.mails().find(wing_.hub.network, person, mail.in_reply_to))
    message.quote = Quote{MessageId{mail.in_reply_to}, {}, {}};
  if (!mail.verified && mail.judge != Mail::Judge::nobody) message.text.plain = "(unverified sender)\n";
  message.text = concat(std::move(message.text), mail.said);
  switch (mail.sealed) {
    case Sealed::no: break;
    case Sealed::encrypted:
      add_line(message,
               "This mail is encrypted. The gateway can't read it: open the file with the program that has "
               "your key.");
      break;
    case Sealed::signed_only: add_line(message, "(signed; the signature is in the original)"); break;
  }
  add_files(message, mail, what);
  // Said, not done: what is written to somebody goes to them, whatever a mail in their name asks for.
  if (std::holds_alternative<UserId>(what.place.where) && !what.place.own && !mail.reply_to.empty() &&
      folded(mail.reply_to.front().address) != folded(mail.from.front().address))
    add_line(message, "(wants answers at " + mail.reply_to.front().address + ")");
  if (message.text.empty() && message.attachments.empty())
    add_line(message, mail.subject.empty() ? "(an empty mail)" : mail.subject);
  return message;
}

void Telling::add_files(Message& message, const Mail& mail, const What& what) const {
  for (const File& file : mail.files) {
    const auto put = what.lies_at.find(file.part);
    std::string url = put != what.lies_at.end() ? put->second : links_.of(what.row.key, file.part, file.name);
    if (url.empty()) {
      add_line(message, "[file: " + file.name + ", " + plural_size(file.size) +
                            ". This gateway is not set up to pass files on.]");
    } else {
      message.attachments.push_back(
          {.url = std::move(url), .name = file.name, .media_type = file.media_type, .size = file.size});
    }
  }
}

}  // namespace dragoman::email
