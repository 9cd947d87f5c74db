// cos.credentials=file: keys that somebody else writes into a file, read again whenever it changes.
#include <sys/stat.h>

#include <tuple>

#include "credentials/fetching.hpp"
#include "credentials/key_file.hpp"

namespace ch::cos {
namespace {

class FileFetcher final : public KeyFetcher {
 public:
  explicit FileFetcher(const CredentialSettings& settings) : path_(settings.file) {}

  Fetched fetch() override {
    seen_ = stamp();
    const auto text = read_small_file(path_);
    if (!text) return unreadable(path_, "cos.credentials.file");
    return parse_key_file(*text, path_, wall_clock_ms());
  }
  bool changed() override { return stamp() != seen_; }
  bool can_tell_changes() const override { return true; }

 private:
  using Stamp = std::tuple<std::uint64_t, std::int64_t, std::int64_t, std::int64_t>;  // what a rewritten file differs in
  Stamp stamp() const {
    struct stat status {};
    if (::stat(path_.c_str(), &status) != 0) return {};
    return {status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
  }

  const std::string path_;
  Stamp seen_;
};

}  // namespace

CredentialKind file_kind() {
  return {"file",
          [](const CredentialSettings& settings) {
            return std::vector<NeededSetting>{{settings.file, "cos.credentials.file", "", true}};
          },
          &renewing<FileFetcher>};
}

}  // namespace ch::cos
