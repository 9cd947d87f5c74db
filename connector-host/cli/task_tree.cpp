#include "cli/task_tree.hpp"

#include <optional>

#include "cli/duration.hpp"
#include "config/definition.hpp"
#include "config/host_config.hpp"

namespace ch::cli {
namespace {

constexpr const char* kTaskFileHelp = R"(A task file is JSON or YAML, all values strings:
  {"name": "orders", "config": {"topics": "orders", "cos.bucket": "archive-1250000000",
                                "cos.secret.id": "...", "cos.secret.key": "..."}}
`connector-host plugins cos-sink` describes every key; `connector-host task validate --help` lists those of every task.)";

std::string keys_of_every_task() {
  std::string out = "Keys of every task (a connector adds its own: `connector-host plugins cos-sink`):\n";
  for (const auto& key : config::task_definition().keys()) {
    const auto sentence = key.documentation.substr(0, key.documentation.find(". "));
    const auto otherwise = key.has_default && !key.default_value.empty() ? " [" + key.default_value + "]" : "";
    out += fmt::format("  {:<16} {}{}\n", key.name, sentence, otherwise);
  }
  return out + "  consumer.override.*  a property of librdkafka for this task's consumers\n\n" + kTaskFileHelp;
}

void add_name(CLI::App* command, Parsed& parsed) {
  command->add_option("name", parsed.name, "The task's name")->required()->type_name("NAME");
}

void add_yes(CLI::App* command, Parsed& parsed) {
  command->add_flag("-y,--yes", parsed.yes, "Do not ask before tasks are deleted that are not named one by one");
}

void add_write(CLI::App* task, Parsed& parsed, const std::string& name, const std::string& help, std::function<int(TaskCommands&)> run) {
  auto* command = add_client_command<TaskCommands>(task, parsed, name, help, std::move(run));
  command->add_option("file", parsed.file, "Task file; - reads standard input")->required()->type_name("FILE");
  command->add_flag("--disabled", parsed.disabled, "The task is stored, but does not run");
  add_wait(command, parsed, "the task runs with it");
  command->footer(kTaskFileHelp);
}

void add_changes(CLI::App* task, Parsed& parsed) {
  add_write(task, parsed, "create", "Create a task", [&](TaskCommands& c) { return c.write(Write::create, parsed.file, parsed.disabled); });
  add_write(task, parsed, "update", "Replace a task's configuration",
            [&](TaskCommands& c) { return c.write(Write::update, parsed.file, parsed.disabled); });

  auto* apply = add_client_command<ApplyCommand>(
      task, parsed, "apply", "Create tasks, or replace their configurations; says which keys change", [&](ApplyCommand& c) {
        std::optional<bool> enabled;
        if (parsed.enabled || parsed.disabled) enabled = parsed.enabled;
        return c.apply(parsed.task_files, {enabled, parsed.dry_run, parsed.prune, parsed.yes});
      });
  apply->add_option("file", parsed.task_files, "Task files, and folders of *.json, *.yaml and *.yml; - reads standard input")
      ->required()
      ->type_name("FILE");
  auto* disabled = apply->add_flag("--disabled", parsed.disabled, "The tasks are stored, but do not run, whatever the files say");
  apply->add_flag("--enabled", parsed.enabled, "The tasks run, also those that were disabled")->excludes(disabled);
  apply->add_flag("--dry-run", parsed.dry_run, "Only say what would change, and whether the host would take it");
  apply->add_flag("--prune", parsed.prune, "Delete the tasks that no file names, after saying which");
  add_yes(apply, parsed);
  add_wait(apply, parsed, "all of them run with it");
  apply->footer(kTaskFileHelp +
                std::string("\nAll files are read and checked before anything is changed. A secret given as ******** stays as it is."));

  auto* set = add_client_command<ApplyCommand>(task, parsed, "set", "Change single keys of a task's configuration",
                                               [&](ApplyCommand& c) { return c.set(parsed.name, parsed.assignments, parsed.dry_run); });
  add_name(set, parsed);
  set->add_option("change", parsed.assignments, "Keys and their values; KEY= removes one")->type_name("KEY=VALUE");
  set->add_flag("--dry-run", parsed.dry_run, "Only say what would change, and whether the host would take it");
  add_wait(set, parsed, "the task runs with it");
  set->footer("For secrets ${env:NAME} and other placeholders, or a file by `task apply`: a command line is seen by others.");
}

void add_selection(CLI::App* command, Parsed& parsed) {
  command->add_option("name", parsed.selection.names, "Names of tasks, or patterns such as 'billing-*'")->type_name("NAME");
  command->add_option("--state", parsed.selection.state, "Only the tasks that are in this state")
      ->type_name("STATE")
      ->transform(CLI::IsMember({"DISABLED", "STARTING", "RUNNING", "PAUSED", "INTERRUPTED", "STOPPING", "FAILED"}, CLI::ignore_case));
  command->add_flag("--all", parsed.selection.all, "All tasks");
}

void add_action(CLI::App* task, Parsed& parsed, const std::string& name, const std::string& help, const std::string& until) {
  auto* command = add_client_command<StateCommands>(task, parsed, name, help,
                                                    [&parsed, name](StateCommands& c) { return c.act(name, parsed.selection); });
  add_selection(command, parsed);
  add_wait(command, parsed, until);
}

void add_states(CLI::App* task, Parsed& parsed) {
  add_action(task, parsed, "enable", "Run tasks", "all their runners run and own their partitions");
  add_action(task, parsed, "disable", "Stop tasks; what is open is stored first", "everything is stored and committed");
  add_action(task, parsed, "pause", "Stop reading, and keep what is open", "the tasks are paused");
  add_action(task, parsed, "resume", "Go on after a pause", "all their runners run");
  add_action(task, parsed, "restart",
             "Make the runners anew, with what placeholders stand for now; nothing is stored first, so that what is open is read again",
             "all of them run");
  auto* remove =
      add_client_command<StateCommands>(task, parsed, "delete", "Remove tasks; what is open is stored first, and stored objects stay",
                                        [&parsed](StateCommands& c) { return c.remove(parsed.selection, parsed.discard, parsed.yes); });
  add_selection(remove, parsed);
  remove->add_flag("--discard", parsed.discard, "Drop what is open instead of storing it");
  add_yes(remove, parsed);
  add_wait(remove, parsed, "they are gone");
}

void add_reads(CLI::App* task, Parsed& parsed) {
  add_client_command<TaskCommands>(task, parsed, "list", "All tasks with their states", [](TaskCommands& c) { return c.list(); });
  add_name(add_client_command<TaskCommands>(task, parsed, "show", "A task's configuration; secrets are masked",
                                            [&](TaskCommands& c) { return c.show(parsed.name); }),
           parsed);
  auto* status = add_client_command<TaskCommands>(task, parsed, "status", "A task's state, runners and partitions", [&](TaskCommands& c) {
    return parsed.watch ? c.watch(parsed.name) : c.status(parsed.name);
  });
  add_name(status, parsed);
  status->add_flag("--watch", parsed.watch, "Go on showing it whenever it changes, until interrupted");

  auto* objects =
      add_client_command<TaskCommands>(task, parsed, "objects", "What a task has stored, the newest first", [&](TaskCommands& c) {
        parsed.objects.limit = parsed.limit;
        if (parsed.partition >= 0) parsed.objects.partition = parsed.partition;
        return c.objects(parsed.name, parsed.objects);
      });
  add_name(objects, parsed);
  objects->add_option("--topic", parsed.objects.topic, "Only this topic's");
  objects->add_option("--partition", parsed.partition, "Only this partition's")->check(CLI::NonNegativeNumber);
  objects->add_option("--order", parsed.objects.order, "Which come first; oldest: by key")
      ->check(CLI::IsMember({"newest", "oldest"}))
      ->capture_default_str();
  objects->add_option("--after", parsed.objects.after, "Page token of an earlier answer of the same order");
  objects->add_option("--limit", parsed.limit, "How many at the most")->check(CLI::Range(1, 1000))->capture_default_str();
  objects->add_option("--download", parsed.objects.download,
                      "Fetch them, all pages, into this folder; each is checked by its CRC64, and what is there with its size is kept");
  objects->add_flag("--links", parsed.objects.links, "With a link that reads each, valid for an hour");

  auto* events = add_client_command<EventsCommand>(task, parsed, "events", "What has happened to a task, the newest first",
                                                   [&](EventsCommand& c) { return c.of_task(parsed.name, events_options(parsed)); });
  add_name(events, parsed);
  add_since(events, parsed);
  events->add_option("--after", parsed.after, "Oldest first, and only those with a larger ID")->check(CLI::NonNegativeNumber);

  auto* verify =
      add_client_command<TaskCommands>(task, parsed, "verify", "Is what a task has stored complete, and there once?", [&](TaskCommands& c) {
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
  verify->add_flag("--complete", parsed.verify.complete, "Also exit with 7 if records that should be stored are not, whatever the reason");
  verify->add_option("--until", parsed.verify.until, "Only records that came before this time should be [all that are there]")
      ->type_name("TIME");
  verify->footer(
      "Two verdicts: what is stored is right; and all is stored that should be. Exit status 7 if there is a gap, an overlap, a\n"
      "duplicate or a wrong object; with --complete also if records are not stored: of a paused, disabled or interrupted task, such\n"
      "as cannot be stored, or that are not due yet.");

  auto* validate =
      add_client_command<TaskCommands>(task, parsed, "validate", "Say everything that is wrong with a task file, without creating the task",
                                       [&](TaskCommands& c) { return c.validate(parsed.file, parsed.preflight); });
  validate->add_option("file", parsed.file, "Task file; - reads standard input")->required()->type_name("FILE");
  validate->add_flag("--preflight", parsed.preflight, "Also try to reach the broker and the bucket");
  validate->footer("");
  validate->footer(keys_of_every_task);
}

}  // namespace

void add_task_tree(CLI::App& app, Parsed& parsed) {
  auto* task = app.add_subcommand("task", "Create, run and look at the tasks of a running host");
  task->require_subcommand(1);
  add_changes(task, parsed);
  add_states(task, parsed);
  add_reads(task, parsed);
  task->footer(kTaskFileHelp);  // last: subcommands begin with their parent's footer
}

}  // namespace ch::cli
