// simdjson's first stage uses SIMD to find where every token starts, and checks UTF-8 and control characters. The
// second stage below is our own. simdjson's would fail a whole body for one number that is too large, its On-Demand
// interface does not check bytes that nobody asks for, and neither tells which of two equal keys came last.
#include "shim.h"

#include "slow_reader.h"

#include <simdjson.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

namespace {

using simdjson::internal::dom_parser_implementation;
using simdjson::stage1_mode;

// A parser keeps buffers for bodies up to this size and releases larger ones (a body has at most 16 MiB, its token
// table four times that).
constexpr size_t retained_bytes = 1 << 20;
constexpr size_t smallest_bytes = 1 << 15;
// The slow path reads each member of the object around the events by itself, so their number is limited.
constexpr uint32_t slow_members_maximum = 1000;

enum class outcome : uint32_t {
    ok = ANDON_JSON_OK,
    malformed = ANDON_JSON_MALFORMED,
    too_deep = ANDON_JSON_TOO_DEEP,
    no_events = ANDON_JSON_NO_EVENTS,
    too_many = ANDON_JSON_TOO_MANY,
};

/// The four hexadecimal digits at `p`, or -1.
int32_t hexadecimal(const uint8_t *p) {
    int32_t value = 0;
    for (int i = 0; i < 4; i++) {
        const uint8_t c = p[i];
        int32_t digit;
        if (is_digit(c)) {
            digit = c - '0';
        } else if (c >= 'a' && c <= 'f') {
            digit = c - 'a' + 10;
        } else if (c >= 'A' && c <= 'F') {
            digit = c - 'A' + 10;
        } else {
            return -1;
        }
        value = value << 4 | digit;
    }
    return value;
}

uint8_t *append_utf8(uint8_t *out, uint32_t code) {
    if (code < 0x80) {
        *out++ = uint8_t(code);
    } else if (code < 0x800) {
        *out++ = uint8_t(0xc0 | code >> 6);
        *out++ = uint8_t(0x80 | (code & 63));
    } else if (code < 0x10000) {
        *out++ = uint8_t(0xe0 | code >> 12);
        *out++ = uint8_t(0x80 | (code >> 6 & 63));
        *out++ = uint8_t(0x80 | (code & 63));
    } else {
        *out++ = uint8_t(0xf0 | code >> 18);
        *out++ = uint8_t(0x80 | (code >> 12 & 63));
        *out++ = uint8_t(0x80 | (code >> 6 & 63));
        *out++ = uint8_t(0x80 | (code & 63));
    }
    return out;
}

/// Reads `\u` and four digits, and the second half of a surrogate pair; `p` points to the `u`. nullptr when this is not
/// text: half a surrogate pair is no character.
const uint8_t *unescape_unicode(const uint8_t *p, const uint8_t *end, uint8_t *&out) {
    if (end - p < 5) return nullptr;
    int32_t code = hexadecimal(p + 1);
    p += 5;
    if (code < 0 || (code >= 0xdc00 && code <= 0xdfff)) return nullptr;
    if (code >= 0xd800 && code <= 0xdbff) {
        if (end - p < 6 || p[0] != '\\' || p[1] != 'u') return nullptr;
        const int32_t low = hexadecimal(p + 2);
        if (low < 0xdc00 || low > 0xdfff) return nullptr;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        p += 6;
    }
    out = append_utf8(out, uint32_t(code));
    return p;
}

/// Resolves the escapes of a string into `out`. Returns the end of the text, or nullptr for an escape that JSON lacks.
uint8_t *unescape(const uint8_t *p, const uint8_t *end, uint8_t *out) {
    while (p < end) {
        if (*p != '\\') {
            *out++ = *p++;
            continue;
        }
        if (++p == end) return nullptr;
        switch (*p) {
        case '"': *out++ = '"'; break;
        case '\\': *out++ = '\\'; break;
        case '/': *out++ = '/'; break;
        case 'b': *out++ = '\b'; break;
        case 'f': *out++ = '\f'; break;
        case 'n': *out++ = '\n'; break;
        case 'r': *out++ = '\r'; break;
        case 't': *out++ = '\t'; break;
        case 'u':
            p = unescape_unicode(p, end, out);
            if (!p) return nullptr;
            continue;
        default: return nullptr;
        }
        p++;
    }
    return out;
}

/// Walks over the tokens that the first stage found.
struct walker {
    const uint8_t *text;
    const uint8_t *text_end;
    const uint32_t *tokens;
    /// The token to read next, and the one to stop before. tokens[last] is valid too: the first stage writes the length
    /// of the text there.
    size_t next;
    size_t last;
    uint32_t depth_maximum;
    /// Whether the body has a backslash anywhere; without one no string has to be searched for escapes.
    bool has_escapes;
    /// Buffer for unescaped text, which is never longer than the escaped form.
    uint8_t *arena;

