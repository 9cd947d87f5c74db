// What options are read into, and the options that many commands have. One thread.
#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "cli/client.hpp"
#include "cli/commands/apply_command.hpp"
#include "cli/commands/events_command.hpp"
#include "cli/commands/host_commands.hpp"
#include "cli/commands/state_commands.hpp"
#include "cli/commands/task_commands.hpp"
#include "cli/contexts.hpp"
#include "cli/exit_code.hpp"
#include "cli/options.hpp"
#include "cli/views.hpp"

namespace ch::cli {

struct Parsed {
  HostOptions host;
  ClientOptions client;
  DevOptions dev;
  std::vector<std::string> task_files, assignments;
  std::string wait, retry, name, file, instance, plugin, shell;
  bool enabled = false, disabled = false, dry_run = false, discard = false, watch = false, follow = false, preflight = false, ready = false,
       prune = false, yes = false;
  std::int64_t after = -1;
  std::string since;
  int limit = 100, tail = 0;
  Selection selection;
  ObjectsOptions objects;
  VerifyOptions verify;
  std::int32_t partition = -1;
  Context context;
  std::function<int()> command;  // that was chosen
};

// Not CLI11's envname: that is applied by every command of the tree, over what was given to the one that is run.
void take_environment(Parsed& parsed);

void add_output(CLI::App* command, Parsed& parsed);
void add_client_options(CLI::App* command, Parsed& parsed);  // how to reach the host
void add_wait(CLI::App* command, Parsed& parsed, const std::string& until);
void add_since(CLI::App* command, Parsed& parsed);  // and how many: which events
EventsOptions events_options(const Parsed& parsed);

// What is given, then the environment, then the context.
Result<ClientOptions> connection(Parsed& parsed);
Result<Client> make_client(const Result<ClientOptions>& options);

// A command that asks a host.
template <class Command>
CLI::App* add_client_command(CLI::App* parent, Parsed& parsed, const std::string& name, const std::string& help,
                             std::function<int(Command&)> run) {
  auto* command = parent->add_subcommand(name, help);
  add_client_options(command, parsed);
  add_output(command, parsed);
  command->callback([&parsed, run = std::move(run)] {
    parsed.command = [&parsed, run]() -> int {
      const auto options = connection(parsed);
      auto client = make_client(options);
      if (!client) {
        fmt::print(stderr, "{}", refusal(client.error().message, {}));
        return kUsage;
      }
      Command commands(std::move(*client), *options);
      return run(commands);
    };
  });
  return command;
}

}  // namespace ch::cli
