#include "shim.h"

rd_kafka_resp_err_t andon_kafka_produce(rd_kafka_t *client, rd_kafka_topic_t *topic, int32_t partition,
                                        const void *key, size_t key_size, const void *value, size_t value_size,
                                        int64_t timestamp_ms, rd_kafka_headers_t *headers, void *opaque) {
    rd_kafka_vu_t arguments[8];
    size_t count = 0;
    arguments[count].vtype = RD_KAFKA_VTYPE_RKT;
    arguments[count++].u.rkt = topic;
    arguments[count].vtype = RD_KAFKA_VTYPE_PARTITION;
    arguments[count++].u.i32 = partition;
    arguments[count].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
    arguments[count++].u.i = RD_KAFKA_MSG_F_COPY;
    arguments[count].vtype = RD_KAFKA_VTYPE_KEY;
    arguments[count].u.mem.ptr = (void *)key;
    arguments[count++].u.mem.size = key_size;
    arguments[count].vtype = RD_KAFKA_VTYPE_VALUE;
    arguments[count].u.mem.ptr = (void *)value;
    arguments[count++].u.mem.size = value_size;
    arguments[count].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
    arguments[count++].u.i64 = timestamp_ms;
    arguments[count].vtype = RD_KAFKA_VTYPE_OPAQUE;
    arguments[count++].u.ptr = opaque;
    if (headers) {
        arguments[count].vtype = RD_KAFKA_VTYPE_HEADERS;
        arguments[count++].u.headers = headers;
    }
    rd_kafka_error_t *error = rd_kafka_produceva(client, arguments, count);
    if (!error) return RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    return code;
}
