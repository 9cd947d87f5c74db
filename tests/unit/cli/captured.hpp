// What tests of the command line share: it runs within this process, and what it writes is caught.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace ch::test {

struct Ran {
  int status = -1;
  std::string out;
  std::string err;
};

Ran run(std::vector<std::string> arguments, const std::string& input = "");

inline bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// A folder of files that is gone with it.
class Files {
 public:
  Files() : path_(std::filesystem::temp_directory_path() / ("ch-cli-files-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_ / "deep");
  }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;
  ~Files() { std::filesystem::remove_all(path_); }
  std::string add(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name) << text;
    return (path_ / name).string();
  }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace ch::test
