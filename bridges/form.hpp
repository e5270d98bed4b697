// Things a person can ask a network to do by filling in a form, neutral between XEP-0050/0004 and whatever
// else shows forms. A procedure keeps no state between its steps: it is given all answers so far.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "bridges/reason.hpp"

namespace dragoman {

enum class FieldType { text, text_multi, secret, boolean, choice, choice_multi, addresses, fixed };

struct FieldOption {
  std::string value, label;
};

struct Field {
  std::string name;
  FieldType type = FieldType::text;
  std::string label;
  std::string help;
  bool required = false;
  std::vector<std::string> values;  // the value now, or the default
  std::vector<FieldOption> options;
};

struct Form {
  std::string title;
  std::string instructions;
  std::vector<Field> fields;
};

struct Note {
  std::string text;
  bool warning = false;
};

// Fields the form left out are not in the map, and keep their value; an empty vector clears one.
using Answers = std::map<std::string, std::vector<std::string>>;

// A form to fill in next, the last word, or why not.
using Outcome = std::variant<Form, Note, Failure>;

struct Procedure {
  std::string node;  // "configure"
  std::string name;  // for people
  bool admin_only = false;
};

}  // namespace dragoman
