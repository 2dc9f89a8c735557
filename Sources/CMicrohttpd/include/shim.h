#ifndef ANDON_CMICROHTTPD_SHIM_H
#define ANDON_CMICROHTTPD_SHIM_H
#include <microhttpd.h>
#include <stdint.h>
#include <sys/socket.h>

/// What a daemon is started with. The variadic options are not visible from Swift.
struct andon_mhd_settings {
    /// Bound, listening, non-blocking. Stays the caller's until the daemon is stopped.
    int listen_socket;
    int is_ipv6;
    unsigned int threads;
    unsigned int connections_maximum;
    /// 0: no limit.
    unsigned int connections_per_address_maximum;
    unsigned int idle_seconds;
    /// Memory of one connection: head, read buffer, head of the answer.
    size_t connection_bytes;
    /// First argument of every callback.
    void *context;
};

/// Starts a daemon that polls (never epoll) on a pool of its own threads, with suspend and resume.
/// NULL on failure. Keys and values of requests are not unescaped.
struct MHD_Daemon *andon_mhd_start(
    const struct andon_mhd_settings *settings, MHD_AccessHandlerCallback handler,
    void *(*request_line)(void *context, const char *target, struct MHD_Connection *connection),
    MHD_NotifyConnectionCallback connection_changed, MHD_RequestCompletedCallback request_completed);

/// The facts about a request's head that decide how its body is read, gathered in one pass over the headers.
/// Pointers are valid until the request is answered.
struct andon_mhd_head {
    const char *content_encoding;
    const char *origin;
    const char *request_id;
    const char *accept_encoding;
    uint64_t content_length;
    unsigned int content_length_count;
    unsigned int content_encoding_count;
    unsigned int transfer_encoding_count;
    unsigned int host_count;
    unsigned int accept_encoding_count;
    int is_chunked;
    int expects_continue;
    /// There is an expectation other than `100-continue`.
    int expects_unknown;
    /// The name of a header is empty, or holds a space or another character that names do not have.
    int has_malformed_name;
    /// A header that only proxies write was there.
    int is_forwarded;
    /// Bytes of the request line and the headers together.
    size_t bytes;
};

/// Macros with casts are not visible from Swift.
static const uint64_t andon_mhd_size_unknown = MHD_SIZE_UNKNOWN;
static const ssize_t andon_mhd_end_of_stream = MHD_CONTENT_READER_END_OF_STREAM;
static const ssize_t andon_mhd_end_with_error = MHD_CONTENT_READER_END_WITH_ERROR;

/// Has an answer of unknown length end with its connection instead of being sent in chunks.
static inline enum MHD_Result andon_mhd_end_by_close(struct MHD_Response *response) {
    return MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
}

void andon_mhd_read_head(struct MHD_Connection *connection, struct andon_mhd_head *head);

/// What the daemon was told to keep for this connection, or NULL.
void *andon_mhd_connection_context(struct MHD_Connection *connection);
int andon_mhd_socket(struct MHD_Connection *connection);
/// The address of the peer, or NULL.
const struct sockaddr *andon_mhd_peer(struct MHD_Connection *connection);
/// Names the calling thread `http-0`, `http-1` and so on, once: the library gives all of its threads one name.
void andon_mhd_name_thread(void);

#endif
