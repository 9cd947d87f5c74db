#include "plugins/library.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <system_error>

#include "base/text.hpp"

namespace ch::plugins {
namespace {

constexpr std::size_t kMandatoryBytes = offsetof(ch_connector, retry);
constexpr std::size_t kMaxQuotedBytes = 400;  // of what a library or the loader says, in a message of ours

tl::unexpected<Error> refuse(std::string message) { return fail(ErrorCode::invalid, std::move(message)); }

std::string quoted(std::string_view text) { return escaped(text, Escape::terminal, kMaxQuotedBytes); }

std::string why(int error) { return std::generic_category().message(error); }

// Whoever can write the file can run code as us, and what is no ELF file would only make the loader mumble.
Status check_file(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return refuse("cannot be read (" + why(errno) + "): it must be a file that this process may read");
  struct stat info {};
  char magic[4] = {};
  const bool described = ::fstat(fd, &info) == 0;
  const bool regular = described && S_ISREG(info.st_mode);
  const bool elf = regular && ::pread(fd, magic, sizeof(magic), 0) == sizeof(magic) &&
                   std::memcmp(magic,
                               "\x7f"
                               "ELF",
                               sizeof(magic)) == 0;
  ::close(fd);
  if (!regular) return refuse("is not a regular file: a connector is a shared library");
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return refuse("may be written by others than its owner, who could run code as this process: chmod go-w it");
  }
  if (!elf) return refuse("is not an ELF file: a connector is a shared library, built with -shared");
  return {};
}

Status check_text(const char* text, std::string_view what, std::size_t limit) {
  const auto size = ::strnlen(text, limit + 1);
  if (size == 0) return refuse(std::string(what) + " is empty");
  if (size > limit) return refuse(std::string(what) + " is longer than " + std::to_string(limit) + " bytes");
  return {};
}

Status check_texts(const ch_connector& table) {
  if (auto status = check_text(table.name, "its name", kMaxNameBytes); !status) return status;
  const std::string_view name = table.name;
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  if (!std::all_of(name.begin(), name.end(), fits)) {
    return refuse("its name \"" + quoted(name) + "\" is not one: lower case letters, digits and '-' would be right");
  }
  if (auto status = check_text(table.version, "its version", kMaxVersionBytes); !status) return status;
  const std::string_view version = table.version;
  if (!std::all_of(version.begin(), version.end(), [](char c) { return c > ' ' && c < '\x7f'; })) {
    return refuse("its version \"" + quoted(version) + "\" is not one: printable ASCII without blanks would be right");
  }
  constexpr std::string_view kSink = "sink";
  if (::strnlen(table.kind, kSink.size() + 1) != kSink.size() || table.kind != kSink) {
    return refuse("its kind is not one that this host knows: \"sink\" would be right");
  }
  return check_text(table.config_schema, "its config_schema", kMaxSchemaBytes);
}

Status check_schema(std::string_view schema) {
  try {
    if (nlohmann::json::parse(schema).is_object()) return {};
    return refuse("its config_schema is JSON, but no object: a JSON Schema of its keys would be right");
  } catch (const nlohmann::json::exception& error) {
    return refuse("its config_schema is not JSON (" + quoted(error.what()) + "): a JSON Schema of its keys would be right");
  }
}

std::string missing_slots(const ch_connector& table) {
  const struct {
    const char* name;
    bool there;
  } slots[] = {
      {"name", table.name != nullptr},         {"version", table.version != nullptr},
      {"kind", table.kind != nullptr},         {"config_schema", table.config_schema != nullptr},
      {"validate", table.validate != nullptr}, {"create", table.create != nullptr},
      {"open", table.open != nullptr},         {"put", table.put != nullptr},
      {"tick", table.tick != nullptr},         {"committed", table.committed != nullptr},
      {"flush", table.flush != nullptr},       {"pending", table.pending != nullptr},
      {"close", table.close != nullptr},       {"describe", table.describe != nullptr},
      {"destroy", table.destroy != nullptr},
  };
  std::string missing;
  for (const auto& slot : slots) {
    if (!slot.there) missing += (missing.empty() ? "" : ", ") + std::string(slot.name);
  }
  return missing;
}

// Entry functions are C, but an author's mistake may throw all the same.
Result<const ch_connector*> ask_for_table(ch_connector_entry_fn entry) {
  try {
    return entry(CH_ABI_VERSION);
  } catch (const std::exception& error) {
    return refuse(std::string(CH_ENTRY_SYMBOL) + " threw an exception (" + quoted(error.what()) + "): it must return a table or NULL");
  } catch (...) {
    return refuse(std::string(CH_ENTRY_SYMBOL) + " threw an exception: it must return a table or NULL");
  }
}

}  // namespace

Result<ch_connector> checked_table(const ch_connector* table) {
  const std::string version = std::to_string(CH_ABI_VERSION);
  if (table == nullptr) {
    return refuse(std::string(CH_ENTRY_SYMBOL) + " returned no table: it cannot serve plugin ABI version " + version +
                  "; build it against this host's plugin.h");
  }
  if (table->struct_size < offsetof(ch_connector, name)) {
    return refuse("its table says that it is " + std::to_string(table->struct_size) +
                  " bytes long: struct_size must be sizeof(ch_connector)");
  }
  if (table->abi_version != CH_ABI_VERSION) {
    return refuse("it was built for plugin ABI version " + std::to_string(table->abi_version) + ", this host speaks " + version +
                  ": build it against this host's plugin.h");
  }
  ch_connector own{};
  // Whole slots only: half a pointer is none.
  const std::size_t size = std::min(table->struct_size, sizeof(own)) / sizeof(void*) * sizeof(void*);
  std::memcpy(static_cast<void*>(&own), table, size);
  if (const auto missing = missing_slots(own); !missing.empty()) {
    if (size >= kMandatoryBytes) return refuse("its table has NULL where something is mandatory: fill in " + missing);
    return refuse("its table ends after " + std::to_string(table->struct_size) + " of at least " + std::to_string(kMandatoryBytes) +
                  " bytes, without " + missing + ": build it against this host's plugin.h");
  }
  if (auto status = check_texts(own); !status) return tl::unexpected<Error>(status.error());
  if (auto status = check_schema(own.config_schema); !status) return tl::unexpected<Error>(status.error());
  return own;
}

Result<ch_connector> load_library(const std::filesystem::path& file) {
  if (auto status = check_file(file); !status) return tl::unexpected<Error>(status.error());
  // A path without a slash would be searched for in the system's folders.
  void* library = ::dlopen(std::filesystem::absolute(file).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* reason = ::dlerror();
    return refuse("cannot be loaded: " + quoted(reason == nullptr ? "the loader does not say why" : reason));
  }
  const auto entry = reinterpret_cast<ch_connector_entry_fn>(::dlsym(library, CH_ENTRY_SYMBOL));
  if (entry == nullptr) {
    return refuse("does not export the function " + std::string(CH_ENTRY_SYMBOL) + ": CH_EXPORT_CONNECTOR(YourConnector) defines it");
  }
  const auto table = ask_for_table(entry);
  if (!table) return tl::unexpected<Error>(table.error());
  return checked_table(*table);
}

}  // namespace ch::plugins
