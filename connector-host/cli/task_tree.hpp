// The commands below `task`. One thread.
#pragma once

#include "cli/parsed.hpp"

namespace ch::cli {

void add_task_tree(CLI::App& app, Parsed& parsed);

}  // namespace ch::cli
