// Fetches a task's objects into a folder, by the links that the host gives: what is kept has the size and the CRC64 that
// COS says it has. One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "base/result.hpp"

namespace ch::cli {

struct Download {
  std::string key;
  std::string url;
  std::uint64_t bytes = 0;  // that the object has
};

// To `folder`/key, by way of a file beside it: what stands there under its own name is whole. `progress` is told how many
// bytes have come, now and then. Error: the reason; nothing is left behind. False: a file of that size was there already, and
// is kept: only what was whole has the name of an object, and what an object holds does not change.
Result<bool> download(const Download& object, const std::filesystem::path& folder, const std::function<void(std::uint64_t)>& progress);

// Where in the folder a key goes. Error: a key that would lead out of it.
Result<std::filesystem::path> place_of(const std::string& key, const std::filesystem::path& folder);

}  // namespace ch::cli
