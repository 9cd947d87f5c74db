// Reads a bucket from the emulator's folder and holds it against the ledger: is every record there once, in order, and
// does the metadata tell the truth? Written from the contract alone (object = values in the order of offsets, each
// followed by a newline; x-cos-meta-*), without code of the connector or the emulator.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "support/ledger/ledger.hpp"

namespace ch::test {

struct Expectation {
  std::filesystem::path bucket;                     // the emulator's <dir>/<bucket>
  std::string task;                                 // as in the objects' metadata
  std::map<std::int32_t, std::int64_t> first = {};  // first offset that is to be there; 0 where not given
};

constexpr std::size_t kFindingsListed = 20;

struct Report {
  std::uint64_t objects = 0;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;  // of the objects
  // What is wrong, at most kFindingsListed of each; the counts are complete, and of records except for `wrong`.
  std::uint64_t lost_count = 0;
  std::uint64_t twice_count = 0;
  std::uint64_t unexpected_count = 0;  // below `first`
  std::uint64_t wrong_count = 0;
  std::vector<std::string> lost, twice, unexpected, wrong;

  bool ok() const { return lost_count + twice_count + unexpected_count + wrong_count == 0; }
  std::string summary() const;
};

Report check_bucket(const Expectation& expectation, const Ledger& ledger);

// The objects that the bucket holds now, without looking into them, and without the preflight's probe.
std::uint64_t count_objects(const std::filesystem::path& bucket);

}  // namespace ch::test
