// Whether a mail server can be worked with, and what to mend: line by line, for an admin.
#pragma once

#include <cstdio>

namespace dragoman {
class Store;
namespace config {
struct Bridge;
}
}  // namespace dragoman

namespace dragoman::email {

// Looks at the domain's DNS, at LMTP, at the server that takes our mail, whether a mail that goes out by it
// comes back to the dragoman that runs, at public_url, and at the servers of people's own accounts. No mail
// goes to anybody. Runs a loop of its own, at most some minutes; dragoman itself may be running meanwhile.
// How many things are wrong.
int doctor(const config::Bridge& bridge, Store& store, std::FILE* out);

}  // namespace dragoman::email
