// Stanza <-> neutral content. `parse` reads what a client sent, `render` writes what a client reads; between
// them nothing of XMPP is known, and nothing of any network here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridges/event.hpp"
#include "component/stanza.hpp"

namespace dragoman::parse {

// What a message stanza says, or nothing where it says nothing to us (a bare <composing/> is Typing; a
// message with only hints is nothing). Reply fallback (XEP-0428) is cut out of the body and becomes the
// quote's text; XEP-0393 markup becomes spans (unless <unstyled/>), XEP-0372's mentions and XEP-0382 too;
// XEP-0066, 0447 and 0385 become attachments; "/me " becomes an action; XEP-0308, 0424, 0425, 0444, 0461,
// 0085, 0184/0333, subject. Targets are the stanza's own ids: for a group chat of XEP-0359 or the sender's,
// as the XEP has it.
std::optional<Content> content(const Stanza& message);

// XEP-0393 to spans: the markers leave the text. Exact to the XEP's rules, linear in time.
Text styled(std::string_view body);
// Whether it has a character of that markup at all: most lines of chat have none.
bool has_markers(std::string_view body);

}  // namespace dragoman::parse

namespace dragoman::render {

// The children of a <message/> that says this, from <body/> on: all but addresses, ids, delay. `is_group`:
// whether the conversation is a room (XEP-0461's and 0424's choice of ids is the caller's: it has put the
// right ones into targets). Formatting: XEP-0393 markers in <body/> where they can stand (else none), and
// XHTML-IM beside it when there are spans. `room`: the room's bare address, for what names its occupants
// (XEP-0372, and XEP-0461's `to`); empty: nobody is named.
void content(XmlWriter& out, const Content& content, bool is_group, std::string_view room = {});

// Text with its spans as XEP-0393; a span that can't be said so is left out.
std::string styled(const Text& text);
// The <html xmlns=xhtml-im> element.
void xhtml(XmlWriter& out, const Text& text);

}  // namespace dragoman::render

namespace dragoman {

// The id that an edit, a reply, a reaction and so on points at; null where it points at nothing.
MessageId* target_of(Content& content);

// Most clients show a file only where its URL is all of the body: a message with files and a text is several
// stanzas, each file by itself and then the text; so is its correction. The first has the message's id, each
// other part_id(id, 1), (id, 2), … Everything else stays as it is.
std::vector<Content> for_xmpp(const Content& content);
MessageId part_id(const MessageId& id, std::size_t part);  // of part 0: `id`
// The message that a client means which refers to one of its parts.
MessageId whole_id(const MessageId& id);

}  // namespace dragoman
