#include "component/form.hpp"

#include <gmock/gmock.h>

#include "support.hpp"

namespace dragoman {
namespace {

using testing::ElementsAre;

Answers read(const std::string& fields, const std::string& type = "submit") {
  return form::answers(test::element("<x xmlns='jabber:x:data' type='" + type + "'>" + fields + "</x>"));
}

TEST(Form, WritesEveryKindOfField) {
  Form f{"Title", "Do this", {}};
  const std::vector<std::pair<FieldType, std::string>> kinds{
      {FieldType::text, "text-single"},    {FieldType::text_multi, "text-multi"},
      {FieldType::secret, "text-private"}, {FieldType::boolean, "boolean"},
      {FieldType::choice, "list-single"},  {FieldType::choice_multi, "list-multi"},
      {FieldType::addresses, "jid-multi"}, {FieldType::fixed, "fixed"}};
  for (const auto& [type, name] : kinds)
    f.fields.push_back({name, type, "L", "H", true, {"v1", "v2"}, {{"o", "O"}}});
  std::string out;
  XmlWriter w(out);
  form::write(w, f, "urn:form");
  const Element x = test::element(out);
  EXPECT_EQ(x.ns, "jabber:x:data");
  EXPECT_EQ(x.attr_or("type"), "form");
  EXPECT_EQ(x.child("title")->text, "Title");
  EXPECT_EQ(x.child("instructions")->text, "Do this");
  ASSERT_EQ(x.children.size(), 3 + kinds.size());
  EXPECT_EQ(x.children[2].attr_or("type"), "hidden");
  EXPECT_EQ(x.children[2].child("value")->text, "urn:form");
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const Element& field = x.children[3 + i];
    EXPECT_EQ(field.attr_or("type"), kinds[i].second);
    EXPECT_EQ(field.attr_or("var"), kinds[i].second);
    EXPECT_EQ(field.attr_or("label"), "L");
    EXPECT_EQ(field.child("desc")->text, "H");
    EXPECT_NE(field.child("required"), nullptr);
    EXPECT_EQ(field.child("option")->attr_or("label"), "O");
    EXPECT_EQ(field.child("option")->child("value")->text, "o");
  }
  EXPECT_THAT(form::answers(x)["text-multi"], ElementsAre("v1", "v2"));
}

TEST(Form, ReadsAnswers) {
  Answers a = read(
      "<field var='FORM_TYPE'><value>t</value></field><field var='a'><value>1</value><value></value>"
      "<value>2</value></field><field var='cleared'><value/></field><field var='none'/>");
  EXPECT_THAT(a["FORM_TYPE"], ElementsAre("t"));
  EXPECT_THAT(a["a"], ElementsAre("1", "", "2"));
  EXPECT_TRUE(a.contains("cleared") && a["cleared"].empty());
  EXPECT_TRUE(a.contains("none") && a["none"].empty());
  EXPECT_FALSE(a.contains("left out"));
}

TEST(Form, ReadsNothingOfOneThatWasCancelledOrIsNone) {
  EXPECT_TRUE(read("<field var='a'><value>1</value></field>", "cancel").empty());
  EXPECT_TRUE(
      read("<field><value>1</value></field><field xmlns='urn:other' var='a'/><title>t</title>").empty());
}

TEST(Form, IsBounded) {
  std::string fields, values;
  for (int i = 0; i < 3000; ++i) {
    fields += "<field var='" + std::to_string(i) + "'/>";
    values += "<value>x</value>";
  }
  EXPECT_LE(read(fields).size(), 256u);
  EXPECT_LE(read("<field var='a'>" + values + "</field>")["a"].size(), 1024u);
}

}  // namespace
}  // namespace dragoman
