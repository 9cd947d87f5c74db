#include "config/json_file.hpp"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/json_place.hpp"

namespace ch::config {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20;
constexpr int kMaxJsonDepth = 8;

// Only looks where the text is wrong: the library's own message quotes it.
class Place : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return enter(); }
  bool end_object() override { return leave(); }
  bool start_array(std::size_t) override { return enter(); }
  bool end_array() override { return leave(); }
  bool key(string_t&) override { return true; }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception& error) override {
    at = position;
    too_large = error.id == kNumberOverflow;
    return false;
  }

  std::size_t at = 0;  // how many bytes had been read
  bool too_large = false;
  bool too_deep = false;

 private:
  static constexpr int kNumberOverflow = 406;

  bool enter() {
    too_deep = ++depth_ > kMaxJsonDepth;
    return !too_deep;
  }
  bool leave() {
    --depth_;
    return true;
  }

  int depth_ = 0;
};

}  // namespace

Result<std::string> read_config_file(const std::filesystem::path& file) {
  const auto refuse = [&](std::string_view why) {
    return fail(ErrorCode::invalid, fmt::format("the configuration file {} {}", file.string(), why));
  };
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) return refuse("is a folder");
  if (!std::filesystem::exists(file, error)) return refuse("does not exist");
  std::ifstream in(file, std::ios::binary);
  if (!in.is_open()) return refuse("cannot be opened by this user");
  std::string text(kMaxFileBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) return refuse("cannot be read");
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kMaxFileBytes) return refuse("is larger than 1 MiB");
  return text;
}

Result<Json> parse_bounded(std::string_view text) {
  Place place;
  if (!Json::sax_parse(text.begin(), text.end(), &place)) {
    if (place.too_deep) return fail(ErrorCode::invalid, "is nested too deeply");
    if (place.too_large) return fail(ErrorCode::invalid, "holds a number that is too large: " + json_place(text, place.at));
    return fail(ErrorCode::invalid, "is not JSON: " + json_place_shown(text, place.at));
  }
  return Json::parse(text);
}

}  // namespace ch::config
