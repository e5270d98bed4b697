// What all parts of one configured bridge to email share. Owned by the Network, outlives them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "bridges/email/account_book.hpp"
#include "bridges/email/aliases.hpp"
#include "bridges/email/mail.hpp"
#include "bridges/email/probe.hpp"
#include "bridges/event.hpp"
#include "bridges/network.hpp"
#include "config/settings.hpp"
#include "mapping/ids.hpp"

namespace dragoman::email {

// What somebody has chosen for themselves; kept in the settings table, scope "".
struct Preferences {
  enum class Welcome : std::uint8_t { asked, contacts, verified };
  Welcome welcome = Welcome::asked;   // who may write: whom they let in, contacts alone, whoever is verified
  std::chrono::seconds coalesce{30};  // silence after which what was said becomes a mail
  std::string name;  // in From; empty: as the network was told (SetProfile), else the JID's local part
  std::string signature;
  std::string from;            // of their own addresses, before the "@"; empty: the one that the rule makes
  std::string own_address;     // elsewhere: they have proved that it is theirs
  bool answers_there = false;  // what they send asks for answers at own_address
  bool reactions = false;      // are sent, as mails that some programs show as such (RFC 9078)
  bool read_marks = false;     // who asks for it is told that a mail was read (RFC 8098)
};

// 32 bytes, made once and kept encrypted: of message ids, bounce addresses and links.
std::string gateway_key(Store& store, const NetworkId& network);

struct Hub {
  explicit Hub(const NetworkContext& context);

  boost::asio::io_context& loop;
  Sink& sink;
  Store& store;
  FileHost* file_host;  // null: there is none
  config::Bridge settings;
  const NetworkId network;
  const std::string key;  // gateway_key()
  Aliases aliases;
  BounceAddresses bounces;
  Probes probes;
  AccountBook accounts;
  std::function<Time()> now;  // the clock

  const config::Email& email() const { return settings.email; }
  bool may_use(const PersonId& person) const;
  bool may_log_in(const PersonId& person) const;       // to a mail account of their own
  bool is_public_only(const std::string& host) const;  // of such an account's server: see net::Target
  bool is_registered(const PersonId& person) const;
  Preferences preferences(const PersonId& person) const;
  bool save(const PersonId& person, const Preferences& preferences);
  // Their own account's address, else their alias; without an address on trouble with the store.
  Mailbox from_of(const PersonId& person);
  // Whether mail to this address is mail to the person: their alias, with whatever detail, their account's
  // address, or one that they have proved to be theirs.
  bool is_own(const PersonId& person, const Preferences& preferences, std::string_view address) const;
};

// The mail that a message was, or was part of: its own lines are named "<mail>/2", corrections "<line>/e…".
// There may be a "/" in the mail's own id.
std::string mail_id_of(const MessageId& id);

// A conversation as the store and the outbox name it: "room …" or "user …".
std::string name_of(const Conversation& where);
std::optional<Conversation> conversation_of(std::string_view name);

}  // namespace dragoman::email
