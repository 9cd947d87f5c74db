#include "cli/parsed.hpp"

#include "cli/contexts.hpp"
#include "cli/duration.hpp"
#include "config/host_config.hpp"

namespace ch::cli {
namespace {

std::string is_duration(std::string& text) {
  if (parse_duration(text)) return "";
  return fmt::format("'{}' is no duration: write 500ms, 60s or 5m, at most {}m", text, kMaxDuration.count());
}

std::string is_age(std::string& text) {
  if (parse_duration(text, kMaxAge)) return "";
  return fmt::format("'{}' is no age: write 90s, 15m, 8h or 3d", text);
}

}  // namespace

void take_environment(Parsed& parsed) {
  const auto environment = config::process_environment();
  const auto value = [&](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
  };
  parsed.client.url = value("CONNECTOR_HOST_URL");
  parsed.client.token = value("CONNECTOR_HOST_TOKEN");
  parsed.client.ca = value("CONNECTOR_HOST_CA");
  parsed.client.context = value("CONNECTOR_HOST_CONTEXT");
}

void add_output(CLI::App* command, Parsed& parsed) {
  command
      ->add_option("-o,--output", parsed.client.output,
                   "How results are written; wide: tables with all columns, whatever the terminal's width")
      ->check(CLI::IsMember({"table", "wide", "json"}))
      ->capture_default_str();
}

void add_client_options(CLI::App* command, Parsed& parsed) {
  command->add_option("--url", parsed.client.url,
                      fmt::format("Address of the host (environment: CONNECTOR_HOST_URL) [of the context, else {}]", kDefaultUrl));
  command->add_option("--token", parsed.client.token,
                      "Bearer token; better given by the environment (CONNECTOR_HOST_TOKEN), which others cannot list");
  command->add_option("--ca", parsed.client.ca, "Certificates in PEM to trust for https:// (environment: CONNECTOR_HOST_CA) [the system's]")
      ->type_name("FILE");
  command->add_option("--context", parsed.client.context,
                      "Which host of ~/.config/connector-host/config.json (environment: CONNECTOR_HOST_CONTEXT) [its \"current\"]");
  command
      ->add_option("--retry", parsed.retry,
                   "Try again for so long while there is no host, or one that is starting (500ms, 60s, 5m) [not at all]")
      ->type_name("DURATION")
      ->check(CLI::Validator(is_duration, "", ""));
}

Result<ClientOptions> connection(Parsed& parsed) {
  if (!parsed.wait.empty()) parsed.client.wait = parse_duration(parsed.wait);
  parsed.client.retry = parse_duration(parsed.retry).value_or(std::chrono::milliseconds(0));
  return with_context(parsed.client, config::process_environment());
}

Result<Client> make_client(const Result<ClientOptions>& options) {
  if (!options) return tl::unexpected(options.error());
  return Client::make(options->url, options->token, options->ca, options->retry);
}

void add_wait(CLI::App* command, Parsed& parsed, const std::string& until) {
  command->add_option("--wait", parsed.wait, fmt::format("Return once {}; exit status 5 if that takes longer (500ms, 60s, 5m)", until))
      ->type_name("DURATION")
      ->check(CLI::Validator(is_duration, "", ""));
}

void add_since(CLI::App* command, Parsed& parsed) {
  command->add_option("--since", parsed.since, "Only those that are not older (90s, 15m, 8h, 3d)")
      ->type_name("AGE")
      ->check(CLI::Validator(is_age, "", ""));
  command->add_option("--limit,--tail", parsed.tail, "How many at the most [100; with --since all of them]")->check(CLI::Range(1, 10000));
}

EventsOptions events_options(const Parsed& parsed) {
  EventsOptions options{{}, parse_duration(parsed.since, kMaxAge), parsed.tail};
  if (parsed.after >= 0) options.after = parsed.after;
  return options;
}

}  // namespace ch::cli
