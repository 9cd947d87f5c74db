// What a client was made with. librdkafka reads properties, and the files that they name, once and for all: what was
// changed since shows only by comparing. Poll thread; looks at a handful of files, and reads none.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "kafka/client_config.hpp"

namespace ch::kafka {

class MadeWith {
 public:
  explicit MadeWith(const Properties& properties);
  // Would a client that is made with these now be another one?
  bool differs_from(const Properties& now) const { return MadeWith(now).seen_ != seen_; }

 private:
  struct Seen {
    std::string value;
    std::int64_t changed = 0;  // of the file that the value names; 0: it names none, or one that is not there
    std::uint64_t size = 0;
    bool operator==(const Seen&) const = default;
  };
  std::map<std::string, Seen> seen_;
};

}  // namespace ch::kafka
