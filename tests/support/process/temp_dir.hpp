// A folder of a test, removed with its content when the object goes: unless the environment variable
// CH_TEST_KEEP_FILES is set, then its name is printed instead.
#pragma once

#include <filesystem>
#include <string>

namespace ch::test {

class TempDir {
 public:
  TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir();
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::string read_file(const std::filesystem::path& path);  // throws std::runtime_error
void write_file(const std::filesystem::path& path, const std::string& text);
std::string last_lines(const std::filesystem::path& path, std::size_t count);  // "" if there is no such file

}  // namespace ch::test
