#include "runner/status.hpp"

namespace ch::runner {

std::string_view to_string(State state) {
  switch (state) {
    case State::disabled:
      return "DISABLED";
    case State::running:
      return "RUNNING";
    case State::paused:
      return "PAUSED";
    case State::starting:
      return "STARTING";
    case State::stopping:
      return "STOPPING";
    case State::interrupted:
      return "INTERRUPTED";
    case State::failed:
      return "FAILED";
  }
  return "FAILED";
}

}  // namespace ch::runner
