// This host's name for itself, kept in its state folder: what makes static group membership recognise it after a crash.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.hpp"

namespace ch {

Result<std::string> load_host_id(const std::filesystem::path& state_dir);  // makes one at the first call
// How group.instance.id of this host's runners begins; the runner's number follows.
inline std::string member_prefix(const std::string& host_id) { return "connector-host-" + host_id + "-"; }

}  // namespace ch
