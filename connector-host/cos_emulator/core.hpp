// What all requests share: options, storage, faults, access, counters. Owned by the emulator; any thread.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cos_emulator/account.hpp"
#include "cos_emulator/ckafka.hpp"
#include "cos_emulator/emulator.hpp"
#include "cos_emulator/request.hpp"
#include "cos_emulator/storage.hpp"

namespace ch::cos_emulator {

class FaultList {
 public:
  void add(Fault fault);
  void clear();
  std::optional<Fault> take(const Request& request);  // the first that matches; uses it up

 private:
  std::mutex mutex_;
  std::vector<Fault> faults_;
};

class Core {
 public:
  explicit Core(Options given);

  void set_denied(const std::string& operation, bool denied);
  // Throws CosError: signature, policy; in COS's order.
  void authorize(const Request& request);

  void count_request(const std::string& operation);
  void count_status(int status);
  void count_code(const std::string& code);
  void count_bytes(std::uint64_t bytes);
  void count_connection();
  Counters counters();

  const Options options;
  Storage storage;
  FaultList faults;
  Account account;
  CkafkaInstances ckafka;

 private:
  std::mutex mutex_;
  std::set<std::string> denied_;
  Counters counters_;
};

// With the members StringToSign and FormatString that COS adds to SignatureDoesNotMatch.
struct SignatureError : CosError {
  std::string string_to_sign;
  std::string format_string;
};

}  // namespace ch::cos_emulator
