// Judges a bucket against the log that was archived: every record that is left is in exactly one object, and what the
// objects say about themselves is true.
#pragma once

#include <string>
#include <vector>

#include "fake_cos.hpp"
#include "fake_host.hpp"

namespace ch::cos_test {

// The value of a record, from which the oracle can tell where it came from.
std::string make_value(std::int32_t partition, std::int64_t offset, std::size_t padding);

// `from`: the offset that each partition began with. Empty: all is well.
std::vector<std::string> judge(const FakeCos& cos, const Broker& broker, const TaskInfo& task, std::int64_t from);

}  // namespace ch::cos_test
