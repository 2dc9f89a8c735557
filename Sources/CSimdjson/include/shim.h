#ifndef ANDON_CSIMDJSON_SHIM_H
#define ANDON_CSIMDJSON_SHIM_H
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// What was found where a field belongs.
enum {
    ANDON_JSON_ABSENT = 0,
    ANDON_JSON_NULL = 1,
    ANDON_JSON_STRING = 2,
    ANDON_JSON_NUMBER = 3,
    /// true, false, an array or an object: the wrong type for every field. Of the last two only the bracket is kept.
    ANDON_JSON_OTHER = 4,
};

/// One value: the text of a string with escapes resolved, or of a number as it was written.
typedef struct {
    const uint8_t *bytes;
    uint32_t length;
    uint32_t kind;
} andon_json_field;

/// One element of the request. Of a repeated key this holds the last value (SPEC 2.1).
typedef struct {
    andon_json_field timestamp;
    andon_json_field worker_id;
    andon_json_field workstation_id;
    andon_json_field event_type;
    andon_json_field confidence;
    andon_json_field count;
    andon_json_field camera_id;
    andon_json_field model_version;
    andon_json_field site_id;
    /// 0 where the element is not an object, or it is not JSON; then no field is set.
    uint32_t is_object;
    uint32_t unused;
} andon_json_event;

/// How a body is laid out (SPEC 2.2).
enum {
    /// One event object.
    ANDON_JSON_SINGLE = 0,
    /// An object with `events`, or a bare array. An event that is not JSON fails alone, as long as it is certain where it
    /// ends: brackets match, strings end, and no quote touches a word.
    ANDON_JSON_BATCH = 1,
    /// One event a line; a broken line fails alone.
    ANDON_JSON_LINES = 2,
};

enum {
    ANDON_JSON_OK = 0,
    /// Not one JSON document in UTF-8.
    ANDON_JSON_MALFORMED = 1,
    ANDON_JSON_TOO_DEEP = 2,
    ANDON_JSON_NO_EVENTS = 3,
    ANDON_JSON_TOO_MANY = 4,
    ANDON_JSON_NO_MEMORY = 5,
};

typedef struct {
    const andon_json_event *events;
    uint32_t count;
    uint32_t status;
    /// `site_id` beside `events` in a batch object.
    andon_json_field site_id;
    /// Where the body stops being JSON, when it is malformed.
    size_t fault;
    /// Whether a batch has a list of events, be it empty.
    uint32_t has_list;
    uint32_t unused;
} andon_json_result;

typedef struct andon_json_parser andon_json_parser;

/// A parser for bodies of at most `events_maximum` events, nested at most `depth_maximum` (≤ 255) deep;
/// NULL when memory runs out. One thread at a time.
andon_json_parser *andon_json_create(uint32_t events_maximum, uint32_t depth_maximum);
void andon_json_destroy(andon_json_parser *parser);

/// Reads a whole body and checks every byte of it; never reads past `length`.
/// The result points into the body and the parser, and is valid until either changes.
andon_json_result andon_json_parse(andon_json_parser *parser, const uint8_t *body, size_t length, uint32_t layout);

#ifdef __cplusplus
}
#endif
#endif