    uint8_t peek() const { return next < last ? text[tokens[next]] : 0; }

    bool take(uint8_t c) {
        if (peek() != c) return false;
        next++;
        return true;
    }

    /// The string at `next`: it ends with the last quote before the next token.
    bool string(andon_json_field &field) {
        const uint8_t *start = text + tokens[next] + 1;
        const uint8_t *end = text + tokens[next + 1];
        while (end > start && is_blank(end[-1])) end--;
        if (end == start || end[-1] != '"') return false;
        end--;
        next++;
        field.kind = ANDON_JSON_STRING;
        if (has_escapes && std::memchr(start, '\\', size_t(end - start))) {
            uint8_t *finish = unescape(start, end, arena);
            if (!finish) return false;
            field.bytes = arena;
            field.length = uint32_t(finish - arena);
            arena = finish;
        } else {
            field.bytes = start;
            field.length = uint32_t(end - start);
        }
        return true;
    }

    /// The number at `next`, by the grammar of JSON. Its value is not computed, so no number is too large.
    bool number(andon_json_field &field) {
        const uint8_t *start = text + tokens[next];
        const uint8_t *p = start;
        if (*p == '-' && ++p == text_end) return false;
        if (!is_digit(*p)) return false;
        if (*p == '0') {
            p++;
        } else {
            while (p < text_end && is_digit(*p)) p++;
        }
        if (p < text_end && *p == '.') {
            const uint8_t *first = ++p;
            while (p < text_end && is_digit(*p)) p++;
            if (p == first) return false;
        }
        if (p < text_end && (*p == 'e' || *p == 'E')) {
            p++;
            if (p < text_end && (*p == '+' || *p == '-')) p++;
            const uint8_t *first = p;
            while (p < text_end && is_digit(*p)) p++;
            if (p == first) return false;
        }
        if (p < text_end && !ends_token(*p)) return false;
        next++;
        field = {start, uint32_t(p - start), ANDON_JSON_NUMBER};
        return true;
    }

    bool literal(const char *word, size_t length) {
        const uint8_t *start = text + tokens[next];
        if (size_t(text_end - start) < length || std::memcmp(start, word, length) != 0) return false;
        if (start + length < text_end && !ends_token(start[length])) return false;
        next++;
        return true;
    }

    /// The value at `next`, of which the first bytes are kept to say what it is.
    andon_json_field other(uint32_t length) const { return {text + tokens[next], length, ANDON_JSON_OTHER}; }

    /// Any value inside `depth` open brackets.
    outcome value(andon_json_field &field, uint32_t depth) {
        switch (peek()) {
        case '"': return string(field) ? outcome::ok : outcome::malformed;
        case 'n':
            field.kind = ANDON_JSON_NULL;
            return literal("null", 4) ? outcome::ok : outcome::malformed;
        case 't': field = other(4); return literal("true", 4) ? outcome::ok : outcome::malformed;
        case 'f': field = other(5); return literal("false", 5) ? outcome::ok : outcome::malformed;
        case '[': field = other(1); return skip_array(depth);
        case '{': field = other(1); return skip_object(depth);
        case 0: return outcome::malformed;
        default: return number(field) ? outcome::ok : outcome::malformed;
        }
    }

