// `connector-host task enable|disable|pause|resume|restart|delete`: of a task, or of many. One thread.
#pragma once

#include <string>
#include <vector>

#include "cli/commands/client_command.hpp"

namespace ch::cli {

// Which tasks are meant.
struct Selection {
  std::vector<std::string> names;  // or patterns with * ? [...]
  std::string state;               // only those that are in it; "" any
  bool all = false;

  bool by_name() const;  // each is named, so that nothing is looked for
};

class StateCommands : private ClientCommand {
 public:
  StateCommands(Client client, ClientOptions options);

  int act(const std::string& action, const Selection& selection);
  int remove(const Selection& selection, bool discard, bool yes);

 private:
  ExitCode choose(const Selection& selection, std::vector<std::string>& names);
  ExitCode send(const std::string& action, const std::string& name, nlohmann::json& status);
  void print_all(const nlohmann::json& statuses) const;
};

}  // namespace ch::cli
