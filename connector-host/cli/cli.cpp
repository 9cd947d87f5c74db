#include "cli/cli.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "app/version.hpp"
#include "cli/commands/context_commands.hpp"
#include "cli/commands/host_commands.hpp"
#include "cli/commands/task_commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/parsed.hpp"
#include "cli/shells.hpp"
#include "cli/task_tree.hpp"
#include "cli/views.hpp"
#include "config/host_config.hpp"

namespace ch::cli {
namespace {

constexpr std::array<std::string_view, 5> kConnection = {"--url", "--token", "--ca", "--context", "--retry"};

constexpr const char* kFooter = R"(Exit status: 0 done, 1 refused or failed, 2 wrong usage, 3 no such task, 4 conflict, 5 --wait ran out,
6 host not reachable, 7 `verify` found what is stored incomplete or not there once, 8 not allowed: no token, a wrong one, or
one without the right. Results go to standard output, everything else to standard error.

To look around: connector-host dev      To run a host: connector-host serve --config host.json)";

void add_host_options(CLI::App* command, Parsed& parsed) {
  command->add_option("--config", parsed.host.config, "JSON file with the host's configuration")->type_name("FILE");
  command->add_option("--set", parsed.host.sets, "One key of it, over the file and the environment; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
}

void add_host_commands(CLI::App& app, Parsed& parsed) {
  auto* serve_command = app.add_subcommand("serve", "Run the host in the foreground; SIGTERM or SIGINT ends it in order");
  add_host_options(serve_command, parsed);
  serve_command->footer(
      "Every key can also be an environment variable: CONNECTOR_HOST_ and the key in upper case with _ for each dot.\nExample: "
      "connector-host serve "
      "--set bootstrap.servers=broker:9092 --set state.dir=/var/lib/connector-host");
  serve_command->callback([&parsed] { parsed.command = [&parsed] { return serve(parsed.host); }; });

  auto* dev_command = app.add_subcommand("dev", "Run a host with an embedded broker, a COS emulator, and a sample topic and task");
  dev_command->add_option("--listen", parsed.dev.listen,
                          "Address of the REST API: URL, HOST:PORT or :PORT (of this machine); port 0 takes a free one [" +
                              std::string(kDefaultUrl) + ", or a free port if that is taken]");
  dev_command->add_option("--dir", parsed.dev.dir, "Where state and objects go and stay [a temporary folder, removed at the end]");
  dev_command->add_flag("!--no-sample", parsed.dev.sample, "Without the sample topic and task");
  dev_command->footer(
      "The embedded broker keeps about 5 MiB a partition, and a consumer group's first join takes it about 3 s.\nIt begins anew with every "
      "run: what an "
      "earlier run left in --dir is moved to a folder earlier-* in it.");
  dev_command->callback([&parsed] { parsed.command = [&parsed] { return dev(parsed.dev); }; });

  auto* check_command = app.add_subcommand("check", "Validate the host's configuration and task files without starting");
  add_host_options(check_command, parsed);
  check_command->add_option("taskfile", parsed.task_files, "Task files to validate against it; - reads standard input")
      ->type_name("TASKFILE");
  check_command->add_flag("--preflight", parsed.preflight, "Also ask the brokers of every instance");
  check_command->footer("Every problem is printed; exit status 0 if there is none, else 1.");
  check_command->callback([&parsed] { parsed.command = [&parsed] { return check(parsed.host, parsed.task_files, parsed.preflight); }; });
}

void add_about(CLI::App& app, Parsed& parsed) {
  auto* topics = add_client_command<TaskCommands>(&app, parsed, "topics", "List the topics that can be archived, and which tasks do it",
                                                  [&](TaskCommands& c) { return c.topics(parsed.instance); });
  topics->add_option("--instance", parsed.instance, "Only this instance's")->type_name("ID");

  auto* health =
      add_client_command<TaskCommands>(&app, parsed, "health", "Does the host serve requests? For probes: exit status 6 if it does not",
                                       [&](TaskCommands& c) { return c.health(parsed.ready); });
  health->add_flag("--ready", parsed.ready, "Also: do its supervisor and at least one of its tasks come round?");

  auto* events =
      add_client_command<EventsCommand>(&app, parsed, "events", "What has happened to all tasks, the newest last",
                                        [&](EventsCommand& c) { return c.of_all(parsed.name, events_options(parsed), parsed.follow); });
  add_since(events, parsed);
  events->add_option("--task", parsed.name, "Only this task's")->type_name("NAME");
  events->add_flag("-f,--follow", parsed.follow, "Go on with what happens, a line each, until interrupted");

  auto* plugins_command = app.add_subcommand("plugins", "List the connectors, or describe the configuration keys of one");
  plugins_command->add_option("name", parsed.plugin, "A connector: describe every key of its tasks")->type_name("NAME");
  add_host_options(plugins_command, parsed);
  add_client_options(plugins_command, parsed);
  add_output(plugins_command, parsed);
  plugins_command->footer("With --url (or CONNECTOR_HOST_URL) or --context that host is asked; else what is installed here is looked at.");
  plugins_command->callback([&parsed] {
    parsed.command = [&parsed]() -> int {
      const bool local = parsed.client.url.empty() && parsed.client.context.empty();
      const auto options = local ? Result<ClientOptions>(parsed.client) : connection(parsed);
      if (!options) {
        fmt::print(stderr, "{}", refusal(options.error().message, {}));
        return kUsage;
      }
      return plugins(parsed.host, *options, parsed.plugin);
    };
  });

  auto* version_command = app.add_subcommand("version", "Version and commit of this program");
  add_output(version_command, parsed);
  version_command->callback([&parsed] {
    parsed.command = [&parsed]() -> int {
      const nlohmann::json about = {{"name", "connector-host"}, {"version", kVersion}, {"commit", kCommit}};
      fmt::print("{}", parsed.client.json() ? json_view(about) : fmt::format("connector-host {} (commit {})\n", kVersion, kCommit));
      return kDone;
    };
  });
}

void add_contexts(CLI::App& app, Parsed& parsed) {
  auto* context = app.add_subcommand("context", "The hosts that ~/.config/connector-host/config.json knows, and which one is meant");
  context->require_subcommand(1);
  auto* list = context->add_subcommand("list", "All of them");
  add_output(list, parsed);
  list->callback([&parsed] { parsed.command = [&parsed] { return list_contexts(parsed.client.json()); }; });
  auto* use = context->add_subcommand("use", "Make one the current context");
  use->add_option("context", parsed.name, "Its name")->required()->type_name("CONTEXT");
  use->callback([&parsed] { parsed.command = [&parsed] { return use_context(parsed.name); }; });
  auto* set = context->add_subcommand("set", "Keep a context, or change what is given of it");
  set->add_option("context", parsed.name, "Its name")->required()->type_name("CONTEXT");
  set->add_option("--url", parsed.context.url, "Address of the host");
  set->add_option("--token-file", parsed.context.token_file, "File with the token in its first line")->type_name("FILE");
  set->add_option("--ca", parsed.context.ca, "Certificates in PEM to trust for https://")->type_name("FILE");
  set->callback([&parsed] { parsed.command = [&parsed] { return set_context(parsed.name, parsed.context); }; });
}

// What is made of the tree of commands; the last to be added.
void add_generated(CLI::App& app, Parsed& parsed) {
  auto* completion = app.add_subcommand("completion", "Print the completion for a shell");
  completion->add_option("shell", parsed.shell, "Which shell")
      ->required()
      ->type_name("SHELL")
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completion->footer("bash: source <(connector-host completion bash)");
  completion->callback([&app, &parsed] {
    parsed.command = [&app, &parsed]() -> int {
      fmt::print("{}", parsed.shell == "bash" ? bash_completion(app) : parsed.shell == "zsh" ? zsh_completion(app) : fish_completion(app));
      return kDone;
    };
  });
  app.add_subcommand("help", "Describe a command: connector-host help task apply");  // words_of() sees to it
  auto* manual = app.add_subcommand("man", "Print the manual page: connector-host man | man -l -");
  manual->callback([&app, &parsed] {
    parsed.command = [&app]() -> int {
      fmt::print("{}", manual_page(app, kVersion));
      return kDone;
    };
  });
}

std::string unknown_but(const char* what, const std::string& word, const std::string& meant) {
  return refusal(fmt::format("there is no {} {}; did you mean {}?", what, word, meant), {});
}

// What is near to what was mistyped, else what there is.
std::string unknown(const char* what, const std::string& word, const std::vector<std::string>& known) {
  const auto near = config::nearest(word, known);
  if (!near.empty()) return unknown_but(what, word, near);
  return refusal(fmt::format("there is no {} {}; there are {}", what, word, fmt::join(known, ", ")), {});
}

// CLI11 says of a mistyped command only that one is missing, and of an option that it was not expected.
std::string unknown_word(const CLI::App& app) {
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  std::vector<std::string> commands, options;
  for (const auto* command : at->get_subcommands([](const CLI::App*) { return true; })) commands.push_back(command->get_name());
  for (const auto* option : at->get_options()) {
    for (const auto& name : option->get_lnames()) options.push_back("--" + name);
  }
  const auto left = at->remaining();
  for (const auto& word : left) {
    if (word.starts_with("--") && word.size() > 2) return unknown("option", word.substr(0, word.find('=')), options);
  }
  if (commands.empty() || left.empty() || left.front().empty() || left.front().front() == '-') return "";
  const auto& word = left.front();
  for (const auto* group : at->get_subcommands([](const CLI::App*) { return true; })) {
    for (const auto* command : group->get_subcommands([](const CLI::App*) { return true; })) {
      if (command->get_name() == word) return unknown_but("command", word, group->get_name() + " " + word);
    }
  }
  return unknown("command", word, commands);
}

// How to reach a host may also be said before the command, as kubectl has it.
void put_behind_command(std::vector<std::string>& words) {
  std::vector<std::string> connection;
  while (!words.empty()) {
    const auto& word = words.front();
    const auto name = word.substr(0, word.find('='));
    if (std::find(kConnection.begin(), kConnection.end(), name) == kConnection.end()) break;
    const std::size_t count = name == word ? std::min<std::size_t>(2, words.size()) : 1;
    connection.insert(connection.end(), words.begin(), words.begin() + static_cast<std::ptrdiff_t>(count));
    words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(count));
  }
  words.insert(std::find(words.begin(), words.end(), "--"), connection.begin(), connection.end());
}

// `help task apply` is `task apply --help`, as with git and kubectl.
std::vector<std::string> words_of(int argc, char** argv) {
  std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  if (!words.empty() && words.front() == "help") {
    words.erase(words.begin());
    words.emplace_back("--help");
  }
  put_behind_command(words);
  std::reverse(words.begin(), words.end());  // as CLI11 takes them
  return words;
}

}  // namespace

