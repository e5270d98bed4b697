// Which conversation a mail belongs to, and who is in it: with one person, of several (a room as long as its
// thread or the same people go on), or a mailing list.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridges/email/hub.hpp"
#include "bridges/email/mail.hpp"

namespace dragoman::email {

// Somebody in a conversation of several, ourselves not among them.
struct Participant {
  std::string nick;     // unique there
  std::string address;  // as it is written into mail
  bool copied = false;  // in Cc
  bool operator==(const Participant&) const = default;
};

struct Room {
  std::string name;          // the subject it began with, or the list's
  std::string post_address;  // of a list: where all that is said goes; empty: to the participants
  bool list = false;
  std::string unsubscribe_mail, unsubscribe_subject, unsubscribe_url;
  bool one_click = false;
  std::vector<Participant> people;
};

bool is_list(const RoomId& room);
bool is_conversation_id(std::string_view text);  // "c-" and 26 letters or digits
bool is_list_id(std::string_view text);

class Conversations {
 public:
  explicit Conversations(Hub& hub) : hub_(hub) {}

  struct Place {
    Conversation where;
    std::string sender_nick;  // in a room
    // What the mail changed of it: who came, who went, by nick.
    std::vector<Participant> came, gone;
    bool own = false;  // said by the person themselves
  };
  // Where a mail to this person is told. A room is kept with what the mail says of it.
  Place place_of(const PersonId& person, const Mail& mail);
  // The same of one that they have sent by another program. Nothing: nobody is named, or a crowd.
  std::optional<Place> place_of_sent(const PersonId& person, const Mail& mail);

  std::optional<Room> room(const PersonId& person, const RoomId& id) const;
  bool save(const PersonId& person, const RoomId& id, const Room& room);
  std::vector<RoomId> rooms_of(const PersonId& person) const;
  void forget(const PersonId& person);

  // The conversation with these people, begun where there is none yet; nothing where it could not be kept or
  // they are too many. Who is in Cc is as it is said here.
  std::optional<RoomId> with(const PersonId& person, const std::vector<std::pair<Mailbox, bool>>& others,
                             const std::string& subject);
  // Somebody more in a conversation of several; nothing where they are there already.
  std::optional<Participant> add(const PersonId& person, const RoomId& id, const Mailbox& box);

  // The address behind a nick of a room, and the name somebody goes by.
  std::optional<std::string> address_of(const RoomId& room, std::string_view nick) const;
  std::string display_name(const UserId& user) const;
  // Its spelling and name. The name stays as it first was, unless it is `proved` that it is theirs.
  void note_person(const Mailbox& box, bool proved = false);
  std::string spelling(const UserId& user) const;  // as it is written into mail
  // How somebody looks; a picture is known from a card of theirs.
  Profile profile(const UserId& user) const;
  bool note_picture(const UserId& user, const Picture& picture);  // false: it is the one that is known

 private:
  std::string nick_for(const RoomId& id, const Room& room, const Mailbox& box);
  Participant participant(const RoomId& id, const Room& room, const Mailbox& box, bool copied);
  Place in_list(const PersonId& person, const Mail& mail);
  std::optional<RoomId> list_at(const PersonId& person, const std::string& post_address) const;
  RoomId known_by(const PersonId& person, std::optional<RoomId> id,
                  const std::vector<std::pair<Mailbox, bool>>& others);
  Place in_conversation(const PersonId& person, const Mail& mail,
                        const std::vector<std::pair<Mailbox, bool>>& others);

  Hub& hub_;
};

}  // namespace dragoman::email
