// Which host the client commands talk to, and how: options and environment, else a context of the user's file
// ($XDG_CONFIG_HOME or ~/.config)/connector-host/config.json:
//   {"current": "production", "contexts": {"production": {"url": "https://...", "token.file": "...", "ca": "..."}}}
// One thread.
#pragma once

#include <map>
#include <string>

#include "base/result.hpp"
#include "cli/options.hpp"

namespace ch::cli {

constexpr const char* kDefaultUrl = "http://127.0.0.1:8083";

// Fills what `options` leaves empty. A context that is only the current one counts as a whole or not at all: with an
// address from elsewhere its token is not used. Error: what is wrong with the file, or that there is no such context.
Result<ClientOptions> with_context(ClientOptions options, const std::map<std::string, std::string>& environment);

struct Context {
  std::string url, token_file, ca;  // "" not given
};
struct Contexts {
  std::string current;
  std::map<std::string, Context> all;
};
Result<Contexts> contexts_of(const std::map<std::string, std::string>& environment);
// The file is written anew as a whole, for its owner alone. Error: there is no such context, or the file cannot be written.
Status make_current(const std::string& name, const std::map<std::string, std::string>& environment);
// What `context` does not give stays as it is. Error also: a new one needs a url.
Status keep_context(const std::string& name, const Context& context, const std::map<std::string, std::string>& environment);

}  // namespace ch::cli
