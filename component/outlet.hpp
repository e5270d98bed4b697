// Where stanzas go out. The stream in the program, a list in tests: so the core is tested with no loop at
// all.
#pragma once

#include <cstdint>
#include <string_view>

namespace dragoman {

class Outlet {
 public:
  virtual ~Outlet() = default;
  virtual bool send(std::string_view stanza) = 0;  // a whole stanza; false: dropped, the link is down
  virtual bool up() const = 0;
  // Where in all that is ever written the last stanza ends; Gateway::on_written() says how far that has come.
  virtual std::uint64_t position() const { return 0; }
  virtual void soon() {}  // Gateway::tell_kept() is to be called in a later turn of the loop
};

}  // namespace dragoman
