// `connector-host task apply` and `task set`: what changes a task's configuration and says what it changes. One thread.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/commands/apply.hpp"
#include "cli/commands/client_command.hpp"
#include "cli/commands/task_file.hpp"

namespace ch::cli {

struct ApplyOptions {
  std::optional<bool> enabled;  // whether they run, whatever the files say
  bool dry_run = false;
  bool prune = false;  // tasks that no file names are deleted
  bool yes = false;    // without asking
};

class ApplyCommand : private ClientCommand {
 public:
  ApplyCommand(Client client, ClientOptions options);

  // All is read and checked before anything is changed.
  int apply(const std::vector<std::string>& paths, const ApplyOptions& options);
  // "KEY=VALUE", or "KEY=" to remove it.
  int set(const std::string& name, const std::vector<std::string>& assignments, bool dry_run);

 private:
  struct Plan;

  ExitCode ask_connectors(nlohmann::json& connectors);
  ExitCode plan(Plan& plan, const nlohmann::json& connectors);
  ExitCode plan_all(std::vector<Plan>& plans);
  ExitCode unnamed(const std::vector<Plan>& plans, std::vector<std::string>& names);
  ExitCode carry_out(Plan& plan);
  ExitCode prune(const std::vector<std::string>& names, nlohmann::json& deleted);
  ExitCode await_all(std::vector<Plan>& plans, bool one);
  void tell(const Plan& plan, bool dry_run) const;
  void tell_one(const Plan& plan, bool dry_run) const;
  void tell_all(const std::vector<Plan>& plans, const nlohmann::json& deleted, bool dry_run) const;
};

}  // namespace ch::cli
