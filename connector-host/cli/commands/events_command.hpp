// `connector-host events` and `task events`: what has happened, looked up or followed. One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "cli/commands/client_command.hpp"

namespace ch::cli {

struct EventsOptions {
  std::optional<std::int64_t> after;               // oldest first behind this id; else the newest are looked for
  std::optional<std::chrono::milliseconds> since;  // only those that are not older
  int limit = 0;                                   // 0: 100, or with `since` all of them
};

class EventsCommand : private ClientCommand {
 public:
  EventsCommand(Client client, ClientOptions options);

  int of_task(const std::string& name, const EventsOptions& options);  // the newest first
  // The newest last; of one task if it is named. `follow`: and goes on until it is interrupted.
  int of_all(const std::string& task, const EventsOptions& options, bool follow);

 private:
  ExitCode newest(const std::string& task, const EventsOptions& options, nlohmann::json& page);
  int go_on(const std::string& path, std::int64_t after);
  int tell(const nlohmann::json& events) const;
};

}  // namespace ch::cli
