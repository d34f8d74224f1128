/* The lower bound of every cold start: a static program that only speaks Lambda's Runtime API, one event after the
 * other, and gives each the same answer. Built by `cargo xtask bench cold-start` with `cc -O2 -static`. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char buffer[1 << 16];

/* Reads a complete response: the head, and as many bytes as it announces. Returns its length, or 0. */
static size_t read_response(int connection) {
    size_t length = 0;
    for (;;) {
        ssize_t got = read(connection, buffer + length, sizeof buffer - 1 - length);
        if (got <= 0) return 0;
        length += (size_t)got;
        buffer[length] = 0;
        char *body = strstr(buffer, "\r\n\r\n");
        char *announced = strcasestr(buffer, "content-length:");
        if (body && announced && length >= (size_t)(body + 4 - buffer) + strtoul(announced + 15, NULL, 10)) return length;
    }
}

int main(void) {
    char api[64], id[64], request[512];
    const char *answer = "{\"statusCode\":200,\"body\":\"hello from C\"}";
    const char *address = getenv("AWS_LAMBDA_RUNTIME_API");
    if (!address || sscanf(address, "%63[^:]", api) != 1) return 1;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(strchr(address, ':') + 1))};
    inet_pton(AF_INET, api, &to.sin_addr);
    int connection = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(connection, (struct sockaddr *)&to, sizeof to)) return 2;
    for (;;) {
        int size = snprintf(request, sizeof request,
                            "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nhost: %s\r\n\r\n", address);
        if (write(connection, request, (size_t)size) != size || !read_response(connection)) return 3;
        char *found = strcasestr(buffer, "lambda-runtime-aws-request-id:");
        if (!found || sscanf(found + 30, " %63[^\r]", id) != 1) return 4;
        size = snprintf(request, sizeof request,
                        "POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\nhost: %s\r\ncontent-length: %zu\r\n\r\n%s",
                        id, address, strlen(answer), answer);
        if (write(connection, request, (size_t)size) != size || !read_response(connection)) return 5;
    }
}
