// How records become the bytes of an object. A Format is what the configuration says, shared by all partitions; an
// Encoder writes the open object of one partition. What an object holds follows from its records and the configuration
// alone, so that a range that is read again gives the same bytes. Poll thread; nothing is allocated for a record.
#pragma once

#include <connector_host/connector.hpp>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "formats/buffer.hpp"

namespace ch::cos {

// The parts of a record that a text format can show.
enum class Field { topic, partition, offset, timestamp, key, value, headers };

struct FormatOptions {
  std::string name = "string";
  std::vector<Field> jsonl_fields{Field::value};
  std::vector<Field> csv_fields{Field::partition, Field::offset, Field::timestamp, Field::key, Field::value};
  bool csv_header = true;
};

// The fields of a comma list such as "offset,key,value"; empty: it names one that there is not, one twice, or none.
std::vector<Field> parse_fields(std::string_view list);
std::string_view to_string(Field field);

// Appends to a buffer whose size nobody knows beforehand. After the budget was spent it only counts.
class Out {
 public:
  explicit Out(Buffer& buffer) : buffer_(buffer) {}
  void put(std::string_view bytes) {
    if (doubles_quotes_) return put_doubled(bytes);
    put_plain(bytes);
  }
  void put(char byte) { put(std::string_view(&byte, 1)); }
  // Every " from now on as "", for text within a quoted field of csv.
  void double_quotes(bool on) { doubles_quotes_ = on; }
  std::size_t at() const { return buffer_.size(); }
  void overwrite(std::size_t at, std::string_view bytes) {
    if (!full_) buffer_.overwrite(at, bytes);
  }
  bool full() const { return full_; }
  std::size_t wanted() const { return wanted_; }  // bytes, with those that found no room

 private:
  void put_plain(std::string_view bytes) {
    wanted_ += bytes.size();
    if (full_ || !buffer_.ensure(bytes.size()))
      full_ = true;
    else
      buffer_.append(bytes);
  }
  void put_doubled(std::string_view bytes);

  Buffer& buffer_;
  std::size_t wanted_ = 0;
  bool full_ = false;
  bool doubles_quotes_ = false;
};

// Where a record comes from, and the way to its headers.
struct Source {
  ch::Host host;
  std::string topic;
  std::int32_t partition = 0;
};

class Encoder {
 public:
  explicit Encoder(Source source) : source_(std::move(source)) {}
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;
  virtual ~Encoder() = default;

  enum class Written { yes, no_memory, too_large, refused };
  // All of the record, or nothing. An empty buffer is a new object. `most`: bytes that a record may take, whatever memory
  // is free, so that what is stored depends on the records alone.
  Written append(const ch_record& record, Buffer& out, std::size_t most = std::numeric_limits<std::size_t>::max());
  std::size_t wanted() const { return wanted_; }           // bytes of the last record, written or not
  const std::string& refusal() const { return refusal_; }  // why the last one cannot be written in this format
  // Makes a complete object of the buffer, also of an empty one; beyond the budget if need be. Called once an object.
  void finish(Buffer& out);

 protected:
  virtual void begin(Out&) {}                                 // what stands before the first record
  virtual bool write(const ch_record& record, Out& out) = 0;  // false: refuse() was called
  virtual std::size_t trailer() const { return 0; }           // bytes that end() would append now
  virtual void end(Out&) {}                                   // what stands behind the last record
  virtual void keep() {}                                      // the record stands
  virtual void undo() {}                                      // it does not: back to the state of the last keep()
  bool refuse(std::string why) {
    refusal_ = std::move(why);
    return false;
  }
  const Source& source() const { return source_; }

 private:
  Source source_;
  std::size_t wanted_ = 0;
  std::string refusal_;
};

struct FormatKind {
  std::string_view name, ext, content_type;
  bool one_line_each;  // an object is its records and nothing else, each ended by a line feed
  std::unique_ptr<Encoder> (*make)(const FormatOptions& options, Source source);
};

const std::vector<FormatKind>& format_kinds();
// Both throw std::runtime_error for a name that is no format's.
const FormatKind& format_kind(std::string_view name);
std::unique_ptr<Encoder> make_encoder(const FormatOptions& options, Source source);

// One for each file; rows of format_kinds().
FormatKind string_format();
FormatKind jsonl_format();
FormatKind raw_format();
FormatKind csv_format();
FormatKind avro_format();

}  // namespace ch::cos
