// Where files can be put so that those who are told of them fetch them there (on XMPP: XEP-0363). The house
// gives networks one; they know nothing of how it works.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "mapping/ids.hpp"

namespace dragoman {

class Store;

struct OfferedFile {
  std::string name;  // without any path
  std::string media_type;
  std::uint64_t size = 0;  // bytes
  std::function<std::optional<std::string>()>
      read;  // when its turn has come; nothing: it is not there any more
};

class FileHost {
 public:
  using Done = std::function<void(std::optional<std::string> url)>;
  virtual ~FileHost() = default;
  // `done` comes once: within the call where it is known that the file will not be taken, else from the loop,
  // after a minute or so at the latest, unless the house ends before. Without a URL the file is not there,
  // for a reason that was logged.
  virtual void put(OfferedFile file, Done done) = 0;
};

// What was last seen of it, kept for whoever looks from outside (dragoman doctor).
struct FileHostState {
  std::string host;
  std::string trouble;        // why it takes nothing from us; empty: it takes files
  std::uint64_t largest = 0;  // bytes; 0: it names no limit
};
bool note_file_host(Store& store, const NetworkId& network, const FileHostState& state);
std::optional<FileHostState> noted_file_host(Store& store, const NetworkId& network);

}  // namespace dragoman
