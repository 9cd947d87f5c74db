// cos-sink as the host loads it.
#include <algorithm>
#include <chrono>
#include <connector_host/connector.hpp>
#include <cstdint>
#include <embedded/cos_sink_schema.hpp>
#include <memory>
#include <string>

#include "bucket/inspection.hpp"
#include "bucket/listing.hpp"
#include "bucket/preflight.hpp"
#include "cos/client.hpp"
#include "settings.hpp"
#include "sink.hpp"

namespace ch::cos {
namespace {

constexpr std::int64_t kListingTimeoutMs = 20000;
constexpr std::int64_t kPreflightShare = 4;  // of the time that one request may take

std::int64_t wall_clock_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

ClientOptions client_options(const Settings& settings) {
  ClientOptions options;
  options.endpoint = settings.endpoint;
  options.credentials = make_credentials(settings.credentials);
  options.ca_file = settings.ca_file;
  options.proxy = settings.proxy;
  options.create_bucket = settings.create_bucket;
  options.now_ms = wall_clock_ms;
  return options;
}

std::unique_ptr<Client> bounded_client(const Settings& settings, std::int64_t timeout_ms) {
  auto options = client_options(settings);
  options.total_timeout_ms = std::max<std::int64_t>(timeout_ms, 1);
  options.connect_timeout_ms = std::min(options.connect_timeout_ms, options.total_timeout_ms);
  options.stall_timeout_ms = std::min(options.stall_timeout_ms, options.total_timeout_ms);
  return make_client(std::move(options));
}

struct CosSinkConnector {
  static constexpr const char* name = "cos-sink";
  static constexpr const char* version = CH_VERSION;

  static const char* config_schema() {
    static const std::string text(schemas::cos_sink_schema_json);
    return text.c_str();
  }

  static void validate(const ch::TaskInfo& task, ch::Problems& problems) { cos::validate(task, problems); }

  static std::unique_ptr<ch::SinkTask> create(ch::Host host, const ch::TaskInfo& task) {
    auto settings = make_settings(task);
    std::shared_ptr<Client> client = make_client(client_options(settings));
    return std::make_unique<CosSink>(host, std::move(settings), std::move(client));
  }

  static void preflight(const ch::TaskInfo& task, std::chrono::milliseconds timeout, ch::Problems& problems) {
    const auto settings = make_settings(task);
    cos::preflight(task, settings, *bounded_client(settings, timeout.count() / kPreflightShare), timeout, wall_clock_ms(), problems);
  }

  static ch::ObjectPage objects(const ch::TaskInfo& task, const ch::ObjectQuery& query) {
    const auto settings = make_settings(task);
    const auto client = bounded_client(settings, kListingTimeoutMs);
    return list_objects(task, settings, *client, query, wall_clock_ms());
  }

  static ch::Inspection inspect(const ch::TaskInfo& task, const ch::InspectQuery& query) {
    const auto places = places_of(task, [](const Settings& settings) { return bounded_client(settings, kListingTimeoutMs); });
    return cos::inspect(places, query, wall_clock_ms());
  }
};

}  // namespace
}  // namespace ch::cos

CH_EXPORT_CONNECTOR(ch::cos::CosSinkConnector)
