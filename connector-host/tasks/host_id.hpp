// This host's name for itself, kept in its state folder: what makes static group membership recognise it after a crash.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.hpp"

namespace ch::tasks {

Result<std::string> load_host_id(const std::filesystem::path& state_dir);  // makes one at the first call

}  // namespace ch::tasks
