#ifndef ANDON_CCURL_SHIM_H
#define ANDON_CCURL_SHIM_H
#include <curl/curl.h>

// The variadic functions of libcurl, by the type of their last argument.

static inline CURLcode andon_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode andon_curl_set_size(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode andon_curl_set_text(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode andon_curl_set_pointer(CURL *handle, CURLoption option, const void *value) {
    return curl_easy_setopt(handle, option, value);
}

typedef size_t (*andon_curl_callback)(char *bytes, size_t size, size_t count, void *context);

static inline CURLcode andon_curl_set_callback(CURL *handle, CURLoption option, andon_curl_callback value) {
    return curl_easy_setopt(handle, option, value);
}

static inline long andon_curl_status(CURL *handle) {
    long status = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

/// Connections that the last transfer had to open: 0 where it used one that was open.
static inline long andon_curl_new_connections(CURL *handle) {
    long count = 0;
    curl_easy_getinfo(handle, CURLINFO_NUM_CONNECTS, &count);
    return count;
}

#endif
