// Commands that run a host, or look at what one would run with. What is returned is the exit status.
#pragma once

#include <string>
#include <vector>

#include "cli/options.hpp"

namespace ch::cli {

int serve(const HostOptions& options);
// `preflight`: the brokers of every instance are asked, too.
int check(const HostOptions& options, const std::vector<std::string>& task_files, bool preflight);
// Of this installation, or, if `client.url` is not empty, of that host. `name`: "" all, else that connector's keys.
int plugins(const HostOptions& options, const ClientOptions& client, const std::string& name);

struct DevOptions {
  std::string listen;  // "": kDefaultUrl, or a free port if another program has that
  std::string dir;
  bool sample = true;
};
int dev(const DevOptions& options);

}  // namespace ch::cli
