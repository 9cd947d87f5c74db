#include "sink.hpp"

CH_EXPORT_CONNECTOR(ch::file_sink::FileConnector)
