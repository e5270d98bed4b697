// A stanza as it came in, and the few envelopes that go out.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "component/xml.hpp"
#include "mapping/jid.hpp"

namespace dragoman {

enum class StanzaKind { message, presence, iq };

struct Stanza {
  StanzaKind kind = StanzaKind::message;
  Jid from, to;
  std::string id;
  std::string type;  // as it stood; empty when absent
  Element root;

  // Nothing where the element is no stanza or an address is missing or broken; `why` then says so.
  static std::optional<Stanza> from_element(Element&& element, std::string& why);
  const Element* child(std::string_view name, std::string_view ns) const { return root.child(name, ns); }
};

namespace ns {
inline constexpr std::string_view component = "jabber:component:accept";
inline constexpr std::string_view stream = "http://etherx.jabber.org/streams";
inline constexpr std::string_view stanzas = "urn:ietf:params:xml:ns:xmpp-stanzas";
inline constexpr std::string_view muc = "http://jabber.org/protocol/muc";
inline constexpr std::string_view muc_user = "http://jabber.org/protocol/muc#user";
inline constexpr std::string_view muc_admin = "http://jabber.org/protocol/muc#admin";
inline constexpr std::string_view muc_owner = "http://jabber.org/protocol/muc#owner";
inline constexpr std::string_view muc_stable_id = "http://jabber.org/protocol/muc#stable_id";
inline constexpr std::string_view muc_self_ping = "http://jabber.org/protocol/muc#self-ping-optimization";
inline constexpr std::string_view disco_info = "http://jabber.org/protocol/disco#info";
inline constexpr std::string_view disco_items = "http://jabber.org/protocol/disco#items";
inline constexpr std::string_view commands = "http://jabber.org/protocol/commands";
inline constexpr std::string_view data_form = "jabber:x:data";
inline constexpr std::string_view rsm = "http://jabber.org/protocol/rsm";
inline constexpr std::string_view mam = "urn:xmpp:mam:2";
inline constexpr std::string_view forward = "urn:xmpp:forward:0";
inline constexpr std::string_view delay = "urn:xmpp:delay";
inline constexpr std::string_view sid = "urn:xmpp:sid:0";
inline constexpr std::string_view occupant_id = "urn:xmpp:occupant-id:0";
inline constexpr std::string_view ping = "urn:xmpp:ping";
inline constexpr std::string_view version = "jabber:iq:version";
inline constexpr std::string_view time = "urn:xmpp:time";
inline constexpr std::string_view vcard = "vcard-temp";
inline constexpr std::string_view registration = "jabber:iq:register";
inline constexpr std::string_view gateway = "jabber:iq:gateway";
inline constexpr std::string_view conference = "jabber:x:conference";
inline constexpr std::string_view correct = "urn:xmpp:message-correct:0";
inline constexpr std::string_view retract = "urn:xmpp:message-retract:1";
inline constexpr std::string_view moderate = "urn:xmpp:message-moderate:1";
inline constexpr std::string_view reactions = "urn:xmpp:reactions:0";
inline constexpr std::string_view reply = "urn:xmpp:reply:0";
inline constexpr std::string_view fallback = "urn:xmpp:fallback:0";
inline constexpr std::string_view chat_states = "http://jabber.org/protocol/chatstates";
inline constexpr std::string_view receipts = "urn:xmpp:receipts";
inline constexpr std::string_view markers = "urn:xmpp:chat-markers:0";
inline constexpr std::string_view hints = "urn:xmpp:hints";
inline constexpr std::string_view oob = "jabber:x:oob";
inline constexpr std::string_view file_sharing = "urn:xmpp:sfs:0";
inline constexpr std::string_view file_metadata = "urn:xmpp:file:metadata:0";
inline constexpr std::string_view url_data = "http://jabber.org/protocol/url-data";
inline constexpr std::string_view xhtml_im = "http://jabber.org/protocol/xhtml-im";
inline constexpr std::string_view xhtml = "http://www.w3.org/1999/xhtml";
inline constexpr std::string_view styling = "urn:xmpp:styling:0";
inline constexpr std::string_view nick = "http://jabber.org/protocol/nick";
inline constexpr std::string_view carbons = "urn:xmpp:carbons:2";
inline constexpr std::string_view reference = "urn:xmpp:reference:0";
inline constexpr std::string_view media_sharing = "urn:xmpp:sims:1";
inline constexpr std::string_view jingle_file = "urn:xmpp:jingle:apps:file-transfer:5";
inline constexpr std::string_view thumbnails = "urn:xmpp:thumbs:1";
inline constexpr std::string_view stickers = "urn:xmpp:stickers:0";
inline constexpr std::string_view spoiler = "urn:xmpp:spoiler:0";
inline constexpr std::string_view idle = "urn:xmpp:idle:1";
inline constexpr std::string_view vcard_update = "vcard-temp:x:update";
inline constexpr std::string_view vcard4 = "urn:ietf:params:xml:ns:vcard-4.0";
inline constexpr std::string_view vcard4_node = "urn:xmpp:vcard4";
inline constexpr std::string_view avatar_data = "urn:xmpp:avatar:data";
inline constexpr std::string_view avatar_metadata = "urn:xmpp:avatar:metadata";
inline constexpr std::string_view pubsub = "http://jabber.org/protocol/pubsub";
inline constexpr std::string_view pubsub_event = "http://jabber.org/protocol/pubsub#event";
inline constexpr std::string_view bookmarks = "urn:xmpp:bookmarks:1";
inline constexpr std::string_view displayed = "urn:xmpp:mds:displayed:0";
inline constexpr std::string_view privilege = "urn:xmpp:privilege:2";
inline constexpr std::string_view privilege_of_old = "urn:xmpp:privilege:1";  // XEP-0356 before 0.4
inline constexpr std::string_view roster = "jabber:iq:roster";
inline constexpr std::string_view search = "jabber:iq:search";
inline constexpr std::string_view channel_search = "urn:xmpp:channel-search:0:search";
inline constexpr std::string_view blocking = "urn:xmpp:blocking";
inline constexpr std::string_view blocking_errors = "urn:xmpp:blocking:errors";
inline constexpr std::string_view address = "http://jabber.org/protocol/address";
inline constexpr std::string_view upload = "urn:xmpp:http:upload:0";
inline constexpr std::string_view client = "jabber:client";
}  // namespace ns

}  // namespace dragoman
