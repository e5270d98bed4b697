// What a form was answered with, field by field.
#pragma once

#include <string>

#include "bridges/form.hpp"

namespace dragoman {

// The (first) value of a field; empty where it was left out.
std::string first_answer(const Answers& answers, const std::string& name);
std::string trimmed_answer(const Answers& answers,
                           const std::string& name);  // without what is blank around it

}  // namespace dragoman
