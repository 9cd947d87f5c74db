#include "base/host_id.hpp"

#include <fmt/format.h>

#include <fstream>
#include <random>

namespace ch {

Result<std::string> load_host_id(const std::filesystem::path& state_dir) {
  const auto file = state_dir / "host.id";
  std::string id;
  if (std::ifstream in(file); in && in >> id && id.size() == 16) return id;
  std::random_device random;
  id = fmt::format("{:08x}{:08x}", random(), random());
  std::error_code ignored;
  std::filesystem::create_directories(state_dir, ignored);
  const auto fresh = std::filesystem::path(file).concat(".new");
  std::ofstream out(fresh, std::ios::trunc);
  out << id << '\n';
  out.close();
  std::error_code failed;
  if (out) std::filesystem::rename(fresh, file, failed);
  if (!out || failed) return fail(ErrorCode::unavailable, fmt::format("cannot write {}: is state.dir writable?", file.string()));
  return id;
}

}  // namespace ch
