// Reads a body byte by byte after the fast walk has failed. It finds the elements of a batch although some of them are
// not JSON, and where a body stops being JSON. Allocates nothing; reads each byte at most three times.
#ifndef ANDON_CSIMDJSON_SLOW_READER_H
#define ANDON_CSIMDJSON_SLOW_READER_H

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace {

inline bool is_blank(uint8_t c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
inline bool is_digit(uint8_t c) { return c >= '0' && c <= '9'; }
inline bool ends_token(uint8_t c) {
    return is_blank(c) || c == ',' || c == ':' || c == '{' || c == '}' || c == '[' || c == ']';
}

/// Deeper than any depth_maximum.
constexpr uint32_t depth_ceiling = 256;

enum class passage { ok, malformed, too_deep };

struct slow_reader {
    const uint8_t *text;
    size_t length;
    uint32_t depth_maximum;
    /// The next byte; after a failure: where the text cannot go on.
    size_t at;

    uint8_t peek() const { return at < length ? text[at] : 0; }
    bool is_at_end() const { return at == length; }

    void skip_blanks() {
        while (at < length && is_blank(text[at])) at++;
    }

    /// Skips blanks and takes a byte of punctuation.
    bool take(uint8_t c) {
        skip_blanks();
        if (at == length || text[at] != c) return false;
        at++;
        return true;
    }

    // MARK: To the letter

    /// One value of valid JSON inside `depth` open brackets.
    passage value(uint32_t depth) {
        skip_blanks();
        switch (peek()) {
        case '"': return string() ? passage::ok : passage::malformed;
        case '{': return members(depth + 1);
        case '[': return elements(depth + 1);
        case 't': return word("true") ? passage::ok : passage::malformed;
        case 'f': return word("false") ? passage::ok : passage::malformed;
        case 'n': return word("null") ? passage::ok : passage::malformed;
        default: return number() ? passage::ok : passage::malformed;
        }
    }

    /// A string of valid JSON, with its quotes.
    bool string() {
        if (peek() != '"') return false;
        at++;
        while (at < length) {
            const uint8_t c = text[at];
            if (c == '"') {
                at++;
                return true;
            }
            if (c < 0x20 || !(c == '\\' ? escape() : character())) return false;
        }
        return false;
    }

private:
    passage elements(uint32_t depth) {
        if (depth > depth_maximum) return passage::too_deep;
        at++;
        if (take(']')) return passage::ok;
        for (;;) {
            const passage read = value(depth);
            if (read != passage::ok) return read;
            if (take(']')) return passage::ok;
            if (!take(',')) return passage::malformed;
        }
    }

    passage members(uint32_t depth) {
        if (depth > depth_maximum) return passage::too_deep;
        at++;
        if (take('}')) return passage::ok;
        for (;;) {
            skip_blanks();
            if (!string() || !take(':')) return passage::malformed;
            const passage read = value(depth);
            if (read != passage::ok) return read;
            if (take('}')) return passage::ok;
            if (!take(',')) return passage::malformed;
        }
    }

    bool word(const char *expected) {
        const size_t count = std::strlen(expected);
        if (length - at < count || std::memcmp(text + at, expected, count) != 0) return false;
        if (at + count < length && !ends_token(text[at + count])) return false;
        at += count;
        return true;
    }

    bool number() {
        size_t p = at;
        const auto digits = [&] {
            const size_t first = p;
            while (p < length && is_digit(text[p])) p++;
            return p > first;
        };
        if (p < length && text[p] == '-') p++;
        if (p < length && text[p] == '0') {
            p++;
        } else if (!digits()) {
            return false;
        }
        if (p < length && text[p] == '.') {
            p++;
            if (!digits()) return false;
        }
        if (p < length && (text[p] == 'e' || text[p] == 'E')) {
            p++;
            if (p < length && (text[p] == '+' || text[p] == '-')) p++;
            if (!digits()) return false;
        }
        if (p < length && !ends_token(text[p])) return false;
        at = p;
        return true;
    }

    /// The four hexadecimal digits at `p`, or -1.
    int32_t hexadecimal(size_t p) const {
        if (length - p < 4) return -1;
        int32_t value = 0;
        for (size_t i = p; i < p + 4; i++) {
            const uint8_t c = text[i];
            const uint8_t lower = c | 0x20;
            if (is_digit(c)) {
                value = value << 4 | (c - '0');
            } else if (lower >= 'a' && lower <= 'f') {
                value = value << 4 | (lower - 'a' + 10);
            } else {
                return -1;
            }
        }
        return value;
    }

    bool escape() {
        if (length - at < 2) return false;
        if (text[at + 1] != 'u') {
            if (!std::memchr("\"\\/bfnrt", text[at + 1], 8)) return false;
            at += 2;
            return true;
        }
        const int32_t code = hexadecimal(at + 2);
        if (code < 0 || (code >= 0xdc00 && code <= 0xdfff)) return false;
        if (code < 0xd800 || code > 0xdbff) {
            at += 6;
            return true;
        }
        if (length - at < 12 || text[at + 6] != '\\' || text[at + 7] != 'u') return false;
        const int32_t low = hexadecimal(at + 8);
        if (low < 0xdc00 || low > 0xdfff) return false;
        at += 12;
        return true;
    }

    /// One character of UTF-8 (RFC 3629).
    bool character() {
        const uint8_t c = text[at];
        if (c < 0x80) {
            at++;
            return true;
        }
        const size_t count = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
        if (c < 0xc2 || c > 0xf4 || length - at < count) return false;
        for (size_t i = 1; i < count; i++) {
            if ((text[at + i] & 0xc0) != 0x80) return false;
        }
        const uint8_t second = text[at + 1];
        if ((c == 0xe0 && second < 0xa0) || (c == 0xed && second > 0x9f) || (c == 0xf0 && second < 0x90) ||
            (c == 0xf4 && second > 0x8f)) {
            return false;
        }
        at += count;
        return true;
    }

public:
    // MARK: Tolerant

    /// Passes one value, valid or not, as long as it is certain where it ends: its brackets match, its strings end, and
    /// no quote touches a word, which would mean that a quote is missing or too many and that text and punctuation have
    /// changed places.
    passage pass(uint32_t depth) {
        uint8_t closers[depth_ceiling];
        uint32_t open = 0;
        do {
            skip_blanks();
            if (at == length) return passage::malformed;
            const uint8_t c = text[at];
            switch (c) {
            case '"':
                if (!quoted()) return passage::malformed;
                break;
            case '{':
            case '[':
                if (depth + open >= depth_maximum) return passage::too_deep;
                // '}' and ']' stand two places after '{' and '['.
                closers[open++] = uint8_t(c + 2);
                at++;
                break;
            case '}':
            case ']':
                if (open == 0 || closers[open - 1] != c) return passage::malformed;
                open--;
                at++;
                break;
            case ',':
            case ':':
                if (open == 0) return passage::malformed;
                at++;
                break;
            default:
                while (at < length && !ends_token(text[at]) && text[at] != '"') at++;
                if (peek() == '"') return passage::malformed;
            }
        } while (open > 0);
        return passage::ok;
    }

private:
    /// A string from quote to quote, whatever is in it.
    bool quoted() {
        const size_t start = at;
        for (at++; at < length; at++) {
            if (text[at] == '\\') {
                at++;
            } else if (text[at] == '"') {
                at++;
                return at == length || ends_token(text[at]);
            }
        }
        at = start;
        return false;
    }
};

}  // namespace

#endif
