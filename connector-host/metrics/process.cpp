#include "metrics/process.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

#include "base/descriptors.hpp"

namespace ch::metrics {
namespace {

double seconds(const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; }

// From /proc/self/stat: the fields behind the program's name, which may hold blanks.
std::vector<double> stat_fields() {
  std::ifstream file("/proc/self/stat");
  std::string text;
  std::getline(file, text);
  std::vector<double> out;
  std::istringstream rest(text.substr(std::min(text.rfind(')') + 3, text.size())));
  for (double value = 0; rest >> value;) out.push_back(value);
  return out;
}

double start_time(double ticks_since_boot) {
  std::ifstream file("/proc/stat");
  double boot = 0;
  for (std::string word; file >> word;) {
    if (word == "btime" && file >> boot) break;
  }
  return boot + ticks_since_boot / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace

std::vector<Sample> process_samples() {
  std::vector<Sample> out;
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) == 0) out.push_back({Id::cpu_seconds, {}, seconds(usage.ru_utime) + seconds(usage.ru_stime)});
  out.push_back({Id::max_fds, {}, static_cast<double>(descriptors::limit())});
  out.push_back({Id::open_fds, {}, static_cast<double>(descriptors::open_now())});
  // man 5 proc: num_threads is field 20, starttime 22, rss 24; the first one here is field 4.
  if (const auto fields = stat_fields(); fields.size() > 20) {
    out.push_back({Id::threads, {}, fields[16]});
    out.push_back({Id::start_time, {}, start_time(fields[18])});
    out.push_back({Id::resident_memory, {}, fields[20] * static_cast<double>(::sysconf(_SC_PAGESIZE))});
  }
  return out;
}

}  // namespace ch::metrics
