// The keys of a bridge to email.
#pragma once

#include <string>

#include "config/section.hpp"
#include "config/settings.hpp"

namespace dragoman::config {

// Reads them from the bridge's own section; what is wrong goes to `report`. `domain` is the bridge's, where
// it is known: our people's addresses end with it unless the section says otherwise.
void read_email(Section& section, Report& report, const std::string& domain, Email& email,
                UploadTo& upload_to);

}  // namespace dragoman::config
