// How what reads the bucket for the REST API ends where COS does not answer.
#pragma once

#include <stdexcept>

#include "cos/outcome.hpp"

namespace ch::cos {

[[noreturn]] inline void give_up(const Failure& failure) { throw std::runtime_error(failure.message + ": " + failure.remedy); }

}  // namespace ch::cos
