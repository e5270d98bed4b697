// A mail as the corpus expects it: one line a fact, texts behind "| ".
#pragma once

#include <string>

#include "bridges/email/mail.hpp"

namespace dragoman::email {

std::string summary(const Mail& mail);

}  // namespace dragoman::email
