/* The layout that plugins in the field were built with, on 64-bit machines. A line here never changes as long as
 * CH_ABI_VERSION is 1; what is added to a struct comes behind its last line. LAYOUT(condition, name) is the language's
 * own way to refuse to compile. */
LAYOUT(sizeof(void*) == 8, pointer)
LAYOUT(CH_ABI_VERSION == 1, abi_version)
LAYOUT(CH_OK == 0 && CH_BUSY == 1 && CH_INVALID == 2 && CH_FAILED == 3, results)
LAYOUT(CH_LOG_DEBUG == 1 && CH_LOG_INFO == 2 && CH_LOG_WARN == 3 && CH_LOG_ERROR == 4, log_levels)
LAYOUT(CH_COMMIT_LAZY == 0 && CH_COMMIT_NOW == 1, urgencies)

/* These can never grow: they have no struct_size and are passed by value or lie in arrays. */
LAYOUT(sizeof(ch_string) == 16 && offsetof(ch_string, size) == 8, ch_string)
LAYOUT(sizeof(ch_bytes) == 16 && offsetof(ch_bytes, size) == 8, ch_bytes)
LAYOUT(sizeof(ch_config_entry) == 32 && offsetof(ch_config_entry, value) == 16, ch_config_entry)

LAYOUT(offsetof(ch_record, value) == 16 && offsetof(ch_record, offset) == 32, ch_record_value)
LAYOUT(offsetof(ch_record, timestamp_ms) == 40 && offsetof(ch_record, native) == 48, ch_record_native)
LAYOUT(offsetof(ch_batch, record_size) == 8 && offsetof(ch_batch, records) == 16 && offsetof(ch_batch, count) == 24, ch_batch)

LAYOUT(offsetof(ch_task_info, name) == 8 && offsetof(ch_task_info, instance) == 24, ch_task_info_name)
LAYOUT(offsetof(ch_task_info, cluster) == 40 && offsetof(ch_task_info, region) == 56, ch_task_info_cluster)
LAYOUT(offsetof(ch_task_info, temp_dir) == 72 && offsetof(ch_task_info, runner) == 88, ch_task_info_temp_dir)
LAYOUT(offsetof(ch_task_info, upload_threads) == 92 && offsetof(ch_task_info, buffer_memory) == 96, ch_task_info_numbers)
LAYOUT(offsetof(ch_task_info, config) == 104 && offsetof(ch_task_info, config_count) == 112, ch_task_info_config)
LAYOUT(offsetof(ch_task_info, topic_ids) == 120 && offsetof(ch_task_info, topic_id_count) == 128, ch_task_info_topic_ids)

LAYOUT(offsetof(ch_open_partition, id) == 8 && offsetof(ch_open_partition, topic) == 16, ch_open_partition_id)
LAYOUT(offsetof(ch_open_partition, partition) == 32 && offsetof(ch_open_partition, committed_offset) == 40, ch_open_partition_offset)
LAYOUT(offsetof(ch_open_partition, state) == 48 && offsetof(ch_open_partition, series) == 64, ch_open_partition_state)
LAYOUT(offsetof(ch_open_partition, log_start_offset) == 72 && offsetof(ch_open_partition, partitions) == 80, ch_open_partition_end)

LAYOUT(offsetof(ch_interruption, reason) == 8 && offsetof(ch_interruption, message) == 24, ch_interruption_reason)
LAYOUT(offsetof(ch_interruption, remedy) == 40 && offsetof(ch_interruption, next_try_ms) == 56, ch_interruption_remedy)

LAYOUT(offsetof(ch_object, key) == 8 && offsetof(ch_object, topic) == 24 && offsetof(ch_object, partition) == 40, ch_object_key)
LAYOUT(offsetof(ch_object, start_offset) == 48 && offsetof(ch_object, end_offset) == 56, ch_object_offsets)
LAYOUT(offsetof(ch_object, records) == 64 && offsetof(ch_object, bytes) == 72 && offsetof(ch_object, stored_ms) == 80, ch_object_numbers)
LAYOUT(offsetof(ch_object, url) == 88 && offsetof(ch_object, url_expires_ms) == 104, ch_object_url)

