#ifndef ANDON_CRDKAFKA_SHIM_H
#define ANDON_CRDKAFKA_SHIM_H
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

/* Hands a record over to be sent: rd_kafka_produceva, whose arguments are an array of tagged unions, which Swift cannot
 * fill. Never blocks (a full queue is an error), copies key and value. A null value is a tombstone. `headers` may be
 * NULL; they are taken over only when the result is NO_ERROR. */
rd_kafka_resp_err_t andon_kafka_produce(rd_kafka_t *client, rd_kafka_topic_t *topic, int32_t partition,
                                        const void *key, size_t key_size, const void *value, size_t value_size,
                                        int64_t timestamp_ms, rd_kafka_headers_t *headers, void *opaque);

#endif
