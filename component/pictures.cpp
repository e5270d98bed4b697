#include "component/pictures.hpp"

#include "component/digest.hpp"
#include "component/stanza.hpp"

namespace dragoman::pictures {

std::string hash_of(const Picture& picture) { return sha1_hex(picture.bytes); }

void write_metadata(XmlWriter& out, const Picture& picture, std::string_view hash) {
  out.open("item").attr("id", hash).open("metadata", ns::avatar_metadata).open("info");
  out.attr("bytes", std::to_string(picture.bytes.size())).attr("id", hash).attr("type", picture.media_type);
  out.close().close().close();
}

}  // namespace dragoman::pictures
