// Log lines as JSON objects, one a line: {"time": …, "level": …, "text": …}.
#pragma once

#include <memory>

#include <spdlog/formatter.h>

namespace dragoman {

std::unique_ptr<spdlog::formatter> make_json_formatter();

}  // namespace dragoman
