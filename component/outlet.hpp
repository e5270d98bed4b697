// Where stanzas go out. The stream in the program, a list in tests: so the core is tested with no loop at
// all.
#pragma once

#include <string_view>

namespace dragoman {

class Outlet {
 public:
  virtual ~Outlet() = default;
  virtual bool send(std::string_view stanza) = 0;  // a whole stanza; false: dropped, the link is down
  virtual bool up() const = 0;
};

}  // namespace dragoman
