// Where the pages of homeservers' directories begin. A directory is read page by page, each by the token that
// the one before ended with (client-server API, POST /publicRooms): kept, so that the next page is one
// question, whoever asks it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dragoman::matrix {

class DirectoryPages {
 public:
  struct Page {
    std::string server, words;  // what is searched
    std::string since;          // its token; the first has none
    std::size_t offset = 0;     // of its first room
  };
  static constexpr std::size_t most = 256;

  // The last page that is known to begin at or before this offset.
  Page before(std::string_view server, std::string_view words, std::size_t offset) const {
    Page found{std::string(server), std::string(words), {}, 0};
    for (const Page& page : known_) {
      if (page.server == server && page.words == words && page.offset <= offset &&
          page.offset >= found.offset)
        found = page;
    }
    return found;
  }
  // The oldest goes where they are too many.
  void put(Page page) {
    std::erase_if(known_, [&](const Page& known) {
      return known.server == page.server && known.words == page.words && known.offset == page.offset;
    });
    if (known_.size() >= most) known_.erase(known_.begin());
    known_.push_back(std::move(page));
  }

 private:
  std::vector<Page> known_;
};

}  // namespace dragoman::matrix
