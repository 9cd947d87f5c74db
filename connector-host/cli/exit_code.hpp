// Exit statuses of the command line (docs/command-line.md). Scripts rely on them.
#pragma once

namespace ch::cli {

enum ExitCode : int {
  kDone = 0,     // or it was already so
  kRefused = 1,  // refused or failed; the reason is on standard error
  kUsage = 2,    // wrong usage
  kNoSuchTask = 3,
  kConflict = 4,     // name taken, or not in a state for this
  kWaitRanOut = 5,   // the last state is on standard error
  kUnreachable = 6,  // the host does not answer
  kNotWhole = 7,  // `verify` found a gap, an overlap, a duplicate or a wrong object, or something unknown; --complete: or records that are
                  // not stored
  kNotAllowed = 8,  // no token, a wrong one, or one without the right
};

// Of an HTTP status, for a request about one task that `waits`.
constexpr ExitCode exit_code_of(long status, bool waits) {
  if (status >= 200 && status < 300) return kDone;
  if (status == 401 || status == 403) return kNotAllowed;
  if (status == 404) return kNoSuchTask;
  if (status == 409) return kConflict;
  if (status == 504 && waits) return kWaitRanOut;
  return kRefused;
}

}  // namespace ch::cli
