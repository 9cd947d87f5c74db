// What can be made of the tree of commands itself: completion for three shells, and the manual page. Pure functions.
#pragma once

#include <string>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace ch::cli {

std::string bash_completion(const CLI::App& app);
std::string zsh_completion(const CLI::App& app);
std::string fish_completion(const CLI::App& app);
std::string manual_page(const CLI::App& app, const std::string& version);

}  // namespace ch::cli
