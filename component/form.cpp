#include "component/form.hpp"

#include "component/stanza.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::form {

namespace {

// No honest form has more; what is beyond is not read.
constexpr std::size_t max_fields = 256, max_values = 1024;

std::string_view type_name(FieldType type) {
  switch (type) {
    case FieldType::text: return "text-single";
    case FieldType::text_multi: return "text-multi";
    case FieldType::secret: return "text-private";
    case FieldType::boolean: return "boolean";
    case FieldType::choice: return "list-single";
    case FieldType::choice_multi: return "list-multi";
    case FieldType::addresses: return "jid-multi";
    case FieldType::fixed: return "fixed";
  }
  return "text-single";
}

void write_field(XmlWriter& out, const Field& field) {
  out.open("field")
      .attr_if("var", field.name)
      .attr("type", type_name(field.type))
      .attr_if("label", field.label);
  if (!field.help.empty()) out.element("desc", field.help);
  if (field.required) out.open("required").close();
  for (const std::string& value : field.values) out.element("value", value);
  for (const FieldOption& option : field.options)
    out.open("option").attr_if("label", option.label).element("value", option.value).close();
  out.close();
}

}  // namespace

void write(XmlWriter& out, const Form& form, std::string_view form_type) {
  out.open("x", ns::data_form).attr("type", "form");
  if (!form.title.empty()) out.element("title", form.title);
  if (!form.instructions.empty()) out.element("instructions", form.instructions);
  if (!form_type.empty())
    out.open("field").attr("var", "FORM_TYPE").attr("type", "hidden").element("value", form_type).close();
  for (const Field& field : form.fields) write_field(out, field);
  out.close();
}

Answers answers(const Element& x) {
  Answers out;
  if (x.attr_or("type") == "cancel") return out;
  for (const Element& field : x.children) {
    const std::string* name = field.attr("var");
    if (field.name != "field" || field.ns != x.ns || !name || out.size() >= max_fields) continue;
    std::vector<std::string>& values = out[*name];
    for (const Element& value : field.children)
      if (value.name == "value" && value.ns == x.ns && values.size() < max_values)
        values.push_back(xml_clean(value.text));
    // A client empties a line of text by sending an empty value.
    if (values.size() == 1 && values.front().empty()) values.clear();
  }
  return out;
}

}  // namespace dragoman::form
