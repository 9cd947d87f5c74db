#include "cli/cli.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>

#include "cli/contexts.hpp"
#include "cli/duration.hpp"
#include "cli/exit_code.hpp"
#include "cli/host_commands.hpp"
#include "cli/shells.hpp"
#include "cli/task_commands.hpp"
#include "cli/version.hpp"
#include "cli/views.hpp"
#include "config/host_config.hpp"

namespace ch::cli {
namespace {

constexpr const char* kFooter = R"(Exit status: 0 done, 1 refused or failed, 2 wrong usage, 3 no such task, 4 conflict, 5 --wait ran out,
6 host not reachable, 7 `verify` found what is stored incomplete or not there once. Results go to standard output,
everything else to standard error.

To look around: connector-host dev      To run a host: connector-host serve --config host.json)";

constexpr const char* kTaskFileHelp = R"(A task file is JSON, all values strings:
  {"name": "orders", "config": {"topics": "orders", "cos.bucket": "archive-1250000000",
                                "cos.secret.id": "...", "cos.secret.key": "..."}}
`connector-host plugins cos-sink` describes every key; `connector-host task validate --help` lists those of every task.)";

// Everything that options are read into, and the command that was chosen.
struct Parsed {
  HostOptions host;
  ClientOptions client;
  DevOptions dev;
  std::vector<std::string> task_files;
  std::string wait, retry, name, file, instance, plugin, shell;
  bool disabled = false, dry_run = false, discard = false, watch = false, preflight = false;
  std::int64_t after = 0;
  int limit = 100;
  ObjectsOptions objects;
  VerifyOptions verify;
  std::int32_t partition = -1;
  std::function<int()> command;
};

std::string is_duration(std::string& text) {
  if (parse_duration(text)) return "";
  return fmt::format("'{}' is no duration: write 500ms, 60s or 5m, at most {}m", text, kMaxDuration.count());
}

std::string keys_of_every_task() {
  std::string out = "Keys of every task (a connector adds its own: `connector-host plugins cos-sink`):\n";
  for (const auto& key : config::task_definition().keys()) {
    const auto sentence = key.documentation.substr(0, key.documentation.find(". "));
    const auto otherwise = key.has_default && !key.default_value.empty() ? " [" + key.default_value + "]" : "";
    out += fmt::format("  {:<16} {}{}\n", key.name, sentence, otherwise);
  }
  return out + "  consumer.override.*  a property of librdkafka for this task's consumers\n\n" + kTaskFileHelp;
}

void add_host_options(CLI::App* command, Parsed& parsed) {
  command->add_option("--config", parsed.host.config, "JSON file with the host's configuration")->type_name("FILE");
  command->add_option("--set", parsed.host.sets, "One key of it, over the file and the environment; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
}

void add_output(CLI::App* command, Parsed& parsed) {
  command->add_option("--output", parsed.client.output, "How results are written")
      ->check(CLI::IsMember({"table", "json"}))
      ->capture_default_str();
}

// How to reach the host.
void add_client_options(CLI::App* command, Parsed& parsed) {
  command->add_option("--url", parsed.client.url,
                      fmt::format("Address of the host (environment: CONNECTOR_HOST_URL) [of the context, else {}]", kDefaultUrl));
  command->add_option("--token", parsed.client.token,
                      "Bearer token; better given by the environment (CONNECTOR_HOST_TOKEN), which others cannot list");
  command->add_option("--ca", parsed.client.ca, "Certificates in PEM to trust for https:// (environment: CONNECTOR_HOST_CA) [the system's]")
      ->type_name("FILE");
  command->add_option("--context", parsed.client.context,
                      "Which host of ~/.config/connector-host/config.json (environment: CONNECTOR_HOST_CONTEXT) [its \"current\"]");
  command
      ->add_option("--retry", parsed.retry,
                   "Try again for so long while there is no host, or one that is starting (500ms, 60s, 5m) [not at all]")
      ->type_name("DURATION")
      ->check(CLI::Validator(is_duration, "", ""));
}

// What is given, then the environment, then the context.
Result<ClientOptions> connection(Parsed& parsed) {
  if (!parsed.wait.empty()) parsed.client.wait = parse_duration(parsed.wait);
  parsed.client.retry = parse_duration(parsed.retry).value_or(std::chrono::milliseconds(0));
  return with_context(parsed.client, config::process_environment());
}

Result<Client> make_client(const Result<ClientOptions>& options) {
  if (!options) return tl::unexpected(options.error());
  return Client::make(options->url, options->token, options->ca, options->retry);
}

CLI::App* add_task_command(CLI::App* task, Parsed& parsed, const std::string& name, const std::string& help,
                           std::function<int(TaskCommands&)> run) {
  auto* command = task->add_subcommand(name, help);
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
      TaskCommands commands(std::move(*client), *options);
      return run(commands);
    };
  });
  return command;
}

