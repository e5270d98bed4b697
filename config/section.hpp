// One map of the file, read key by key. Whatever is wrong becomes a problem and the default stays; nothing
// throws.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <yaml-cpp/yaml.h>

#include "config/settings.hpp"

namespace dragoman::config {

// Where problems go.
class Report {
 public:
  explicit Report(std::string file) : file_(std::move(file)) {}
  void add(int line, std::string text) { problems_.push_back({file_, line, std::move(text)}); }
  std::vector<Problem> in_order() &&;

 private:
  std::string file_;
  std::vector<Problem> problems_;
};

class Section {
 public:
  // `name` is how problems call it ("xmpp", "bridges[0]"); empty: the file. `line` is where it begins.
  Section(Report& report, std::string name, const YAML::Node& node, int line);

  int line() const { return line_; }
  int line_of(const std::string& key) const;  // the section's where the key is missing
  // "xmpp.port"
  std::string path_of(const std::string& key) const;
  void wrong(const std::string& key,
             const std::string& text) const;  // a problem at the key: "xmpp.port: <text>"
  const std::string& name() const { return name_; }

  bool has(const std::string& key) const { return entries_.contains(key); }
  bool valid() const { return valid_; }  // it is a map at all

  // Each marks its key as known. Nothing where the key is missing or its value is wrong (then it was
  // reported).
  std::optional<std::string> text(const std::string& key);
  std::optional<std::string> secret(const std::string& key);  // never shown
  std::optional<std::int64_t> number(const std::string& key, std::int64_t low, std::int64_t high);
  std::optional<bool> boolean(const std::string& key);
  // The index of the word among `words`.
  std::optional<std::size_t> choice(const std::string& key, const std::vector<std::string>& words);
  std::optional<std::vector<std::uint16_t>> ports(const std::string& key);
  // Items with their lines.
  std::optional<std::vector<std::pair<std::string, int>>> texts(const std::string& key);
  std::optional<Section> map(const std::string& key);
  std::optional<std::vector<Section>> maps(const std::string& key);
  // All keys, whatever they are, in the order of the file, each with a map.
  std::vector<std::pair<std::string, Section>> named_maps();

  // Reports every key that nobody asked for. `hint` may say more about one; an empty answer is none.
  void finish(const std::function<std::string(const std::string&)>& hint = {}) const;

 private:
  struct Entry {
    YAML::Node value;
    int key_line = 0;
  };

  const YAML::Node* find(const std::string& key);
  // A scalar's text with ${NAME} replaced.
  std::optional<std::string> scalar(const std::string& key, const YAML::Node& node,
                                    const std::string& expected) const;
  std::optional<std::int64_t> to_number(const std::string& key, const YAML::Node& node, std::int64_t low,
                                        std::int64_t high) const;
  int line_at(const YAML::Node& node, const std::string& key) const;

  Report* report_;
  std::string name_;
  int line_;
  bool valid_ = false;
  std::map<std::string, Entry> entries_;
  std::vector<std::string> order_;
  std::vector<std::string> known_;
};

template <class T, class V>
void assign(T& target, const std::optional<V>& value) {
  if (value) target = static_cast<T>(*value);
}
// A text that is not empty.
void assign_text(Section& section, const std::string& key, std::string& target);
void check_readable(Section& section, const std::string& key, const std::string& path);

// `text` with each ${NAME} replaced by the environment's value, and $${ by ${. On a name that isn't set, or
// an unfinished one, what is wrong goes to `problem` and the answer is nothing.
std::optional<std::string> expand(const std::string& text, std::string& problem);

}  // namespace dragoman::config
