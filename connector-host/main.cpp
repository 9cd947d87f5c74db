#include <cstdio>
#include <exception>

#include "cli/cli.hpp"
#include "cli/exit_code.hpp"

int main(int argc, char** argv) {
  try {
    return ch::cli::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return ch::cli::kRefused;
  }
}
