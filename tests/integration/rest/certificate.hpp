// A certificate of 127.0.0.1 that is its own authority, and its key, as files; removed with the object.
#pragma once

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace ch::tests {

struct Certificate {
  Certificate() {
    std::filesystem::create_directories(folder);
    const auto make = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 -keyout " +
                      key + " -out " + file + " 2>/dev/null";
    REQUIRE(std::system(make.c_str()) == 0);
  }
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;
  ~Certificate() { std::filesystem::remove_all(folder); }

  const std::filesystem::path folder = std::filesystem::temp_directory_path() / ("ch-certificate-" + std::to_string(::getpid()));
  const std::string key = (folder / "key.pem").string();
  const std::string file = (folder / "cert.pem").string();
};

}  // namespace ch::tests