int run(int argc, char** argv) {
  Parsed parsed;
  take_environment(parsed);
  CLI::App app("connector-host archives Kafka topics to Tencent COS, each record exactly once.", "connector-host");
  app.require_subcommand(1);
  app.set_version_flag("--version", fmt::format("connector-host {} (commit {})", kVersion, kCommit));
  app.footer(kFooter);
  add_host_commands(app, parsed);
  add_task_tree(app, parsed);
  add_about(app, parsed);
  add_contexts(app, parsed);
  add_generated(app, parsed);
  try {
    auto words = words_of(argc, argv);
    if (words.empty()) {
      fmt::print(stderr, "{}", app.help());
      return kUsage;
    }
    app.parse(std::move(words));
  } catch (const CLI::ParseError& error) {
    if (const auto wrong = error.get_exit_code() == 0 ? "" : unknown_word(app); !wrong.empty()) {
      fmt::print(stderr, "{}", wrong);
      return kUsage;
    }
    if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {  // CLI11 would show them, and one may be a token
      fmt::print(stderr, "{}", refusal("there is a word or a short option too many; --help tells what the command takes", {}));
      return kUsage;
    }
    return app.exit(error) == 0 ? kDone : kUsage;
  }
  const int status = parsed.command();
  // A full disk or a closed pipe must not look like success.
  if (std::fflush(stdout) != 0 && status == kDone) return kRefused;
  return status;
}

}  // namespace ch::cli
