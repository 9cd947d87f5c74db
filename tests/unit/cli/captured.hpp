// Runs the command line within this process and catches what it writes.
#pragma once

#include <string>
#include <vector>

namespace ch::test {

struct Ran {
  int status = -1;
  std::string out;
  std::string err;
};

Ran run(std::vector<std::string> arguments, const std::string& input = "");

}  // namespace ch::test
