// The keys of a bridge to Matrix.
#pragma once

#include "config/section.hpp"
#include "config/settings.hpp"

namespace dragoman::config {

// Reads them from the bridge's own section; what is wrong goes to `report`.
void read_matrix(Section& section, Report& report, Matrix& matrix);

}  // namespace dragoman::config