    outcome skip_array(uint32_t depth) {
        if (++depth > depth_maximum) return outcome::too_deep;
        next++;
        if (take(']')) return outcome::ok;
        for (;;) {
            andon_json_field ignored;
            const outcome result = value(ignored, depth);
            if (result != outcome::ok) return result;
            if (take(']')) return outcome::ok;
            if (!take(',')) return outcome::malformed;
        }
    }

    outcome skip_object(uint32_t depth) {
        return members(depth, [this](const andon_json_field &, uint32_t inside) {
            andon_json_field ignored;
            return value(ignored, inside);
        });
    }

    /// The object at `next`; `member(key, depth)` reads each value.
    template <typename Member>
    outcome members(uint32_t depth, Member member) {
        if (++depth > depth_maximum) return outcome::too_deep;
        next++;
        if (take('}')) return outcome::ok;
        for (;;) {
            andon_json_field key;
            if (peek() != '"' || !string(key) || !take(':')) return outcome::malformed;
            const outcome result = member(key, depth);
            if (result != outcome::ok) return result;
            if (take('}')) return outcome::ok;
            if (!take(',')) return outcome::malformed;
        }
    }

    /// An element: an event where it is an object.
    outcome element(andon_json_event &event, uint32_t depth) {
        std::memset(&event, 0, sizeof event);
        if (peek() != '{') {
            andon_json_field ignored;
            return value(ignored, depth);
        }
        event.is_object = 1;
        return members(depth, [this, &event](const andon_json_field &key, uint32_t inside) {
            andon_json_field ignored;
            andon_json_field *field = field_named(event, key);
            return value(field ? *field : ignored, inside);
        });
    }

    static bool is(const andon_json_field &key, const char *name, size_t length) {
        return key.length == length && std::memcmp(key.bytes, name, length) == 0;
    }

    static andon_json_field *field_named(andon_json_event &event, const andon_json_field &key) {
        switch (key.length) {
        case 5: return is(key, "count", 5) ? &event.count : nullptr;
        case 7: return is(key, "site_id", 7) ? &event.site_id : nullptr;
        case 9:
            if (is(key, "timestamp", 9)) return &event.timestamp;
            if (is(key, "worker_id", 9)) return &event.worker_id;
            return is(key, "camera_id", 9) ? &event.camera_id : nullptr;
        case 10:
            if (is(key, "event_type", 10)) return &event.event_type;
            return is(key, "confidence", 10) ? &event.confidence : nullptr;
        case 13: return is(key, "model_version", 13) ? &event.model_version : nullptr;
        case 14: return is(key, "workstation_id", 14) ? &event.workstation_id : nullptr;
        default: return nullptr;
        }
    }
};

}  // namespace

struct andon_json_parser {
    std::unique_ptr<dom_parser_implementation> stage;
    andon_json_event *events = nullptr;
    uint8_t *arena = nullptr;
    size_t arena_bytes = 0;
    uint32_t events_maximum;
    uint32_t depth_maximum;

    andon_json_parser(uint32_t events_limit, uint32_t depth_limit)
        : events_maximum(events_limit), depth_maximum(depth_limit) {}

    ~andon_json_parser() {
        std::free(events);
        std::free(arena);
    }

    /// Makes room for a body; releases what an unusually large one needed before.
    bool reserve(size_t length, bool needs_arena) {
        const size_t wanted = length < smallest_bytes ? smallest_bytes : length;
        const bool oversized = stage->capacity() > retained_bytes && wanted <= retained_bytes;
        if (stage->capacity() < wanted || oversized) {
            size_t rounded = smallest_bytes;
            while (rounded < wanted) rounded *= 2;
            if (stage->set_capacity(rounded) != simdjson::SUCCESS) return false;
        }
        if (arena_bytes > retained_bytes && wanted <= retained_bytes) {
            std::free(arena);
            arena = nullptr;
            arena_bytes = 0;
        }
        if (needs_arena && arena_bytes < length) {
            std::free(arena);
            arena = static_cast<uint8_t *>(std::malloc(length));
            arena_bytes = arena ? length : 0;
            return arena != nullptr;
        }
        return true;
    }

