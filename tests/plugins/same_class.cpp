// Compiled twice with another name each, and with everything exported: authors choose class names as if they were
// alone, and do not always hide symbols. Each library must still get the table of its own class.
#include <connector_host/connector.hpp>

struct Connector {
  static constexpr const char* name = SAME_CLASS_NAME;
  static constexpr const char* version = "1.0.0";
  static const char* config_schema() { return R"({"type":"object","properties":{}})"; }
  static void validate(const ch::TaskInfo&, ch::Problems&) {}
  static std::unique_ptr<ch::SinkTask> create(ch::Host, const ch::TaskInfo&) { return nullptr; }
};

CH_EXPORT_CONNECTOR(Connector)
