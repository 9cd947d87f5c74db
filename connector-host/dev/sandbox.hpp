// What `connector-host dev` puts around a host: an embedded broker, a COS emulator and a folder. One thread.
#pragma once

#include <connector_host/connector.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include "base/result.hpp"

namespace ch::dev {

inline constexpr const char* kBucket = "dev-1250000000";
inline constexpr const char* kReadmeBucket = "archive-1250000000";  // of README's task file, which is there too
inline constexpr const char* kRegion = "ap-guangzhou";
inline constexpr const char* kSampleTopic = "orders";
inline constexpr const char* kSampleTask = "orders-to-cos";
inline constexpr int kSamplePartitions = 4;
// The emulator's one key. Known to everybody, and of no use anywhere else.
inline constexpr const char* kSecretId = "connector-host-dev-only";
inline constexpr const char* kSecretKey = "not-a-secret-dev-only";

class Sandbox {
 public:
  // `dir`: where state and objects go; empty: a temporary folder, removed at the end. What an earlier run left in `dir`
  // is moved aside within it, since the broker begins anew and the offsets with it.
  static Result<std::unique_ptr<Sandbox>> start(const std::filesystem::path& dir);
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;
  ~Sandbox();

  Status start_sample();  // the topic and its producer
  void stop_sample();

  const std::filesystem::path& dir() const;
  bool temporary() const;
  std::filesystem::path state_dir() const;
  std::filesystem::path objects_dir() const;
  std::string bootstrap() const;
  std::string cos_endpoint() const;
  std::string cloud_endpoint() const;  // of STS and of the machine's metadata
  std::string any_bucket() const;      // what a task that names no cos.endpoint gets, with {bucket}
  // What a task needs to store `topic` in the emulator's bucket every five seconds.
  Config task_config(const std::string& topic) const;
  // A file of such a task, called like its topic, with placeholders for the keys; one that is there stays as it is.
  Result<std::filesystem::path> task_file(const std::string& topic) const;

 private:
  struct Impl;
  explicit Sandbox(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ch::dev