    walker over(const uint8_t *text, size_t length, bool has_escapes) {
        return walker{text, text + length, stage->structural_indexes.get(), 0, stage->n_structural_indexes,
                      depth_maximum, has_escapes, arena};
    }

    outcome single(walker &walk, andon_json_result &result) {
        if (walk.peek() != '{') {
            andon_json_field ignored;
            const outcome other = walk.value(ignored, 0);
            return other == outcome::ok ? outcome::no_events : other;
        }
        result.count = 1;
        return walk.element(events[0], 0);
    }

    /// The array of events at the walker, inside `depth` open brackets.
    outcome array(walker &walk, andon_json_result &result, uint32_t depth) {
        result.count = 0;
        result.has_list = 1;
        walk.next++;
        if (walk.take(']')) return outcome::ok;
        for (;;) {
            if (result.count == events_maximum) return outcome::too_many;
            const outcome read = walk.element(events[result.count++], depth + 1);
            if (read != outcome::ok) return read;
            if (walk.take(']')) return outcome::ok;
            if (!walk.take(',')) return outcome::malformed;
        }
    }

    outcome batch(walker &walk, andon_json_result &result) {
        if (walk.peek() == '[') return array(walk, result, 0);
        andon_json_field ignored;
        if (walk.peek() != '{') return walk.value(ignored, 0);
        return walk.members(0, [&](const andon_json_field &key, uint32_t depth) {
            if (walker::is(key, "events", 6)) {
                result.count = 0;
                result.has_list = 0;
                return walk.peek() == '[' ? array(walk, result, depth) : walk.value(ignored, depth);
            }
            return walk.value(walker::is(key, "site_id", 7) ? result.site_id : ignored, depth);
        });
    }

    outcome document(const uint8_t *body, size_t length, uint32_t layout, bool has_escapes, andon_json_result &result) {
        const simdjson::error_code error = stage->stage1(body, length, stage1_mode::regular);
        if (error == simdjson::EMPTY) return outcome::no_events;
        if (error != simdjson::SUCCESS) return outcome::malformed;
        walker walk = over(body, length, has_escapes);
        const outcome read = layout == ANDON_JSON_SINGLE ? single(walk, result) : batch(walk, result);
        if (read != outcome::ok) return read;
        if (walk.next != walk.last) return outcome::malformed;
        return result.count == 0 ? outcome::no_events : outcome::ok;
    }

    /// One line, or another text that stands alone inside `depth` open brackets, whose tokens the walker holds from
    /// `next` to `last`. What is not JSON becomes an element that is no object.
    void line(walker &walk, andon_json_event &event, uint32_t depth = 0) {
        const outcome read = walk.element(event, depth);
        if (read != outcome::ok || walk.next != walk.last) std::memset(&event, 0, sizeof event);
    }

    /// The same, for a text that is read by itself.
    void alone(const uint8_t *first, size_t length, walker &whole, andon_json_event &event, uint32_t depth = 0) {
        if (stage->stage1(first, length, stage1_mode::regular) != simdjson::SUCCESS) {
            std::memset(&event, 0, sizeof event);
            return;
        }
        walker walk = over(first, length, whole.has_escapes);
        walk.arena = whole.arena;
        line(walk, event, depth);
        whole.arena = walk.arena;
    }

