// `object.key.template`: names of objects, and reading partition and start offset back out of a name.
//   {instance} {topic} {topic_name} {task} {partition} {start_offset} {time:%Y%m%d%H%M%S} {ext}
// {time} is UTC; its format takes %Y %m %d %H %M %S, and is %Y%m%d%H%M%S where it is left out. {partition} and
// {start_offset} are plain decimal numbers. Of {instance}, {topic}, {topic_name} and {task}, "/", "%" and control characters are
// percent-encoded, and so is the first dot of "." and "..", so that no name makes folders of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ch::cos {

struct KeyFields {
  std::string_view instance;
  std::string_view topic;  // its id where the instance has ids for topics, else its name
  std::string_view topic_name;
  std::string_view task;
  std::int32_t partition = 0;
  std::int64_t start_offset = 0;
  std::int64_t time_ms = 0;
  std::string_view ext;
};

std::string common_prefix(std::string_view a, std::string_view b);

class KeyTemplate {
 public:
  // Error text if it is refused: unknown variable; no {partition} or {start_offset}, or one of them with no character
  // that keeps it apart from another or from a name; "." or ".." segments, "//", a leading "/"; control characters; longer than 512 bytes.
  static std::variant<KeyTemplate, std::string> parse(std::string_view text);

  std::string render(const KeyFields& fields) const;  // at most 850 bytes, or it throws std::length_error
  bool has_time() const;
  // The longest prefix that all keys of this partition share: what to list. With {time} first it is the same for all
  // partitions of a topic.
  std::string prefix(const KeyFields& fields) const;
  // What a key of that time begins with, up to the last part of a {time} that stands before all numbers and tells year, month, day
  // and so on in this order: of keys with the same prefix(), a later one is then also the larger one, and so far all are equally
  // long. prefix() itself where no {time} does.
  std::string timed_prefix(const KeyFields& fields) const;
  struct Position {
    std::int32_t partition = 0;
    std::int64_t start_offset = 0;
  };
  // Partition and start offset of a key that this template made for the topic; nothing for any other key.
  std::optional<Position> match(std::string_view key, const KeyFields& fields) const;

 private:
  enum class Variable { literal, instance, topic, topic_name, task, partition, start_offset, time, ext };
  struct Segment {
    Variable variable = Variable::literal;
    std::string text;  // the literal, or the time format
  };
  static std::string read_variable(std::string_view text, Segment& segment);
  std::string read_segments(std::string_view text);
  std::string check_numbers() const;
  std::string check_paths() const;
  static bool is_number(const Segment& segment) {
    return segment.variable == Variable::partition || segment.variable == Variable::start_offset;
  }
  static std::string render(const Segment& segment, const KeyFields& fields);
  struct Cursor;
  bool match_from(std::size_t index, Cursor cursor, const KeyFields& fields, Cursor& end) const;

  std::vector<Segment> segments_;
};

}  // namespace ch::cos
