// bench_store: a store that keeps nothing, on a port of its own, which it prints. It takes what cos-sink and the floor
// program send, and counts: GET /stats gives {"calls","puts","bytes","connections"}. GET /stall makes it answer nothing more
// that is a task's until GET /go. One thread a connection.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>

namespace {

std::atomic<std::uint64_t> calls, puts, received, connections;
std::atomic<bool> stalled = false;

std::size_t content_length(std::string_view head) {
  for (std::size_t at = 0; at < head.size();) {
    const auto end = head.find("\r\n", at);
    const auto line = head.substr(at, end - at);
    if (line.size() > 15 && (line[0] == 'C' || line[0] == 'c') && line.substr(1, 14) == "ontent-length:")
      return std::stoull(std::string(line.substr(15)));
    if (line.size() > 15 && line.substr(0, 15) == "Content-Length:") return std::stoull(std::string(line.substr(15)));
    if (end == std::string_view::npos) break;
    at = end + 2;
  }
  return 0;
}

std::string answer(std::string_view head) {
  const auto ok = [](const std::string& body, const char* type = "application/xml") {
    return "HTTP/1.1 200 OK\r\nETag: \"0\"\r\nContent-Type: " + std::string(type) + "\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  };
  const auto line = head.substr(0, head.find("\r\n"));
  if (line.starts_with("GET /stats"))
    return ok("{\"calls\":" + std::to_string(calls) + ",\"puts\":" + std::to_string(puts) + ",\"bytes\":" + std::to_string(received) +
                  ",\"connections\":" + std::to_string(connections) + "}",
              "application/json");
  if (line.starts_with("GET /stall ") || line.starts_with("GET /go ")) {
    stalled = line.starts_with("GET /stall ");
    stalled.notify_all();
    return ok("{}", "application/json");
  }
  stalled.wait(true);
  ++calls;
  if (line.starts_with("PUT ")) ++puts;
  if (line.starts_with("PUT ")) return ok("");
  if (line.starts_with("HEAD ")) return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
  if (line.find("?uploads") != std::string_view::npos)
    return ok("<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>");
  if (line.starts_with("POST "))
    return ok(
        "<CompleteMultipartUploadResult><ETag>\"0\"</ETag><Location>l</Location><Bucket>b</Bucket><Key>k</Key></"
        "CompleteMultipartUploadResult>");
  if (line.find("?versioning") != std::string_view::npos) return ok("<VersioningConfiguration/>");
  return ok("<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>");
}

void serve(int socket) {
  ++connections;
  std::array<char, 1 << 18> piece;
  std::string head;
  for (;;) {
    std::size_t end = head.find("\r\n\r\n");
    while (end == std::string::npos) {
      const auto got = recv(socket, piece.data(), piece.size(), 0);
      if (got <= 0) {
        close(socket);
        return;
      }
      head.append(piece.data(), static_cast<std::size_t>(got));
      end = head.find("\r\n\r\n");
    }
    const auto size = content_length(std::string_view(head).substr(0, end + 2));
    std::size_t have = head.size() - end - 4;
    while (have < size) {
      const auto got = recv(socket, piece.data(), std::min(piece.size(), size - have), 0);
      if (got <= 0) {
        close(socket);
        return;
      }
      have += static_cast<std::size_t>(got);
    }
    received += size;
    const auto text = answer(std::string_view(head).substr(0, end));
    if (send(socket, text.data(), text.size(), MSG_NOSIGNAL) < 0) {
      close(socket);
      return;
    }
    head.clear();
  }
}

}  // namespace

int main() {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), length) != 0 || listen(listener, 64) != 0) return 1;
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
  std::cout << ntohs(address.sin_port) << std::endl;
  for (;;) {
    const int socket = accept(listener, nullptr, nullptr);
    if (socket < 0) continue;
    const int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    std::thread(serve, socket).detach();
  }
}
