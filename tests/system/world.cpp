#include "world.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>

namespace ch::test {
namespace {

constexpr const char* kSecretId = "AKIDsystemtest";
constexpr const char* kSecretKey = "system-test-secret-key";

}  // namespace

void figure(const std::string& text) {
  fmt::print("{}\n", text);
  std::fflush(stdout);
  if (const char* path = std::getenv("CH_TEST_FIGURES"); path != nullptr) {
    if (std::FILE* file = std::fopen(path, "a"); file != nullptr) {
      fmt::print(file, "{}\n", text);
      std::fclose(file);
    }
  }
}

World::World(const std::string& bootstrap, json host_config)
    : bootstrap_(bootstrap), cos_port_(free_port()), admin_(bootstrap), host_config_(std::move(host_config)), host_(another_host()) {
  start_cos();
}

World::~World() {
  if (std::uncaught_exceptions() > 0) fmt::print(stderr, "the end of the host's log:\n{}\n", host_->log_end());
}

std::unique_ptr<HostProcess> World::another_host() const {
  HostOptions options;
  options.bootstrap = bootstrap_;
  options.config = host_config_;
  return std::make_unique<HostProcess>(options);
}

void World::start_cos() {
  cos_emulator::Options options;
  options.dir = dir_.path() / "cos";
  options.port = cos_port_;
  options.buckets = {kBucket};
  options.access = {{kSecretId, {kSecretKey, "", std::nullopt}}};
  cos_ = std::make_unique<cos_emulator::Emulator>(options);
}

json World::config(const std::string& topic, const json& other) const {
  json config = {{"connector.class", "cos-sink"},
                 {"topics", topic},
                 {"start.position", "earliest"},
                 {"cos.bucket", kBucket},
                 {"cos.endpoint", fmt::format("http://127.0.0.1:{}/{{bucket}}", cos_port_)},
                 {"cos.secret.id", kSecretId},
                 {"cos.secret.key", kSecretKey},
                 {"rotate.interval.ms", "500"}};
  config.merge_patch(other);
  return config;
}

void World::create(const std::string& task, const json& config, bool enabled) {
  const auto answer = host_->post("/v1/tasks", {{"name", task}, {"config", config}, {"enabled", enabled}});
  INFO(answer.body << answer.error);
  REQUIRE(answer.status == 201);
  CHECK(answer.headers.at("location").ends_with("/v1/tasks/" + task));
}

bool World::reaches(const std::string& task, const std::string& state, std::chrono::milliseconds limit) {
  std::string seen;
  const bool reached = eventually(limit, [&] { return (seen = host_->state(task)) == state; });
  if (!reached)
    UNSCOPED_INFO("the task " << task << " is " << host_->status(task).dump() << " instead of " << state << "\n" << host_->log_end());
  return reached;
}

bool World::interrupted(const std::string& task, const std::string& reason, std::chrono::milliseconds limit) {
  json status;
  const bool reached = eventually(limit, [&] {
    status = host_->status(task);
    if (!status.is_object() || status.value("state", "") != "INTERRUPTED" || !status.contains("interruption")) return false;
    const auto& why = status.at("interruption");
    const auto filled = [&](const char* key) {
      return why.contains(key) && why.at(key).is_string() && !why.at(key).get<std::string>().empty();
    };
    return why.is_object() && why.value("reason", "") == reason && filled("message") && filled("remedy") && filled("since") &&
           filled("next_try");
  });
  if (!reached) UNSCOPED_INFO("not INTERRUPTED with " << reason << ": " << status.dump() << "\n" << host_->log_end());
  return reached;
}

bool World::drained(const std::string& task, const std::string& topic, std::int32_t partitions, std::chrono::milliseconds limit) {
  std::int64_t lag = -1;
  const bool done = eventually(limit, [&] { return (lag = admin_.lag("connect-" + task, topic, partitions)) == 0; });
  if (!done) UNSCOPED_INFO("lag " << lag << " of " << task << ": " << host_->status(task).dump() << "\n" << host_->log_end());
  return done;
}

Report World::check(const std::string& task, const Ledger& ledger, std::map<std::int32_t, std::int64_t> first) const {
  return check_bucket({bucket(), task, std::move(first)}, ledger);
}

std::int64_t committed_sum(KafkaAdmin& admin, const std::string& task, const std::string& topic, std::int32_t partitions) {
  std::int64_t sum = 0;
  for (const auto& committed : admin.committed("connect-" + task, topic, partitions)) sum += std::max<std::int64_t>(committed.offset, 0);
  return sum;
}

}  // namespace ch::test
