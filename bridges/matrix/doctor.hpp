// Whether a homeserver can be worked with, and what to mend: line by line, for an admin.
#pragma once

#include <cstdio>

namespace dragoman {
class Store;
namespace config {
struct Bridge;
}
}  // namespace dragoman

namespace dragoman::matrix {

// Looks at the homeserver, the registration, the way back from the homeserver, media, public_url and the
// clock. Runs a loop of its own, at most some minutes; dragoman itself may be running meanwhile. How many
// things are wrong.
int doctor(const config::Bridge& bridge, Store& store, std::FILE* out);

}  // namespace dragoman::matrix
