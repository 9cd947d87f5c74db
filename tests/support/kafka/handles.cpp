#include "support/kafka/handles.hpp"

namespace ch::test {

Handle<rd_kafka_t> make_client(rd_kafka_type_t type, const ClientConfig& config, DeliveryCallback delivered, void* opaque) {
  std::unique_ptr<rd_kafka_conf_t, decltype(&rd_kafka_conf_destroy)> conf(rd_kafka_conf_new(), &rd_kafka_conf_destroy);
  char reason[512];
  for (const auto& [key, value] : config) {
    if (rd_kafka_conf_set(conf.get(), key.c_str(), value.c_str(), reason, sizeof reason) != RD_KAFKA_CONF_OK)
      throw std::runtime_error(reason);
  }
  if (delivered != nullptr) rd_kafka_conf_set_dr_msg_cb(conf.get(), delivered);
  rd_kafka_conf_set_opaque(conf.get(), opaque);
  Handle<rd_kafka_t> client(rd_kafka_new(type, conf.get(), reason, sizeof reason));
  if (client == nullptr) throw std::runtime_error(reason);
  (void)conf.release();  // the client's now
  return client;
}

}  // namespace ch::test
