// format=string: values as they are, each followed by a line feed.
#include "formats/encoder.hpp"

namespace ch::cos {
namespace {

class StringEncoder final : public Encoder {
 public:
  using Encoder::Encoder;

 private:
  bool write(const ch_record& record, Out& out) override {
    out.put(ch::bytes_view(record.value));
    out.put('\n');
    return true;
  }
};

}  // namespace

FormatKind string_format() {
  return {"string", ".txt", "text/plain; charset=utf-8", true, [](const FormatOptions&, Source source) -> std::unique_ptr<Encoder> {
            return std::make_unique<StringEncoder>(std::move(source));
          }};
}

}  // namespace ch::cos
