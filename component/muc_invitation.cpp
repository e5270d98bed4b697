// Who is asked into the room by those who are in it: XEP-0045 section 7.8.
#include "component/contact.hpp"
#include "component/gateway.hpp"
#include "component/muc.hpp"

namespace dragoman {

void Muc::invite(const Stanza& stanza, const Element& x) {
  const Element* invite = x.child("invite");
  if (invite == nullptr) {
    if (x.child("decline") != nullptr) return;  // who is in has not declined
    return gateway_.refuse(stanza, bad_request("There is no invitation in this message."));
  }
  const std::string whom{invite->attr_or("to")};
  std::string reason;
  if (const Element* r = invite->child("reason")) reason = r->text;
  auto jid = Jid::parse(whom);
  if (jid && (jid->domain != gateway_.domain()) && whom.find('@') != whom.npos) {
    if (!room_.is_shared()) return pass_on_invitation(stanza, *jid, reason);
    // Into a room that all share, the network may have to let them in.
    const PersonId person{stanza.from.bare().str()};
    const std::string token = gateway_.new_token();
    gateway_.questions().ask(token, [gateway = &gateway_, person, room = room_.id(), stanza, whom = *jid,
                                     reason](const Questions::Reply& reply) {
      const Muc* muc = gateway->find_room(person, room);
      if (muc == nullptr) return gateway->refuse(stanza, not_acceptable("You are not in this room."));
      const auto* failed = std::get_if<Failed>(&reply);
      if (failed != nullptr && muc->room_.info().members_only)
        return gateway->refuse(stanza, to_error(failed->failure));
      muc->pass_on_invitation(stanza, whom, reason);
    });
    gateway_.network()
        .session_for(person, room_.id())
        .perform({room_.id(), token, Invite{jid->bare().str(), reason}});
    return;
  }
  // nick%server@gateway, server@gateway/Nick, or a bare nick.
  std::string who = whom;
  if (jid && jid->domain == gateway_.domain()) {
    Target target = gateway_.locate(*jid);
    who = target.user() ? gateway_.network().nick_of(*target.user()) : target.nick;
  }
  if (who.empty()) return gateway_.refuse(stanza, bad_request("Say whom to invite."));
  const std::string token = gateway_.new_token();
  gateway_.questions().ask(token, [this_gateway = &gateway_, stanza](const Questions::Reply& reply) {
    if (const auto* failed = std::get_if<Failed>(&reply))
      this_gateway->refuse(stanza, to_error(failed->failure));
  });
  gateway_.network()
      .session_for(PersonId{stanza.from.bare().str()}, room_.id())
      .perform({room_.id(), token, Invite{who, reason}});
}

void Muc::pass_on_invitation(const Stanza& stanza, const Jid& whom, const std::string& reason) const {
  std::string out;
  XmlWriter w(out);
  w.open("message").attr("from", address_).attr("to", whom.str());
  w.open("x", ns::muc_user).open("invite").attr("from", stanza.from.str());
  if (!reason.empty()) w.element("reason", reason);
  w.close();
  if (!password_.empty()) w.element("password", password_);
  w.close().open("x", ns::conference).attr("jid", address_).close().close();
  gateway_.send(out);
}

}  // namespace dragoman
