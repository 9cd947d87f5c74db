// What the tests of the COS client share: an emulator with one bucket and one key, and what is sent to it.
#pragma once

#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "cos/client.hpp"
#include "cos/crc64.hpp"
#include "cos_emulator/emulator.hpp"

namespace ch::cos {

using ch::cos_emulator::Emulator;
using ch::cos_emulator::Fault;

inline const std::string kBucket = "archive-1250000000";
constexpr std::size_t kMiB = std::size_t{1} << 20;

inline std::int64_t wall_clock_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

struct Folder {
  std::filesystem::path path;
  Folder() {
    static int count = 0;
    path = std::filesystem::temp_directory_path() / ("cos-client-test-" + std::to_string(::getpid()) + "-" + std::to_string(++count));
    std::filesystem::create_directories(path);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path); }
};

// An emulator with one bucket and one key, and what is needed to make clients for it.
struct World {
  Folder folder;
  Emulator emulator;

  World() : emulator(options(folder.path)) {}

  static ch::cos_emulator::Options options(const std::filesystem::path& dir) {
    ch::cos_emulator::Options made;
    made.dir = dir;
    made.buckets = {kBucket};
    made.access = {{"AKIDpermanent", {"permanent-secret", "", {}}}, {"AKIDtemporary", {"temporary-secret", "tok/en+==", {}}}};
    made.strict = true;
    return made;
  }
  ClientOptions client_options() const {
    ClientOptions made;
    made.endpoint = {emulator.endpoint(kBucket), kBucket};
    made.credentials = fixed_credentials({"AKIDpermanent", "permanent-secret", ""});
    made.now_ms = &wall_clock_ms;
    return made;
  }
  std::unique_ptr<Client> client() const { return make_client(client_options()); }

  void fault(const std::string& operation, Fault::Kind kind, Fault::When when = Fault::When::before, int status = 503,
             const std::string& code = "SlowDown") {
    Fault made;
    made.operation = operation;
    made.kind = kind;
    made.when = when;
    made.status = status;
    made.code = code;
    made.stall_ms = kStallMs;
    emulator.add_fault(made);
  }
  static constexpr std::int64_t kStallMs = 60000;
};

inline Body body_of(const std::string& text) {
  return {text.size(), crc64(0, text), [&text](std::size_t at, std::span<char> out) { return text.copy(out.data(), out.size(), at); }};
}

inline ObjectOptions plain_options() {
  ObjectOptions options;
  options.acl = "private";
  options.storage_class = "STANDARD";
  options.content_type = "text/plain; charset=utf-8";
  options.metadata = {{"topic", "orders"}, {"start-offset", "7"}};
  return options;
}

inline void check_ok(const Failure& failure) {
  INFO(failure.message);
  CHECK(failure.ok());
}

inline void check_outcome(const Failure& failure, Outcome outcome, const std::string& code) {
  INFO(failure.message);
  CHECK(static_cast<int>(failure.outcome) == static_cast<int>(outcome));
  CHECK(failure.code == code);
}

}  // namespace ch::cos
