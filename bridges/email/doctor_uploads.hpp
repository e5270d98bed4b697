// What dragoman's doctor says of the service that files of mails are put on.
#pragma once

#include <vector>

#include "bridges/email/doctor_accounts.hpp"

namespace dragoman::email {

// Only the component may ask it, and that is dragoman itself: this is what it was told last.
std::vector<Finding> look_at_uploads(const config::Bridge& bridge, Store& store);

}  // namespace dragoman::email
