#include "cli/contexts.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "cli/task_file.hpp"

namespace ch::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using Environment = std::map<std::string, std::string>;

std::string value_of(const Environment& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? "" : found->second;
}

fs::path file_of(const Environment& environment) {
  if (const auto named = value_of(environment, "CONNECTOR_HOST_CONFIG_FILE"); !named.empty()) return named;
  const auto folder = value_of(environment, "XDG_CONFIG_HOME");
  const auto home = value_of(environment, "HOME");
  if (folder.empty() && home.empty()) return {};
  return (folder.empty() ? fs::path(home) / ".config" : fs::path(folder)) / "connector-host" / "config.json";
}

tl::unexpected<Error> wrong(const fs::path& file, const std::string& why) {
  return fail(ErrorCode::invalid, fmt::format("the file of contexts {} {}", file.string(), why));
}

Result<Json> read_contexts(const fs::path& file) {
  std::error_code error;
  if (file.empty() || !fs::exists(file, error)) return Json::object();
  const auto text = read_input(file.string());
  if (!text) return tl::unexpected(text.error());
  // Without exceptions, and without the library's text, which quotes the file: it may hold tokens.
  auto json = Json::parse(*text, nullptr, false);
  const bool fine = json.is_object() && (!json.contains("contexts") || json["contexts"].is_object()) &&
                    (!json.contains("current") || json["current"].is_string());
  if (!fine)
    return wrong(
        file, R"(must hold {"current": "NAME", "contexts": {"NAME": {"url": "...", "token": "..." or "token.file": "...", "ca": "..."}}})");
  return json;
}

Result<std::string> token_in(const fs::path& file) {
  const auto text = read_input(file.string());
  if (!text) return tl::unexpected(text.error());
  return text->substr(0, text->find_first_of("\r\n"));
}

Status fill(ClientOptions& options, const Json& context, const fs::path& file, const std::string& name) {
  for (const auto& [key, value] : context.items()) {
    if (!value.is_string()) return wrong(file, fmt::format("has a value that is no string: {} of {}", key, name));
    const auto text = value.get<std::string>();
    if (key == "url") {
      if (options.url.empty()) options.url = text;
    } else if (key == "token") {
      if (options.token.empty()) options.token = text;
    } else if (key == "token.file") {
      auto token = options.token.empty() ? token_in(text) : Result<std::string>(options.token);
      if (!token) return tl::unexpected(token.error());
      options.token = std::move(*token);
    } else if (key == "ca") {
      if (options.ca.empty()) options.ca = text;
    } else {
      return wrong(file, fmt::format("has an unknown key: {} of {}; there are url, token, token.file and ca", key, name));
    }
  }
  return {};
}

}  // namespace

Result<ClientOptions> with_context(ClientOptions options, const Environment& environment) {
  const bool named = !options.context.empty();
  if (named || options.url.empty()) {
    const auto file = file_of(environment);
    const auto contexts = read_contexts(file);
    if (!contexts) return tl::unexpected(contexts.error());
    const auto name = named ? options.context : contexts->value("current", std::string());
    if (!name.empty()) {
      const auto list = contexts->value("contexts", Json::object());
      if (!list.contains(name) || !list[name].is_object()) return wrong(file, fmt::format("has no context {}", name));
      if (auto filled = fill(options, list[name], file, name); !filled) return tl::unexpected(filled.error());
    }
  }
  if (options.url.empty()) options.url = kDefaultUrl;
  return options;
}

}  // namespace ch::cli
