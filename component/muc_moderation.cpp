// What is taken back: XEP-0425 for what others said, and what stays of either in the archive.
#include <utility>

#include "component/datetime.hpp"
#include "component/facets.hpp"
#include "component/fallback.hpp"
#include "component/gateway.hpp"
#include "component/muc.hpp"
#include "mapping/archive_table.hpp"

namespace dragoman {

namespace {

// Corrections are looked for among so many lines behind the first version.
constexpr std::size_t most_looked_at = 2000;

constexpr std::string_view moderate_0 = "urn:xmpp:message-moderate:0";
constexpr std::string_view retract_0 = "urn:xmpp:message-retract:0";
constexpr std::string_view fasten = "urn:xmpp:fasten:0";

// The ids that end a payload: all that stays of a message.
std::string ids_of(const std::string& payload) {
  std::size_t at = payload.rfind("<origin-id ");
  if (at == payload.npos) at = payload.rfind("<stanza-id ");
  return at == payload.npos ? std::string() : payload.substr(at);
}

}  // namespace

void Muc::on_moderation(const Stanza& iq, const Retraction& retraction) {
  const Occupant* here = find_occupant(iq.from.str());
  if (here == nullptr || !here->entered)
    return gateway_.refuse(iq, not_acceptable("You are not in this room."));
  if (retraction.target.empty()) return gateway_.refuse(iq, bad_request("Say which message, by its id."));
  Session& session = gateway_.network().session_for(here->person, room_.id());
  if (!session.features(room_.id()).moderation)
    return gateway_.refuse(iq, feature_not_implemented("Messages can't be moderated in this room."));
  auto pending = std::make_shared<Pending>();
  pending->from = here->jid;
  pending->person = here->person;
  pending->nick = here->nick;
  pending->iq = iq;
  pending->iq->root.children.clear();  // an answer needs no more than the addresses
  pending->content = with_network_ids(retraction, here->person);
  const Retraction named = std::get<Retraction>(pending->content);
  pending->taken_back = named.target;
  std::string token = gateway_.new_token();
  pending_.emplace(token, pending);
  session.perform({room_.id(), std::move(token), named});
}

void Muc::write_moderation(XmlWriter& w, const Retraction& retraction, std::string_view by) const {
  w.element("body", "A moderator retracted a message, but this client does not show it.");
  w.open("fallback", ns::fallback).attr("for", ns::retract).close();
  w.open("retract", ns::retract).attr("id", retraction.target.value());
  w.open("moderated", ns::moderate);
  if (!by.empty()) {
    w.attr("by", address_ + "/" + std::string(by));
    const Member moderator = room_.members().find(by).value_or(Member{.nick = std::string(by)});
    w.open("occupant-id", ns::occupant_id).attr("id", occupant_id(moderator)).close();
  }
  w.close();
  if (!retraction.reason.empty()) w.element("reason", retraction.reason);
  w.close();
  w.open("store", ns::hints).close();
}

void Muc::bury(const Retraction& retraction, const MessageId& target, std::string_view by,
               const MessageId& id, Time time) {
  if (key_ == 0) return;
  ArchiveTable& table = gateway_.store().archive();
  auto line = table.get(key_, target);
  if (!line) return;
  std::string stone;
  XmlWriter w(stone);
  w.open("retracted", ns::retract).attr("id", id.value());
  w.attr("stamp", format_datetime(time == Time{} ? gateway_.now() : time));
  if (retraction.moderation) {
    w.open("moderated", ns::moderate);
    if (!by.empty()) w.attr("by", address_ + "/" + std::string(by));
    w.close();
    if (!retraction.reason.empty()) w.element("reason", retraction.reason);
  }
  w.close();
  std::string piece;
  XmlWriter(piece).open("replace", ns::correct).attr("id", stanza_id_of(*line)).close();
  for (const ArchiveLine& edit : table.holding(key_, target, piece, most_looked_at)) {
    if (edit.nick == line->nick) table.replace_payload(key_, edit.id, stone + ids_of(edit.payload));
  }
  table.replace_payload(key_, target, stone + ids_of(line->payload));
}

void add_moderation(Gateway& gateway) {
  const auto on_iq = [&gateway](const Stanza& iq, const Element& moderate, std::string_view id,
                                const Target& target) {
    if (target.room() == nullptr)
      return gateway.refuse(iq, feature_not_implemented("This address is not a room."));
    Muc* muc = gateway.find_room(PersonId{iq.from.bare().str()}, *target.room());
    if (muc == nullptr) return gateway.refuse(iq, not_acceptable("You are not in this room."));
    Retraction retraction{MessageId{std::string(id)}, {}, true};
    if (const Element* reason = moderate.child("reason")) retraction.reason = reason->text;
    muc->on_moderation(iq, retraction);
  };
  gateway.router().on_set(ns::moderate,
                          [&gateway, on_iq](const Stanza& iq, const Element& moderate, const Target& target) {
                            if (moderate.child("retract", ns::retract) == nullptr)
                              return gateway.refuse(iq, bad_request("Moderation here is retraction alone."));
                            on_iq(iq, moderate, moderate.attr_or("id"), target);
                          });
  // The form it had before 2023, which clients still send.
  gateway.router().on_set(fasten,
                          [&gateway, on_iq](const Stanza& iq, const Element& apply, const Target& target) {
                            const Element* moderate = apply.child("moderate", moderate_0);
                            if (moderate == nullptr || moderate->child("retract", retract_0) == nullptr)
                              return gateway.refuse(iq, bad_request("Moderation here is retraction alone."));
                            on_iq(iq, *moderate, apply.attr_or("id"), target);
                          });
}

}  // namespace dragoman
