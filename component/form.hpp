// XEP-0004: a neutral form as <x xmlns='jabber:x:data'/>, and the answers out of one that was filled in.
#pragma once

#include <string_view>

#include "bridges/form.hpp"
#include "component/xml.hpp"

namespace dragoman::form {

// `form_type` (XEP-0068) is told in a hidden field where there is one.
void write(XmlWriter& out, const Form& form, std::string_view form_type = {});
// What a submitted form says, FORM_TYPE included; a field without a value has an empty vector. None where it
// was cancelled.
Answers answers(const Element& x);

}  // namespace dragoman::form
