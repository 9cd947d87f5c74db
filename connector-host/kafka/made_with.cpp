#include "kafka/made_with.hpp"

#include <filesystem>

namespace ch::kafka {

namespace {

// ssl.ca.location, ssl.certificate.location, ssl.key.location, ssl.crl.location, ssl.keystore.location; sasl.kerberos.keytab.
bool names_a_file(const std::string& key) { return key.ends_with(".location") || key.ends_with(".keytab"); }

}  // namespace

MadeWith::MadeWith(const Properties& properties) {
  for (const auto& [key, value] : properties) {
    Seen seen{value};
    std::error_code absent;
    const auto changed = names_a_file(key) ? std::filesystem::last_write_time(value, absent) : std::filesystem::file_time_type();
    if (names_a_file(key) && !absent) {
      seen.changed = changed.time_since_epoch().count();
      seen.size = std::filesystem::is_regular_file(value, absent) ? std::filesystem::file_size(value, absent) : 0;
    }
    seen_.emplace(key, std::move(seen));
  }
}

}  // namespace ch::kafka
