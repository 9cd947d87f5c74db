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
  std::string url;  // "": of the context, else kDefaultUrl
  std::string token;
  std::string ca;       // file with the certificates that may have signed the host's; "": the system's
  std::string context;  // by name; "": the current one
  std::chrono::milliseconds retry{0};
  std::string output = "table";  // or wide, json
  std::optional<std::chrono::milliseconds> wait;

  bool json() const { return output == "json"; }
};

}  // namespace ch::cli
