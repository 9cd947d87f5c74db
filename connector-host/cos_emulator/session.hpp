// One connection of the server. Keeps itself alive through its pending operations; all of them run on the socket's strand.
#pragma once

#include <atomic>
#include <boost/asio/ip/tcp.hpp>

#include "cos_emulator/http.hpp"

namespace ch::cos_emulator {

void start_session(boost::asio::ip::tcp::socket socket, Service& service, std::atomic<int>& open_connections);

}  // namespace ch::cos_emulator
