#include "cloud/json.hpp"

#include <stdexcept>

namespace ch::cloud {

Json parse_foreign(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return Json(Json::value_t::discarded);
  const auto shallow = [](int depth, Json::parse_event_t event, Json&) {  // 0 is the outermost
    const bool opens = event == Json::parse_event_t::array_start || event == Json::parse_event_t::object_start;
    if (opens && depth >= kMaxJsonDepth) throw std::length_error("nested too deeply");
    return true;
  };
  try {
    return Json::parse(text, shallow);
  } catch (const Json::exception&) {  // no JSON, or a number that nothing holds
  } catch (const std::length_error&) {
  }
  return Json(Json::value_t::discarded);
}

const Json& member(const Json& object, const char* name) {
  static const Json none;
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found != object.end() ? *found : none;
}

std::string text_of(const Json& object, const char* name) {
  const auto& value = member(object, name);
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::int64_t number_of(const Json& object, const char* name) {
  const auto& value = member(object, name);
  if (!value.is_number_integer()) return 0;
  const auto number = value.get<std::int64_t>();  // an unsigned one beyond it comes out negative
  const bool wrapped = value.is_number_unsigned() && number < 0;
  return wrapped || number > kLargestNumber || number < -kLargestNumber ? 0 : number;
}

}  // namespace ch::cloud
