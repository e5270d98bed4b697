#include "config/section.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "config/syntax.hpp"

namespace dragoman::config {
namespace {

std::string describe(const YAML::Node& node) {
  switch (node.Type()) {
    case YAML::NodeType::Map: return "a map";
    case YAML::NodeType::Sequence: return "a list";
    case YAML::NodeType::Scalar: return "\"" + node.Scalar() + "\"";
    case YAML::NodeType::Null:
    case YAML::NodeType::Undefined: break;
  }
  return "nothing";
}

bool is_name(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

}  // namespace

std::vector<Problem> Report::in_order() && {
  std::stable_sort(problems_.begin(), problems_.end(),
                   [](const Problem& a, const Problem& b) { return a.line < b.line; });
  return std::move(problems_);
}

std::optional<std::string> expand(const std::string& text, std::string& problem) {
  std::string result;
  for (std::size_t i = 0; i < text.size();) {
    if (text.compare(i, 3, "$${") == 0) {
      result += "${";
      i += 3;
      continue;
    }
    if (text.compare(i, 2, "${") != 0) {
      result += text[i++];
      continue;
    }
    const auto end = text.find('}', i);
    const std::string name = end == std::string::npos ? "" : text.substr(i + 2, end - i - 2);
    if (!is_name(name)) {
      problem =
          "after ${ there has to be the name of an environment variable and }; $${ stands for the text ${";
      return {};
    }
    const char* value = std::getenv(name.c_str());
    if (!value) {
      problem = "the environment variable " + name + " is not set: set it, or write the value here";
      return {};
    }
    result += value;
    i = end + 1;
  }
  return result;
}

Section::Section(Report& report, std::string name, const YAML::Node& node, int line)
    : report_(&report), name_(std::move(name)), line_(line) {
  if (!node.IsMap()) {
    const std::string where = name_.empty() ? "" : name_ + ": ";
    report_->add(line_, where + "a map (key: value) belongs here, not " + describe(node));
    return;
  }
  valid_ = true;
  for (const auto& pair : node) {
    const int key_line = pair.first.Mark().line + 1;
    if (!pair.first.IsScalar()) {
      report_->add(key_line, "a key is a word, not " + describe(pair.first));
      continue;
    }
    const std::string& key = pair.first.Scalar();
    const auto [entry, fresh] = entries_.try_emplace(key, Entry{pair.second, key_line});
    if (fresh) {
      order_.push_back(key);
    } else {
      report_->add(key_line, path_of(key) + ": stands here a second time (first in line " +
                                 std::to_string(entry->second.key_line) + "): remove one of them");
    }
  }
}

std::string Section::path_of(const std::string& key) const { return name_.empty() ? key : name_ + "." + key; }

int Section::line_of(const std::string& key) const {
  const auto entry = entries_.find(key);
  return entry == entries_.end() ? line_ : entry->second.key_line;
}

int Section::line_at(const YAML::Node& node, const std::string& key) const {
  const int line = node.Mark().line + 1;
  return line > 0 && !node.IsNull() ? line : line_of(key);
}

void Section::wrong(const std::string& key, const std::string& text) const {
  const auto entry = entries_.find(key);
  report_->add(entry == entries_.end() ? line_ : line_at(entry->second.value, key),
               path_of(key) + ": " + text);
}

const YAML::Node* Section::find(const std::string& key) {
  known_.push_back(key);
  const auto entry = entries_.find(key);
  return entry == entries_.end() ? nullptr : &entry->second.value;
}

std::optional<std::string> Section::scalar(const std::string& key, const YAML::Node& node,
                                           const std::string& expected) const {
  if (!node.IsScalar()) {
    report_->add(line_at(node, key), path_of(key) + ": " + expected + " belongs here, not " + describe(node));
    return {};
  }
  std::string problem;
  auto text = expand(node.Scalar(), problem);
  if (!text) report_->add(line_at(node, key), path_of(key) + ": " + problem);
  return text;
}

std::optional<std::string> Section::text(const std::string& key) {
  const YAML::Node* node = find(key);
  return node ? scalar(key, *node, "a text") : std::nullopt;
}

std::optional<std::string> Section::secret(const std::string& key) {
  const YAML::Node* node = find(key);
  if (!node) return {};
  if (!node->IsNull()) return scalar(key, *node, "a text");
  return std::string();  // the caller says what a missing secret means
}

std::optional<std::int64_t> Section::to_number(const std::string& key, const YAML::Node& node,
                                               std::int64_t low, std::int64_t high) const {
  const std::string expected = "a number from " + std::to_string(low) + " to " + std::to_string(high);
  const auto text = scalar(key, node, expected);
  if (!text) return {};
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size() || value < low || value > high) {
    report_->add(line_at(node, key), path_of(key) + ": " + expected + " belongs here, not " + describe(node));
    return {};
  }
  return value;
}

std::optional<std::int64_t> Section::number(const std::string& key, std::int64_t low, std::int64_t high) {
  const YAML::Node* node = find(key);
  return node ? to_number(key, *node, low, high) : std::nullopt;
}

std::optional<bool> Section::boolean(const std::string& key) {
  const YAML::Node* node = find(key);
  if (!node) return {};
  const auto text = scalar(key, *node, "true or false");
  if (!text) return {};
  const std::string word = lower(*text);
  if (word == "true" || word == "yes" || word == "on") return true;
  if (word == "false" || word == "no" || word == "off") return false;
  wrong(key, "true or false belongs here, not " + describe(*node));
  return {};
}

std::optional<std::size_t> Section::choice(const std::string& key, const std::vector<std::string>& words) {
  const YAML::Node* node = find(key);
  if (!node) return {};
  const std::string expected = "one of " + joined(words, ", ");
  const auto text = scalar(key, *node, expected);
  if (!text) return {};
  const auto found = std::find(words.begin(), words.end(), *text);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  const std::string near = nearest(*text, words);
  wrong(key, expected + " belongs here, not " + describe(*node) +
                 (near.empty() ? "" : "; did you mean \"" + near + "\"?"));
  return {};
}

std::optional<std::vector<std::uint16_t>> Section::ports(const std::string& key) {
  const YAML::Node* node = find(key);
  if (!node) return {};
  if (!node->IsSequence()) {
    wrong(key, "a list of ports like [6667, 6697] belongs here, not " + describe(*node));
    return {};
  }
  std::vector<std::uint16_t> ports;
  bool good = true;
  for (const auto& item : *node) {
    const auto port = to_number(key, item, 1, 65535);
    good = good && port.has_value();
    if (port) ports.push_back(static_cast<std::uint16_t>(*port));
  }
  return good ? std::optional(std::move(ports)) : std::nullopt;
}

std::optional<std::vector<std::pair<std::string, int>>> Section::texts(const std::string& key) {
  const YAML::Node* node = find(key);
  if (!node) return {};
  if (!node->IsSequence()) {
    wrong(key, "a list like [one, two] belongs here, not " + describe(*node));
    return {};
  }
  std::vector<std::pair<std::string, int>> items;
  for (const auto& item : *node) {
    if (auto text = scalar(key, item, "a text")) items.emplace_back(std::move(*text), line_at(item, key));
  }
  return items;
}

std::optional<Section> Section::map(const std::string& key) {
  const YAML::Node* node = find(key);
  if (!node) return {};
  return Section(*report_, path_of(key), *node, line_of(key));
}

std::optional<std::vector<Section>> Section::maps(const std::string& key) {
  const YAML::Node* node = find(key);
  if (!node) return {};
  if (!node->IsSequence()) {
    wrong(key, "a list (each item begins with \"- \") belongs here, not " + describe(*node));
    return {};
  }
  std::vector<Section> sections;
  std::size_t index = 0;
  for (const auto& item : *node) {
    sections.emplace_back(*report_, path_of(key) + "[" + std::to_string(index++) + "]", item,
                          line_at(item, key));
  }
  return sections;
}

std::vector<std::pair<std::string, Section>> Section::named_maps() {
  std::vector<std::pair<std::string, Section>> sections;
  for (const std::string& key : order_) {
    known_.push_back(key);
    const Entry& entry = entries_.at(key);
    sections.emplace_back(key, Section(*report_, path_of(key), entry.value, entry.key_line));
  }
  return sections;
}

void Section::finish(const std::function<std::string(const std::string&)>& hint) const {
  for (const std::string& key : order_) {
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    const std::string near = nearest(key, known_);
    std::string text = hint ? hint(key) : std::string();
    if (text.empty() && !near.empty()) text = "there is no such key; did you mean \"" + near + "\"?";
    if (text.empty()) text = "there is no such key here; there are " + joined(known_, ", ");
    report_->add(entries_.at(key).key_line, path_of(key) + ": " + text);
  }
}

void assign_text(Section& section, const std::string& key, std::string& target) {
  const auto text = section.text(key);
  if (!text) return;
  if (text->empty()) {
    section.wrong(key, "is empty: give it a value, or leave the key out for the default, \"" + target + "\"");
  } else {
    target = *text;
  }
}

void check_readable(Section& section, const std::string& key, const std::string& path) {
  std::error_code none;
  if (std::filesystem::is_directory(path, none)) {
    section.wrong(key, path + " is a folder: name a file");
  } else if (!std::ifstream(path)) {
    section.wrong(key,
                  path + " can't be read (" + std::strerror(errno) + "): mend its path or its permissions");
  }
}

}  // namespace dragoman::config