void add_wait(CLI::App* command, Parsed& parsed, const std::string& until) {
  command->add_option("--wait", parsed.wait, fmt::format("Return once {}; exit status 5 if that takes longer (500ms, 60s, 5m)", until))
      ->type_name("DURATION")
      ->check(CLI::Validator(is_duration, "", ""));
}

void add_name(CLI::App* command, Parsed& parsed) {
  command->add_option("name", parsed.name, "The task's name")->required()->type_name("NAME");
}

CLI::App* add_write(CLI::App* task, Parsed& parsed, const std::string& name, const std::string& help,
                    std::function<int(TaskCommands&)> run) {
  auto* command = add_task_command(task, parsed, name, help, std::move(run));
  command->add_option("file", parsed.file, "Task file; - reads standard input")->required()->type_name("FILE");
  command->add_flag("--disabled", parsed.disabled, "The task is stored, but does not run");
  add_wait(command, parsed, "the task runs with it");
  command->footer(kTaskFileHelp);
  return command;
}

void add_action(CLI::App* task, Parsed& parsed, const std::string& name, const std::string& help, const std::string& until) {
  auto* command = add_task_command(task, parsed, name, help, [&parsed, name](TaskCommands& c) { return c.act(name, parsed.name); });
  add_name(command, parsed);
  add_wait(command, parsed, until);
}

void add_changes(CLI::App* task, Parsed& parsed) {
  add_write(task, parsed, "create", "Create a task", [&](TaskCommands& c) { return c.write(Write::create, parsed.file, parsed.disabled); });
  add_write(task, parsed, "update", "Replace a task's configuration",
            [&](TaskCommands& c) { return c.write(Write::update, parsed.file, parsed.disabled); });
  add_write(task, parsed, "apply", "Create a task, or replace its configuration; says which keys change", [&](TaskCommands& c) {
    return c.apply(parsed.file, parsed.disabled, parsed.dry_run);
  })->add_flag("--dry-run", parsed.dry_run, "Only say what would change, and whether the host would take it");
  add_action(task, parsed, "enable", "Run a task", "all its runners run and own their partitions");
  add_action(task, parsed, "disable", "Stop a task; what is open is stored first", "everything is stored and committed");
  add_action(task, parsed, "pause", "Stop reading, and keep what is open", "the task is paused");
  add_action(task, parsed, "resume", "Go on after a pause", "all its runners run");
  add_action(task, parsed, "restart", "Make a task's runners anew; also ends the waiting for a next try", "all its runners run");
  auto* remove = add_task_command(task, parsed, "delete", "Remove a task; what is open is stored first, and stored objects stay",
                                  [&parsed](TaskCommands& c) { return c.remove(parsed.name, parsed.discard); });
  add_name(remove, parsed);
  remove->add_flag("--discard", parsed.discard, "Drop what is open instead of storing it");
  add_wait(remove, parsed, "the task is gone");
}

