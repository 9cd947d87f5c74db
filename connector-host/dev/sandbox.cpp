#include "dev/sandbox.hpp"

#include <fmt/format.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): mkdtemp is POSIX's

#include <cerrno>
#include <cos_emulator/emulator.hpp>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <system_error>

#include "base/clock.hpp"
#include "base/file_lock.hpp"
#include "dev/broker.hpp"

namespace ch::dev {
namespace {

namespace fs = std::filesystem;

Result<fs::path> temporary_folder() {
  std::string name = (fs::temp_directory_path() / "connector-host-dev-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr)
    return fail(ErrorCode::internal, fmt::format("no temporary folder {}: {}", name, std::strerror(errno)));
  return fs::path(name);
}

// Only these two are ours in a folder that the user named.
constexpr const char* kState = "state";
constexpr const char* kObjects = "cos";

constexpr const char* kRole = "cosCkafka_QCSRole";  // to try the other kinds of credentials with

Status move_aside(const fs::path& dir) {
  const auto earlier = dir / ("earlier-" + std::to_string(wall_ms()));
  for (const char* name : {kState, kObjects}) {
    if (!fs::exists(dir / name)) continue;
    std::error_code error;
    fs::create_directories(earlier, error);
    if (!error) fs::rename(dir / name, earlier / name, error);
    if (error)
      return fail(ErrorCode::internal, fmt::format("cannot move {} of an earlier run aside: {}", (dir / name).string(), error.message()));
  }
  return {};
}

}  // namespace

struct Sandbox::Impl {
  fs::path dir;
  bool temporary = false;
  std::optional<FileLock> lock;
  std::unique_ptr<Broker> broker;
  std::unique_ptr<cos_emulator::Emulator> emulator;
  std::unique_ptr<SampleProducer> producer;

  Status open_folder(const fs::path& wanted) {
    temporary = wanted.empty();
    if (temporary) {
      auto made = temporary_folder();
      if (!made) return tl::unexpected(made.error());
      dir = std::move(*made);
      return {};
    }
    dir = fs::absolute(wanted).lexically_normal();
    std::error_code error;
    fs::create_directories(dir, error);
    if (error) return fail(ErrorCode::internal, fmt::format("cannot make the folder {}: {}", dir.string(), error.message()));
    auto locked = FileLock::acquire(dir / "connector-host-dev.lock");
    if (!locked) return tl::unexpected(locked.error());
    lock = std::move(*locked);
    return move_aside(dir);
  }

  Status start_emulator() {
    try {
      emulator = std::make_unique<cos_emulator::Emulator>(cos_emulator::Options{
          .dir = dir / kObjects, .buckets = {kBucket, kReadmeBucket}, .access = {{kSecretId, {kSecretKey, "", std::nullopt}}}});
      emulator->add_role(kRole);
      emulator->bind_role(kRole);
      return {};
    } catch (const std::runtime_error& error) {
      return fail(ErrorCode::internal, fmt::format("the COS emulator did not start: {}", error.what()));
    }
  }
};

Sandbox::Sandbox(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Sandbox::~Sandbox() {
  impl_->producer.reset();
  impl_->emulator.reset();
  impl_->broker.reset();
  std::error_code ignored;
  if (impl_->temporary) fs::remove_all(impl_->dir, ignored);
}

Result<std::unique_ptr<Sandbox>> Sandbox::start(const fs::path& dir) {
  std::unique_ptr<Sandbox> sandbox(new Sandbox(std::make_unique<Impl>()));
  auto& impl = *sandbox->impl_;
  if (auto opened = impl.open_folder(dir); !opened) return tl::unexpected(opened.error());
  auto broker = Broker::start();
  if (!broker) return tl::unexpected(broker.error());
  impl.broker = std::move(*broker);
  if (auto started = impl.start_emulator(); !started) return tl::unexpected(started.error());
  return sandbox;
}

Status Sandbox::start_sample() {
  if (auto made = impl_->broker->create_topic(kSampleTopic, kSamplePartitions); !made) return made;
  auto producer = SampleProducer::start(bootstrap(), kSampleTopic, kSamplePartitions);
  if (!producer) return tl::unexpected(producer.error());
  impl_->producer = std::move(*producer);
  return {};
}

void Sandbox::stop_sample() { impl_->producer.reset(); }

const fs::path& Sandbox::dir() const { return impl_->dir; }
bool Sandbox::temporary() const { return impl_->temporary; }
fs::path Sandbox::state_dir() const { return impl_->dir / kState; }
fs::path Sandbox::objects_dir() const { return impl_->dir / kObjects / kBucket / "objects"; }
std::string Sandbox::bootstrap() const { return impl_->broker->bootstrap(); }
std::string Sandbox::cloud_endpoint() const { return impl_->emulator->origin(); }
std::string Sandbox::any_bucket() const { return impl_->emulator->origin() + "/{bucket}"; }
std::string Sandbox::cos_endpoint() const { return impl_->emulator->endpoint(kBucket); }

Config Sandbox::task_config(const std::string& topic) const {
  return {{"connector.class", "cos-sink"},  {"topics", topic},
          {"start.position", "earliest"},   {"cos.bucket", kBucket},
          {"cos.endpoint", cos_endpoint()}, {"cos.secret.id", kSecretId},
          {"cos.secret.key", kSecretKey},   {"rotate.interval.ms", "5000"}};
}

Result<fs::path> Sandbox::task_file(const std::string& topic) const {
  const auto file = impl_->dir / (topic + ".json");
  std::error_code error;
  if (fs::exists(file, error)) return file;
  auto config = task_config(topic);
  config.erase("cos.endpoint");  // the host's, since the port is another one the next time
  config["cos.secret.id"] = "${env:COS_SECRET_ID}";
  config["cos.secret.key"] = "${env:COS_SECRET_KEY}";
  std::ofstream out(file);
  out << nlohmann::json{{"name", topic}, {"config", config}}.dump(2) << '\n';
  if (!out.flush()) return fail(ErrorCode::internal, fmt::format("cannot write {}: {}", file.string(), std::strerror(errno)));
  return file;
}

}  // namespace ch::dev
