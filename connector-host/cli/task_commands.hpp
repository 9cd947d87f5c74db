// `connector-host task ...` and `topics`: each command is a request or two to a running host. Results go to standard output,
// everything else to standard error; what is returned is the exit status. One thread.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "cli/apply.hpp"
#include "cli/client.hpp"
#include "cli/exit_code.hpp"
#include "cli/options.hpp"
#include "cli/table.hpp"
#include "cli/task_file.hpp"

namespace ch::cli {

enum class Write { create, update };

struct ObjectsOptions {
  std::string topic;
  std::optional<std::int32_t> partition;
  std::string after;
  int limit = 100;
  bool links = false;
  std::string download;  // the folder to fetch them into; "" not
};

struct VerifyOptions {
  std::string topic;
  std::optional<std::int32_t> partition;
  bool deep = false;
  std::string progress_file;  // keeps the walk's state, and goes on from it; "" none
};

class TaskCommands {
 public:
  TaskCommands(Client client, ClientOptions options);

  int write(Write how, const std::string& file, bool disabled);
  int apply(const std::string& file, bool disabled, bool dry_run);
  int list();
  int show(const std::string& name);
  int act(const std::string& action, const std::string& name);  // enable, disable, pause, resume, restart
  int remove(const std::string& name, bool discard);
  int status(const std::string& name);
  int watch(const std::string& name);  // until it is interrupted
  int objects(const std::string& name, const ObjectsOptions& options);
  int events(const std::string& name, std::int64_t after, int limit);
  int validate(const std::string& file, bool preflight);
  int verify(const std::string& name, const VerifyOptions& options);
  int topics(const std::string& instance);  // "": of every instance

 private:
  // Prints what is wrong with an answer that is no success.
  ExitCode refuse(const Answer& answer) const;
  ExitCode unreachable(const Error& error) const;
  static void tell_warnings(const nlohmann::json& answer);
  ExitCode await(const std::string& name, const std::string& action);
  int report_written(const TaskFile& task, const Answer& answer);
  int dry_run(const TaskFile& task, bool exists, const std::vector<KeyChange>& changes);
  ExitCode await_written(const std::string& name, const nlohmann::json& task);
  template <class View>
  int read(const std::string& path, View&& view);
  int download_all(const std::string& name, const ObjectsOptions& options);
  void print_state(const std::string& name, const nlohmann::json& answer) const;

  Client client_;
  ClientOptions options_;
  Screen screen_;
};

}  // namespace ch::cli
