// Most of `connector-host task ...`, `topics` and `health`: each command is a request or two to a running host. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "cli/commands/client_command.hpp"

namespace ch::cli {

enum class Write { create, update };

struct ObjectsOptions {
  std::string topic;
  std::optional<std::int32_t> partition;
  std::string after;
  std::string order = "newest";
  int limit = 100;
  bool links = false;
  std::string download;  // the folder to fetch them into; "" not
};

struct VerifyOptions {
  std::string topic;
  std::optional<std::int32_t> partition;
  bool deep = false;
  bool complete = false;      // what should be stored and is not is an error, too
  std::string until;          // RFC 3339: what came later need not be; "" all that is there
  std::string progress_file;  // keeps the walk's state, and goes on from it; "" none
};

class TaskCommands : private ClientCommand {
 public:
  TaskCommands(Client client, ClientOptions options);

  int write(Write how, const std::string& file, bool disabled);
  int list();
  int show(const std::string& name);
  int status(const std::string& name);
  int watch(const std::string& name);  // until it is interrupted
  int objects(const std::string& name, const ObjectsOptions& options);
  int validate(const std::string& file, bool preflight);
  int verify(const std::string& name, const VerifyOptions& options);
  int topics(const std::string& instance);  // "": of every instance
  int health(bool ready);                   // does the host serve requests; `ready`: and do its threads come round

 private:
  int download_all(const std::string& name, const ObjectsOptions& options);
};

}  // namespace ch::cli
