// The facets of a gateway that answer iq stanzas: each declares its namespaces to the router. One XEP family
// a file.
#pragma once

#include <string>

namespace dragoman {

class Gateway;
struct ArchiveLine;

void add_disco(Gateway& gateway);         // XEP-0030
void add_basics(Gateway& gateway);        // XEP-0199 ping, 0092 version, 0202 time
void add_vcard(Gateway& gateway);         // XEP-0054, and XEP-0292's own
void add_avatars(Gateway& gateway);       // XEP-0084
void add_search(Gateway& gateway);        // XEP-0055 and XEP-0433
void add_registration(Gateway& gateway);  // XEP-0077, and XEP-0100's jabber:iq:gateway
void add_rooms(Gateway& gateway);         // XEP-0045's muc#admin and muc#owner
void add_archive(Gateway& gateway);       // XEP-0313
void add_moderation(Gateway& gateway);    // XEP-0425's iq

// The id that a stored message's own stanza had (XEP-0359 origin-id), where it had one; else the archive's.
std::string stanza_id_of(const ArchiveLine& line);
// The text of a stored message's <body/>.
std::string body_of(const std::string& payload);

}  // namespace dragoman