LAYOUT(offsetof(ch_progress, start_offset) == 8 && offsetof(ch_progress, records) == 16, ch_progress_records)
LAYOUT(offsetof(ch_progress, bytes) == 24 && offsetof(ch_progress, due_ms) == 32, ch_progress_bytes)

LAYOUT(offsetof(ch_object_query, topic) == 8 && offsetof(ch_object_query, partition) == 24, ch_object_query_topic)
LAYOUT(offsetof(ch_object_query, after) == 32 && offsetof(ch_object_query, limit) == 48, ch_object_query_after)
LAYOUT(offsetof(ch_object_query, url_seconds) == 56 && offsetof(ch_object_query, newest) == 64, ch_object_query_url)

LAYOUT(offsetof(ch_host, context) == 8 && offsetof(ch_host, log) == 16 && offsetof(ch_host, now_ms) == 24, ch_host_context)
LAYOUT(offsetof(ch_host, submit) == 32 && offsetof(ch_host, request_commit) == 40 && offsetof(ch_host, resume) == 48, ch_host_submit)
LAYOUT(offsetof(ch_host, interrupted) == 56 && offsetof(ch_host, recovered) == 64, ch_host_interrupted)
LAYOUT(offsetof(ch_host, reserve) == 72 && offsetof(ch_host, release) == 80, ch_host_reserve)
LAYOUT(offsetof(ch_host, stored) == 88 && offsetof(ch_host, headers) == 96 && offsetof(ch_host, count) == 104, ch_host_stored)
LAYOUT(offsetof(ch_host, observe) == 112 && offsetof(ch_host, reject) == 120, ch_host_observe)
LAYOUT(offsetof(ch_host, gauge) == 128 && sizeof(ch_host) == 136, ch_host_gauge)

LAYOUT(offsetof(ch_connector, abi_version) == 8 && offsetof(ch_connector, name) == 16, ch_connector_name)
LAYOUT(offsetof(ch_connector, version) == 24 && offsetof(ch_connector, kind) == 32, ch_connector_kind)
LAYOUT(offsetof(ch_connector, config_schema) == 40 && offsetof(ch_connector, validate) == 48, ch_connector_validate)
LAYOUT(offsetof(ch_connector, preflight) == 56 && offsetof(ch_connector, objects) == 64, ch_connector_objects)
LAYOUT(offsetof(ch_connector, create) == 72 && offsetof(ch_connector, open) == 80 && offsetof(ch_connector, put) == 88, ch_connector_put)
LAYOUT(offsetof(ch_connector, end_of_partition) == 96 && offsetof(ch_connector, tick) == 104, ch_connector_tick)
LAYOUT(offsetof(ch_connector, committed) == 112 && offsetof(ch_connector, flush) == 120, ch_connector_flush)
LAYOUT(offsetof(ch_connector, pending) == 128 && offsetof(ch_connector, close) == 136, ch_connector_close)
LAYOUT(offsetof(ch_connector, describe) == 144 && offsetof(ch_connector, destroy) == 152, ch_connector_destroy)
LAYOUT(offsetof(ch_connector, retry) == 160, ch_connector_retry)
LAYOUT(offsetof(ch_connector, inspect) == 168 && sizeof(ch_connector) == 176, ch_connector_inspect)

LAYOUT(offsetof(ch_finding, kind) == 8 && offsetof(ch_finding, object) == 16 && offsetof(ch_finding, series) == 24, ch_finding_object)
LAYOUT(offsetof(ch_finding, message) == 32 && sizeof(ch_finding) == 48, ch_finding_message)
LAYOUT(offsetof(ch_inspect_query, topic) == 8 && offsetof(ch_inspect_query, partition) == 24, ch_inspect_query_topic)
LAYOUT(offsetof(ch_inspect_query, deep) == 28 && offsetof(ch_inspect_query, after) == 32, ch_inspect_query_after)
LAYOUT(offsetof(ch_inspect_query, limit) == 48 && offsetof(ch_inspect_query, timeout_ms) == 56, ch_inspect_query_limit)
LAYOUT(offsetof(ch_inspect_query, committed) == 64 && sizeof(ch_inspect_query) == 80, ch_inspect_query_committed)
