// `connector-host task verify`: asks a host step by step until the report is complete.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <system_error>
#include <thread>

#include "base/text.hpp"
#include "cli/commands/task_commands.hpp"
#include "cli/views.hpp"

namespace ch::cli {
namespace {

using Json = nlohmann::json;

constexpr int kTries = 5;  // in a row, for a step that the host could not make: a broker or COS may be away for a moment
constexpr std::chrono::seconds kTryAgain{2};
constexpr std::chrono::seconds kStepTime{30};

// "" if there is none.
std::string read_progress(const std::string& file) {
  const std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  return text.str();
}

// By another name first: a walk that is interrupted here finds the old one whole.
bool write_progress(const std::string& file, const std::string& text) {
  const auto next = file + ".new";
  std::ofstream out(next, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  return out && std::rename(next.c_str(), file.c_str()) == 0;
}

std::string query_of(const VerifyOptions& options) {
  std::string query;
  const auto add = [&](const std::string& parameter) { query += (query.empty() ? "?" : "&") + parameter; };
  if (!options.topic.empty()) add("topic=" + percent_encoded(options.topic));
  if (options.partition) add(fmt::format("partition={}", *options.partition));
  if (options.deep) add("deep=true");
  if (!options.until.empty()) add("until=" + percent_encoded(options.until));
  return query;
}

}  // namespace

int TaskCommands::verify(const std::string& name, const VerifyOptions& options) {
  const auto path = "/v1/tasks/" + percent_encoded(name) + "/verify";
  std::string body = options.progress_file.empty() ? "" : read_progress(options.progress_file);
  Json report;
  for (int tries = 0; report.is_null() || text_of(report, "complete") != "true";) {
    const auto answer = client_.send("POST", body.empty() ? path + query_of(options) : path, body, kStepTime);
    if (answer && answer->status == 503 && ++tries < kTries) {
      std::this_thread::sleep_for(kTryAgain);
      continue;
    }
    if (!answer) return unreachable(answer.error());
    if (!answer->ok()) return refuse(*answer, name);
    report = answer->json();
    if (!report.is_object()) return refuse(*answer);
    tries = 0;
    body = answer->body;
    if (!options.progress_file.empty() && !write_progress(options.progress_file, body)) {
      fmt::print(stderr, "{}", refusal("cannot write " + options.progress_file, {}));
      return kRefused;
    }
    if (screen_.width > 0) fmt::print(stderr, "{} objects, {} records\n", text_of(report, "objects"), text_of(report, "records"));
  }
  if (!options.progress_file.empty()) std::remove(options.progress_file.c_str());
  fmt::print("{}", options_.json() ? json_view(report) : verify_view(report, screen_));
  const auto safe = escaped(name, Escape::terminal);
  const bool right = text_of(report, "ok") == "true";
  const bool all = text_of(report, "all_stored") == "true";
  if (!right) fmt::print(stderr, "error: {}: what is stored has gaps, or is not there once, or is not known\n", safe);
  if (!all) fmt::print(stderr, "{}: {}: {}\n", options.complete ? "error" : "note", safe, not_stored_line(report));
  return right && (all || !options.complete) ? kDone : kNotWhole;
}

}  // namespace ch::cli
