// The command line of connector-host (docs/command-line.md). Returns the exit status.
#pragma once

namespace ch::cli {

int run(int argc, char** argv);

}  // namespace ch::cli