    outcome lines(const uint8_t *body, size_t length, bool has_escapes, andon_json_result &result) {
        // When the first stage accepts the whole body, no string contains a line end, so the tokens of each line are
        // the same as if it stood alone. When it does not, the lines are read one by one to find the broken ones.
        const simdjson::error_code error = stage->stage1(body, length, stage1_mode::regular);
        if (error == simdjson::EMPTY) return outcome::no_events;
        const bool whole = error == simdjson::SUCCESS;
        walker walk = over(body, length, has_escapes);
        walk.last = 0;
        const uint8_t *end = body + length;
        for (const uint8_t *start = body; start < end;) {
            const void *newline = std::memchr(start, '\n', size_t(end - start));
            const uint8_t *stop = newline ? static_cast<const uint8_t *>(newline) : end;
            const uint8_t *first = start;
            start = newline ? stop + 1 : end;
            while (first < stop && is_blank(*first)) first++;
            if (first == stop) continue;
            if (result.count == events_maximum) return outcome::too_many;
            andon_json_event &event = events[result.count++];
            if (whole) {
                walk.next = walk.last;
                while (walk.last < stage->n_structural_indexes && body + walk.tokens[walk.last] < stop) walk.last++;
                line(walk, event);
                walk.next = walk.last;
            } else {
                alone(first, size_t(stop - first), walk, event);
            }
        }
        return result.count == 0 ? outcome::no_events : outcome::ok;
    }

    // MARK: After the fast walk has failed

    static outcome of(passage read) {
        switch (read) {
        case passage::ok: return outcome::ok;
        case passage::malformed: return outcome::malformed;
        case passage::too_deep: return outcome::too_deep;
        }
        return outcome::malformed;
    }

    /// Passes the array at the reader; its elements are read later, once it is known that they are the events.
    outcome slow_array(slow_reader &reader, andon_json_result &result, uint32_t depth) {
        result.count = 0;
        result.has_list = 1;
        reader.at++;
        if (reader.take(']')) return outcome::ok;
        for (;;) {
            if (result.count == events_maximum) return outcome::too_many;
            result.count++;
            const outcome passed = of(reader.pass(depth + 1));
            if (passed != outcome::ok) return passed;
            if (reader.take(']')) return outcome::ok;
            if (!reader.take(',')) return outcome::malformed;
        }
    }

    /// Reads the elements of an array that has been passed, each by itself.
    void slow_elements(slow_reader reader, walker &whole, const andon_json_result &result, uint32_t depth) {
        reader.at++;
        for (uint32_t index = 0; index < result.count; index++) {
            reader.skip_blanks();
            const size_t first = reader.at;
            reader.pass(depth + 1);
            alone(reader.text + first, reader.at - first, whole, events[index], depth + 1);
            reader.take(',');
        }
    }

    /// The member at the reader, inside the object around the events: only the events may be broken.
    outcome slow_member(slow_reader &reader, walker &whole, andon_json_result &result, size_t &array) {
        reader.skip_blanks();
        const size_t first = reader.at;
        if (!reader.string()) return outcome::malformed;
        const andon_json_field key = slow_string(reader.text + first, reader.at - first, whole);
        if (!reader.take(':')) return outcome::malformed;
        reader.skip_blanks();
        const size_t start = reader.at;
        const bool is_events = walker::is(key, "events", 6);
        if (is_events) {
            result.count = 0;
            result.has_list = 0;
            array = start;
            if (reader.peek() == '[') return slow_array(reader, result, 1);
        }
        const outcome read = of(reader.value(1));
        if (read != outcome::ok || !walker::is(key, "site_id", 7)) return read;
        const uint8_t c = reader.text[start];
        if (c == '"') {
            result.site_id = slow_string(reader.text + start, reader.at - start, whole);
        } else {
            result.site_id = {reader.text + start, 1, uint32_t(c == 'n' ? ANDON_JSON_NULL : ANDON_JSON_OTHER)};
        }
        return outcome::ok;
    }

    /// A string that is known to be valid, with its quotes.
    andon_json_field slow_string(const uint8_t *first, size_t length, walker &whole) {
        uint8_t *start = whole.arena;
        if (!whole.has_escapes) return {first + 1, uint32_t(length - 2), ANDON_JSON_STRING};
        whole.arena = unescape(first + 1, first + length - 1, start);
        return {start, uint32_t(whole.arena - start), ANDON_JSON_STRING};
    }

