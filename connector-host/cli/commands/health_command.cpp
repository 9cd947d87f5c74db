#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "cli/commands/task_commands.hpp"
#include "cli/views.hpp"

namespace ch::cli {

// Whatever is no success counts as unreachable: a probe, or a script that waits, has no use for more.
int TaskCommands::health(bool ready) {
  const auto answer = client_.send("GET", ready ? "/health/ready" : "/health");
  if (!answer) return unreachable(answer.error());
  const auto body = answer->json();
  const auto message = body.is_object() ? text_of(body, "message") : "";
  if (answer->ok() && !text_of(body, "status").empty()) {
    fmt::print("{}", options_.json() ? json_view(body) : escaped(message, Escape::terminal) + "\n");
    return kDone;
  }
  const bool known = answer->status == 503 && !message.empty();
  const auto stranger = fmt::format("{} answers HTTP {} and not as a connector-host", client_.url(), answer->status);
  fmt::print(stderr, "{}", refusal(known ? message : stranger, {}));
  return kUnreachable;
}

}  // namespace ch::cli
