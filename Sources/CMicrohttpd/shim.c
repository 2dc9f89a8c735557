// For pthread_setname_np.
#define _GNU_SOURCE

#include "shim.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/// Leaves everything as it was sent: malformed escapes must be seen, and only Andon's own parser sees them.
static size_t keep_escapes(void *context, struct MHD_Connection *connection, char *text) {
    (void)context;
    (void)connection;
    return strlen(text);
}

struct MHD_Daemon *andon_mhd_start(
    const struct andon_mhd_settings *settings, MHD_AccessHandlerCallback handler,
    void *(*request_line)(void *context, const char *target, struct MHD_Connection *connection),
    MHD_NotifyConnectionCallback connection_changed, MHD_RequestCompletedCallback request_completed) {
    unsigned int flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME;
    if (settings->is_ipv6) flags |= MHD_USE_IPv6;
    // A pool of one is refused by the library: the daemon's own thread serves alone then.
    unsigned int pool = settings->threads > 1 ? settings->threads : 0;
    return MHD_start_daemon(
        flags, 0, NULL, NULL, handler, settings->context,
        MHD_OPTION_LISTEN_SOCKET, settings->listen_socket,
        MHD_OPTION_THREAD_POOL_SIZE, pool,
        MHD_OPTION_CONNECTION_LIMIT, settings->connections_maximum,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, settings->connections_per_address_maximum,
        MHD_OPTION_CONNECTION_TIMEOUT, settings->idle_seconds,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, settings->connection_bytes,
        // Strictness is Andon's own: the library would answer in HTML, and twice.
        MHD_OPTION_STRICT_FOR_CLIENT, 0,
        MHD_OPTION_UNESCAPE_CALLBACK, &keep_escapes, NULL,
        MHD_OPTION_URI_LOG_CALLBACK, request_line, settings->context,
        MHD_OPTION_NOTIFY_CONNECTION, connection_changed, settings->context,
        MHD_OPTION_NOTIFY_COMPLETED, request_completed, settings->context,
        MHD_OPTION_END);
}

void andon_mhd_name_thread(void) {
    static atomic_uint threads;
    static _Thread_local int has_name;
    if (has_name) return;
    has_name = 1;
    char name[16];
    snprintf(name, sizeof(name), "http-%u", atomic_fetch_add(&threads, 1));
    pthread_setname_np(pthread_self(), name);
}

static int is_named(const char *key, size_t key_size, const char *name, size_t name_size) {
    return key_size == name_size && strncasecmp(key, name, name_size) == 0;
}

#define IS_NAMED(name) is_named(key, key_size, name, sizeof(name) - 1)

static uint64_t decimal(const char *text) {
    uint64_t value = 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        if (value > (UINT64_MAX - 9) / 10) return UINT64_MAX;
        value = value * 10 + (uint64_t)(*text - '0');
    }
    return value;
}

/// Whether a header's name is a token (RFC 9110, 5.6.2). The library takes `Transfer-Encoding :` for a header of its own.
static int is_token(const char *name, size_t size) {
    if (size == 0) return 0;
    for (size_t index = 0; index < size; index++) {
        unsigned char byte = (unsigned char)name[index];
        if (byte <= ' ' || byte >= 0x7F || strchr("\"(),/:;<=>?@[\\]{}", byte) != NULL) return 0;
    }
    return 1;
}

static enum MHD_Result note_header(
    void *context, enum MHD_ValueKind kind, const char *key, size_t key_size, const char *value, size_t value_size) {
    struct andon_mhd_head *head = context;
    (void)kind;
    (void)value_size;
    if (!is_token(key, key_size)) head->has_malformed_name = 1;
    if (value == NULL) return MHD_YES;
    if (IS_NAMED("Content-Length")) {
        head->content_length_count++;
        head->content_length = decimal(value);
    } else if (IS_NAMED("Transfer-Encoding")) {
        head->transfer_encoding_count++;
        head->is_chunked = strcasecmp(value, "chunked") == 0;
    } else if (IS_NAMED("Content-Encoding")) {
        head->content_encoding_count++;
        head->content_encoding = value;
    } else if (IS_NAMED("Origin")) {
        head->origin = value;
    } else if (IS_NAMED("X-Request-Id")) {
        head->request_id = value;
    } else if (IS_NAMED("Expect")) {
        if (strcasecmp(value, "100-continue") == 0) {
            head->expects_continue = 1;
        } else {
            head->expects_unknown = 1;
        }
    } else if (IS_NAMED("Host")) {
        head->host_count++;
    } else if (IS_NAMED("Accept-Encoding")) {
        head->accept_encoding_count++;
        head->accept_encoding = value;
    } else if (IS_NAMED("X-Forwarded-For") || IS_NAMED("Forwarded") || IS_NAMED("Via") || IS_NAMED("X-Real-IP")) {
        head->is_forwarded = 1;
    }
    return MHD_YES;
}

void andon_mhd_read_head(struct MHD_Connection *connection, struct andon_mhd_head *head) {
    memset(head, 0, sizeof *head);
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, note_header, head);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    if (info != NULL) head->bytes = info->header_size;
}

void *andon_mhd_connection_context(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

int andon_mhd_socket(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info == NULL ? -1 : info->connect_fd;
}

const struct sockaddr *andon_mhd_peer(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info == NULL ? NULL : info->client_addr;
}