    /// Finds the events of a batch of which some are not JSON (SPEC 2.3), or where a body stops being JSON.
    outcome slow_document(
        const uint8_t *body, size_t length, uint32_t layout, bool has_escapes, andon_json_result &result) {
        slow_reader reader{body, length, depth_maximum, 0};
        const outcome read = slow_read(reader, layout, has_escapes, result);
        result.fault = reader.at;
        return read;
    }

    outcome slow_read(slow_reader &reader, uint32_t layout, bool has_escapes, andon_json_result &result) {
        walker whole = over(reader.text, reader.length, has_escapes);
        result.count = 0;
        result.has_list = 0;
        result.site_id = andon_json_field{};
        // UTF-16, in which every element would look broken.
        if (reader.length > 1 && (reader.text[0] == 0 || reader.text[1] == 0)) return outcome::malformed;
        reader.skip_blanks();
        size_t array = reader.at;
        uint32_t depth = 0;
        outcome read = outcome::ok;
        if (layout != ANDON_JSON_BATCH || (reader.peek() != '[' && reader.peek() != '{')) {
            if (reader.value(0) == passage::ok) reader.skip_blanks();
            return outcome::malformed;
        }
        if (reader.peek() == '[') {
            read = slow_array(reader, result, 0);
        } else {
            depth = 1;
            read = slow_object(reader, whole, result, array);
        }
        if (read != outcome::ok) return read;
        reader.skip_blanks();
        if (!reader.is_at_end()) return outcome::malformed;
        if (result.count == 0) return outcome::no_events;
        reader.at = array;
        slow_elements(reader, whole, result, depth);
        return outcome::ok;
    }

    outcome slow_object(slow_reader &reader, walker &whole, andon_json_result &result, size_t &array) {
        reader.at++;
        if (reader.take('}')) return outcome::ok;
        for (uint32_t count = 0; count < slow_members_maximum; count++) {
            const outcome read = slow_member(reader, whole, result, array);
            if (read != outcome::ok) return read;
            if (reader.take('}')) return outcome::ok;
            if (!reader.take(',')) return outcome::malformed;
        }
        return outcome::malformed;
    }
};

extern "C" andon_json_parser *andon_json_create(uint32_t events_maximum, uint32_t depth_maximum) {
    auto *parser = new (std::nothrow) andon_json_parser(events_maximum, depth_maximum);
    if (!parser) return nullptr;
    parser->events = static_cast<andon_json_event *>(std::calloc(events_maximum, sizeof(andon_json_event)));
    const simdjson::error_code error = simdjson::get_active_implementation()->create_dom_parser_implementation(
        smallest_bytes, depth_maximum, parser->stage);
    if (!parser->events || error != simdjson::SUCCESS) {
        delete parser;
        return nullptr;
    }
    return parser;
}

extern "C" void andon_json_destroy(andon_json_parser *parser) { delete parser; }

extern "C" andon_json_result andon_json_parse(
    andon_json_parser *parser, const uint8_t *body, size_t length, uint32_t layout) {
    andon_json_result result{};
    result.events = parser->events;
    const uint8_t *const whole_body = body;
    // RFC 8259 §8.1 lets a reader ignore a byte order mark; Windows tools write it.
    if (length >= 3 && std::memcmp(body, "\xef\xbb\xbf", 3) == 0) {
        body += 3;
        length -= 3;
    }
    if (length == 0) {
        result.status = ANDON_JSON_NO_EVENTS;
        return result;
    }
    const bool has_escapes = std::memchr(body, '\\', length) != nullptr;
    if (!parser->reserve(length, has_escapes)) {
        result.status = ANDON_JSON_NO_MEMORY;
        return result;
    }
    outcome read;
    if (layout == ANDON_JSON_LINES) {
        read = parser->lines(body, length, has_escapes, result);
    } else {
        read = parser->document(body, length, layout, has_escapes, result);
        if (read == outcome::malformed) read = parser->slow_document(body, length, layout, has_escapes, result);
        result.fault += size_t(body - whole_body);
    }
    result.status = uint32_t(read);
    return result;
}
