#include "bridges/email/doctor_uploads.hpp"

#include <fmt/format.h>

#include "bridges/file_host.hpp"
#include "config/settings.hpp"
#include "mapping/store.hpp"

namespace dragoman::email {

std::vector<Finding> look_at_uploads(const config::Bridge& bridge, Store& store) {
  const std::string& service = bridge.upload_to.service;
  if (service.empty()) return {};
  const auto state = noted_file_host(store, NetworkId{bridge.domain});
  if (!state || state->host != service)
    return {{Finding::Mark::note,
             fmt::format("what {} says to files is not known before dragoman has run", service)}};
  if (!state->trouble.empty())
    return {{Finding::Mark::wrong,
             fmt::format("{} takes no files from us: {}. Let {} upload (Prosody: http_file_share_access, "
                         "ejabberd: access of mod_http_upload)",
                         service, state->trouble, bridge.domain)}};
  const std::string most = state->largest == 0 ? "" : fmt::format(", up to {} bytes", state->largest);
  return {{Finding::Mark::ok, fmt::format("{} takes files of mails{}", service, most)}};
}

}  // namespace dragoman::email
