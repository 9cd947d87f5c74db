// `connector-host context list|use|set`: which hosts the user's file knows, and which one is meant. One thread.
#pragma once

#include <string>

#include "cli/contexts.hpp"

namespace ch::cli {

int list_contexts(bool json);
int use_context(const std::string& name);
int set_context(const std::string& name, const Context& context);

}  // namespace ch::cli
