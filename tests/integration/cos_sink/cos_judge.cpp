// What cos_sdk_test.py holds against Tencent's own SDK. Reads JSON lines, answers each with a line:
//   cos_judge sign                      {"id","key","method","path","query":{},"headers":{},"start","end"} -> Authorization
//   cos_judge store ENDPOINT BUCKET ID KEY   {"key","text","repeat","part_bytes"} -> CRC64 of what was stored, in decimal
#include <chrono>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "cos/client.hpp"
#include "cos/crc64.hpp"
#include "cos/signer.hpp"

namespace {

using namespace ch::cos;
using nlohmann::json;

Pairs pairs_of(const json& object) {
  Pairs out;
  for (const auto& [name, value] : object.items()) out.emplace_back(name, value.get<std::string>());
  return out;
}

std::string sign(const json& request) {
  const auto method = request.at("method").get<std::string>();
  const auto path = request.at("path").get<std::string>();
  const auto query = pairs_of(request.at("query")), headers = pairs_of(request.at("headers"));
  return authorization({request.at("id"), request.at("key"), ""}, {method, path, query, headers}, request.at("start"), request.at("end"));
}

void expect(const Failure& failure) {
  if (!failure.ok()) throw std::runtime_error(failure.message);
}

Body body_of(const std::string& bytes) {
  return {bytes.size(), crc64(0, bytes), [&bytes](std::size_t at, std::span<char> out) { return bytes.copy(out.data(), out.size(), at); }};
}

std::string store(Client& client, const json& object) {
  std::string bytes;
  for (int i = 0; i < object.at("repeat").get<int>(); ++i) bytes += object.at("text").get<std::string>();
  const auto key = object.at("key").get<std::string>();
  const auto part_bytes = object.at("part_bytes").get<std::size_t>();
  ObjectOptions options;
  options.acl = "private";
  options.content_type = "text/plain; charset=utf-8";
  options.metadata = {{"topic", "orders"}, {"start-offset", "7"}};
  if (part_bytes == 0) {
    expect(client.put(key, body_of(bytes), options));
    return std::to_string(crc64(0, bytes));
  }
  const auto upload = client.initiate(key, options);
  expect(upload.failure);
  std::vector<Part> parts;
  for (std::size_t at = 0; at < bytes.size(); at += part_bytes) {
    const auto piece = bytes.substr(at, part_bytes);
    const auto part = client.upload_part(key, upload.value, static_cast<int>(parts.size()) + 1, body_of(piece));
    expect(part.failure);
    parts.push_back(part.value);
  }
  expect(client.complete(key, upload.value, parts));
  return std::to_string(crc64(0, bytes));
}

std::unique_ptr<Client> client_of(char** arguments) {
  ClientOptions options;
  options.endpoint = {arguments[0], arguments[1]};
  options.credentials = fixed_credentials({arguments[2], arguments[3], ""});
  options.now_ms = [] {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  };
  return make_client(options);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto client = argc == 6 ? client_of(argv + 2) : nullptr;
    for (std::string line; std::getline(std::cin, line);) {
      const auto request = json::parse(line);
      std::cout << (client ? store(*client, request) : sign(request)) << '\n';
    }
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "cos_judge: %s\n", error.what());
    return 1;
  }
}
