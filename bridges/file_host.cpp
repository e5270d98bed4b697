#include "bridges/file_host.hpp"

#include <charconv>

#include "mapping/notes_table.hpp"
#include "mapping/store.hpp"

namespace dragoman {
namespace {

constexpr std::string_view host_note = "file host";

}  // namespace

// "LARGEST HOST TROUBLE": no host has a space in it.
bool note_file_host(Store& store, const NetworkId& network, const FileHostState& state) {
  return store.notes().put(network, host_note, {},
                           std::to_string(state.largest) + " " + state.host + " " + state.trouble);
}

std::optional<FileHostState> noted_file_host(Store& store, const NetworkId& network) {
  const auto kept = store.notes().get(network, host_note, {});
  const std::size_t host = kept ? kept->find(' ') : std::string::npos;
  const std::size_t trouble = host == std::string::npos ? host : kept->find(' ', host + 1);
  if (trouble == std::string::npos) return std::nullopt;
  FileHostState out{kept->substr(host + 1, trouble - host - 1), kept->substr(trouble + 1), 0};
  std::from_chars(kept->data(), kept->data() + host, out.largest);
  return out;
}

}  // namespace dragoman
