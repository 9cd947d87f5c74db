// What the command line says, as the commands take it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace ch::cli {

struct HostOptions {
  std::string config;             // file; "" none
  std::vector<std::string> sets;  // KEY=VALUE
};

struct ClientOptions {
  std::string url = "http://127.0.0.1:8083";
  std::string token;
  std::string output = "table";  // or json
  std::optional<std::chrono::milliseconds> wait;

  bool json() const { return output == "json"; }
};

}  // namespace ch::cli
