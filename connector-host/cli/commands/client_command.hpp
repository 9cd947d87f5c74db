// What the commands that ask a running host have in common: the client, how answers and refusals are told. Results go to standard
// output, everything else to standard error; what is returned is the exit status. One thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "cli/client.hpp"
#include "cli/exit_code.hpp"
#include "cli/options.hpp"
#include "cli/table.hpp"

namespace ch::cli {

std::string task_path(const std::string& name, const std::string& rest = "");
std::string safe(const std::string& text);  // for a terminal

class ClientCommand {
 protected:
  ClientCommand(Client client, ClientOptions options);

  // Prints what is wrong with an answer that is no success. `task`: what it was about, so that a name that is near can be told.
  ExitCode refuse(const Answer& answer, const std::string& task = "");
  static ExitCode refuse(const std::string& message);   // 1
  static ExitCode misused(const std::string& message);  // 2
  static ExitCode unreachable(const Error& error);
  static void tell_warnings(const nlohmann::json& answer, const std::string& task = "");  // named, where there are several
  void print_state(const std::string& name, const nlohmann::json& answer) const;
  // Asks for it, and waits until it has come true; `status`: as it is then. `many`: warnings name the task.
  ExitCode await(const std::string& name, const std::string& action, std::chrono::milliseconds wait, bool many, nlohmann::json& status);
  // The same for a task that was just written: it runs with what was written, or it has come to rest.
  ExitCode await_written(const std::string& name, const nlohmann::json& task, std::chrono::milliseconds wait, bool many,
                         nlohmann::json& status);
  // `status`: of a task that is still being deleted; null: it is gone.
  ExitCode remove(const std::string& name, bool discard, nlohmann::json& status);
  static void tell_removed(const std::string& name, const nlohmann::json& status);  // as remove() has given it
  ExitCode ask_tasks(nlohmann::json& tasks);                                        // all that there are: an array
  // GET; `view` makes the table of it, and keeps of it what is wanted.
  int read(const std::string& path, const std::function<std::string(nlohmann::json&)>& view, const std::string& task = "");
  // Nothing: go on. Who cannot be asked must have said --yes.
  static std::optional<ExitCode> unless_confirmed(const std::string& question, bool yes);

  std::string nearest_task(const std::string& name);  // "" none

  Client client_;
  ClientOptions options_;
  Screen screen_;
};

// What is left of the time to wait, however many wait in it one after another. It runs from the first question on.
class TimeLeft {
 public:
  explicit TimeLeft(std::chrono::milliseconds all) : all_(all) {}
  std::chrono::milliseconds operator()() {
    const auto now = std::chrono::steady_clock::now();
    if (begin_ == std::chrono::steady_clock::time_point()) begin_ = now;
    return std::max(std::chrono::milliseconds(0), all_ - std::chrono::floor<std::chrono::milliseconds>(now - begin_));
  }

 private:
  std::chrono::milliseconds all_;
  std::chrono::steady_clock::time_point begin_;
};

}  // namespace ch::cli
