#include "bridges/matrix/relations.hpp"

#include <algorithm>
#include <chrono>

#include "bridges/matrix/json.hpp"
#include "mapping/notes_table.hpp"

namespace dragoman::matrix {

namespace {

// By the event: "user target" (neither has a space in it). By "target user": [[key, event id], …].
constexpr std::string_view by_event = "reaction", by_target = "reactions";
constexpr auto keep = std::chrono::hours(24 * 90);
constexpr std::size_t at_once = 2000;

using Given = std::vector<std::pair<std::string, std::string>>;

Given read(std::string_view note) {
  Given found;
  const std::optional<json::value> value = parse_json(note);
  const json::array* list = value ? value->if_array() : nullptr;
  if (list == nullptr) return found;
  for (const json::value& entry : *list) {
    const json::array* pair = entry.if_array();
    if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_string() || !(*pair)[1].is_string()) continue;
    found.emplace_back((*pair)[0].get_string(), (*pair)[1].get_string());
  }
  return found;
}

std::string write(const Given& reactions) {
  json::array list;
  for (const auto& [key, event_id] : reactions) list.push_back(json::array{key, event_id});
  return json::serialize(list);
}

std::string target_key(const std::string& target, const std::string& user) { return target + ' ' + user; }

}  // namespace

ReactionNotes::ReactionNotes(Store& store, NetworkId network) : store_(store), network_(std::move(network)) {}

bool ReactionNotes::note(const std::string& user, const std::string& target, const std::string& key,
                         const std::string& event_id) {
  const auto has_space = [](const std::string& text) { return text.find(' ') != std::string::npos; };
  if (has_space(user) || has_space(target)) return false;
  Given all = of(user, target);
  if (all.size() >= most) return false;
  if (std::any_of(all.begin(), all.end(), [&](const auto& r) { return r.second == event_id; })) return false;
  all.emplace_back(key, event_id);
  NotesTable& notes = store_.notes();
  notes.put(network_, by_event, event_id, user + ' ' + target);
  notes.put(network_, by_target, target_key(target, user), write(all));
  return true;
}

std::optional<ReactionNotes::Reaction> ReactionNotes::forget(const std::string& event_id) {
  NotesTable& notes = store_.notes();
  const std::optional<std::string> note = notes.get(network_, by_event, event_id);
  if (!note) return std::nullopt;
  const std::size_t space = note->find(' ');
  if (space == std::string::npos) return std::nullopt;
  Reaction gone{note->substr(0, space), note->substr(space + 1)};
  notes.erase(network_, by_event, event_id);
  Given all = of(gone.user, gone.target);
  std::erase_if(all, [&](const auto& r) { return r.second == event_id; });
  const std::string key = target_key(gone.target, gone.user);
  if (all.empty()) {
    notes.erase(network_, by_target, key);
  } else {
    notes.put(network_, by_target, key, write(all));
  }
  return gone;
}

std::vector<std::pair<std::string, std::string>> ReactionNotes::of(const std::string& user,
                                                                   const std::string& target) const {
  const std::optional<std::string> note = store_.notes().get(network_, by_target, target_key(target, user));
  return note ? read(*note) : Given{};
}

std::vector<ReactionNotes::Set> ReactionNotes::on(const std::string& target) const {
  std::vector<Set> found;
  for (const auto& [key, note] : store_.notes().all(network_, by_target, target + ' '))
    found.push_back({key.substr(target.size() + 1), read(note)});
  return found;
}

void ReactionNotes::prune() {
  const auto before =
      std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now()) - keep;
  store_.notes().prune(network_, by_event, before, at_once);
  store_.notes().prune(network_, by_target, before, at_once);
}

}  // namespace dragoman::matrix
