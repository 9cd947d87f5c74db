#include "support/kafka/certificates.hpp"

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/process/process.hpp"
#include "support/process/temp_dir.hpp"

namespace ch::test {
namespace {

constexpr std::chrono::minutes kLimit{1};

void make(const std::filesystem::path& certificate, const std::filesystem::path& key, const std::vector<std::string>& more) {
  std::vector<std::string> words = {"openssl", "req",   "-x509", "-newkey", "ec",         "-pkeyopt", "ec_paramgen_curve:P-256",
                                    "-nodes",  "-days", "2",     "-keyout", key.string(), "-out",     certificate.string()};
  words.insert(words.end(), more.begin(), more.end());
  if (const auto done = run(words, kLimit); done.status != 0) throw std::runtime_error("openssl made no certificate: " + done.errors);
}

}  // namespace

Certificates::Certificates(std::filesystem::path folder)
    : authority(folder / "authority.pem"),
      broker(folder / "broker.pem"),
      broker_key(folder / "broker.key"),
      client(folder / "client.pem"),
      client_key(folder / "client.key"),
      stranger(folder / "stranger.pem"),
      stranger_key(folder / "stranger.key"),
      broker_store(folder / "broker-store.pem") {
  std::filesystem::create_directories(folder);
  const auto authority_key = folder / "authority.key";
  const std::vector<std::string> signed_by = {"-CA", authority.string(), "-CAkey", authority_key.string()};
  const auto with = [&](std::vector<std::string> words) {
    words.insert(words.end(), signed_by.begin(), signed_by.end());
    return words;
  };
  make(authority, authority_key, {"-subj", "/CN=authority"});
  make(broker, broker_key, with({"-subj", "/CN=broker", "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE"}));
  make(client, client_key, with({"-subj", "/CN=client", "-addext", "basicConstraints=CA:FALSE"}));
  make(stranger, stranger_key, {"-subj", "/CN=stranger"});
  write_file(broker_store, read_file(broker_key) + read_file(broker));
}

}  // namespace ch::test
