// What a test broker's TLS needs, made by the openssl program: an authority, a certificate of 127.0.0.1 for the broker and one
// for a client, each with its key; and a client's of another authority.
#pragma once

#include <filesystem>

namespace ch::test {

struct Certificates {
  explicit Certificates(std::filesystem::path folder);  // throws std::runtime_error if they cannot be made

  std::filesystem::path authority, broker, broker_key, client, client_key;
  std::filesystem::path stranger, stranger_key;  // its own authority
  std::filesystem::path broker_store;            // key and certificate in one file, as Kafka takes them
};

}  // namespace ch::test
