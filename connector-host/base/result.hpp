// Values for expected outcomes. Exceptions stay inside the function that turns them into an Error.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace ch {

enum class ErrorCode {
  invalid,      // the request is wrong: HTTP 422 (400 where it cannot even be read)
  not_found,    // HTTP 404
  conflict,     // HTTP 409: a name that is taken, a state that forbids it
  unavailable,  // HTTP 503: something outside does not answer
  timed_out,    // HTTP 504: it goes on, but the caller's time is over
  internal,     // HTTP 500: a defect of ours
};

// What is wrong with one configuration key. `value` is empty for secrets.
struct KeyProblem {
  std::string key;
  std::string value;
  std::string message;  // says what would be right
};

struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;
  std::vector<KeyProblem> problems = {};
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

inline tl::unexpected<Error> fail(ErrorCode code, std::string message, std::vector<KeyProblem> problems = {}) {
  return tl::unexpected<Error>(Error{code, std::move(message), std::move(problems)});
}

}  // namespace ch