void add_reads(CLI::App* task, Parsed& parsed) {
  add_task_command(task, parsed, "list", "All tasks with their states", [](TaskCommands& c) { return c.list(); });
  add_name(add_task_command(task, parsed, "show", "A task's configuration; secrets are masked",
                            [&](TaskCommands& c) { return c.show(parsed.name); }),
           parsed);
  auto* status = add_task_command(task, parsed, "status", "A task's state, runners and partitions",
                                  [&](TaskCommands& c) { return parsed.watch ? c.watch(parsed.name) : c.status(parsed.name); });
  add_name(status, parsed);
  status->add_flag("--watch", parsed.watch, "Go on showing it whenever it changes, until interrupted");

  auto* objects = add_task_command(task, parsed, "objects", "What a task has stored", [&](TaskCommands& c) {
    parsed.objects.limit = parsed.limit;
    if (parsed.partition >= 0) parsed.objects.partition = parsed.partition;
    return c.objects(parsed.name, parsed.objects);
  });
  add_name(objects, parsed);
  objects->add_option("--topic", parsed.objects.topic, "Only this topic's");
  objects->add_option("--partition", parsed.partition, "Only this partition's")->check(CLI::NonNegativeNumber);
  objects->add_option("--after", parsed.objects.after, "Page token of an earlier answer");
  objects->add_option("--limit", parsed.limit, "How many at the most")->check(CLI::Range(1, 1000))->capture_default_str();
  objects->add_option("--download", parsed.objects.download, "Fetch them, all pages, into this folder; each is checked by its CRC64");
  objects->add_flag("--links", parsed.objects.links, "With a link that reads each, valid for an hour");

  auto* events = add_task_command(task, parsed, "events", "What has happened to a task",
                                  [&](TaskCommands& c) { return c.events(parsed.name, parsed.after, parsed.limit); });
  add_name(events, parsed);
  events->add_option("--after", parsed.after, "Only those with a larger ID")->check(CLI::NonNegativeNumber)->capture_default_str();
  events->add_option("--limit", parsed.limit, "How many at the most")->check(CLI::Range(1, 1000))->capture_default_str();

  auto* verify = add_task_command(task, parsed, "verify", "Is what a task has stored complete, and there once?", [&](TaskCommands& c) {
    parsed.verify.topic = parsed.objects.topic;
    if (parsed.partition >= 0) parsed.verify.partition = parsed.partition;
    return c.verify(parsed.name, parsed.verify);
  });
  add_name(verify, parsed);
  verify->add_option("--topic", parsed.objects.topic, "Only this topic's");
  verify->add_option("--partition", parsed.partition, "Only this partition's")->check(CLI::NonNegativeNumber);
  verify->add_flag("--deep", parsed.verify.deep, "Also read every object: count its lines, compare its CRC64 with COS's");
  verify->add_option("--progress", parsed.verify.progress_file, "Keep the walk's state in this file, and go on from it if it is there")
      ->type_name("FILE");
  verify->footer("Exit status 7 if there is a gap, an overlap, a duplicate or a wrong object.");

  auto* validate = add_task_command(task, parsed, "validate", "Say everything that is wrong with a task file, without creating the task",
                                    [&](TaskCommands& c) { return c.validate(parsed.file, parsed.preflight); });
  validate->add_option("file", parsed.file, "Task file; - reads standard input")->required()->type_name("FILE");
  validate->add_flag("--preflight", parsed.preflight, "Also try to reach the broker and the bucket");
  validate->footer("");
  validate->footer(keys_of_every_task);
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
  dev_command->add_option("--listen", parsed.dev.listen, "Address of the REST API; port 0 takes a free one")->capture_default_str();
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
  check_command->footer("Every problem is printed; exit status 0 if there is none, else 1.");
  check_command->callback([&parsed] { parsed.command = [&parsed] { return check(parsed.host, parsed.task_files); }; });
}

void add_about(CLI::App& app, Parsed& parsed) {
  auto* topics = add_task_command(&app, parsed, "topics", "List the topics that can be archived, and which tasks do it",
                                  [&](TaskCommands& c) { return c.topics(parsed.instance); });
  topics->add_option("--instance", parsed.instance, "Only this instance's")->type_name("ID");

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
  auto* manual = app.add_subcommand("man", "Print the manual page: connector-host man | man -l -");
  manual->callback([&app, &parsed] {
    parsed.command = [&app]() -> int {
      fmt::print("{}", manual_page(app, kVersion));
      return kDone;
    };
  });
}

// CLI11 says of a mistyped command only that one is missing.
std::string unknown_command(const CLI::App& app) {
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  const auto left = at->remaining();
  const auto commands = at->get_subcommands([](const CLI::App*) { return true; });
  if (commands.empty() || left.empty() || left.front().empty() || left.front().front() == '-') return "";
  std::vector<std::string> names;
  for (const auto* command : commands) names.push_back(command->get_name());
  const auto near = config::nearest(left.front(), names);
  return refusal(fmt::format("there is no command {}; {}", left.front(),
                             near.empty() ? fmt::format("there are {}", fmt::join(names, ", ")) : "did you mean " + near + "?"),
                 {});
}

// Not CLI11's envname: that is applied by every command of the tree, over what was given to the one that is run.
void take_environment(Parsed& parsed) {
  const auto environment = config::process_environment();
  const auto value = [&](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
  };
  parsed.client.url = value("CONNECTOR_HOST_URL");
  parsed.client.token = value("CONNECTOR_HOST_TOKEN");
  parsed.client.ca = value("CONNECTOR_HOST_CA");
  parsed.client.context = value("CONNECTOR_HOST_CONTEXT");
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
  auto* task = app.add_subcommand("task", "Create, run and look at the tasks of a running host");
  task->require_subcommand(1);
  add_changes(task, parsed);
  add_reads(task, parsed);
  task->footer(kTaskFileHelp);  // last: subcommands begin with their parent's footer
  add_about(app, parsed);
  add_generated(app, parsed);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (const auto word = unknown_command(app); !word.empty()) {
      fmt::print(stderr, "{}", word);
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
