// The command line of connector-host (contract.md 1). Returns the exit status.
#pragma once

namespace ch::cli {

int run(int argc, char** argv);

}  // namespace ch::cli
