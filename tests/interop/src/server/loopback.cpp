// Loaded before a server: it listens on 127.0.0.1, whatever it asks for, and prints line by line.
#include <arpa/inet.h>
#include <cstdio>
#include <cstring>
#include <dlfcn.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace {
struct Lines {
    Lines() { setvbuf(stdout, nullptr, _IOLBF, 0); }
} lines;
} // namespace

extern "C" int bind(int socket, const sockaddr *address, socklen_t length) {
    using Bind = int (*)(int, const sockaddr *, socklen_t);
    const auto next = reinterpret_cast<Bind>(dlsym(RTLD_NEXT, "bind"));
    if (address->sa_family == AF_INET) {
        sockaddr_in own;
        memcpy(&own, address, sizeof own);
        own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return next(socket, reinterpret_cast<sockaddr *>(&own), sizeof own);
    }
    if (address->sa_family == AF_INET6) {
        sockaddr_in6 own;
        memcpy(&own, address, sizeof own);
        int only = 0;
        socklen_t size = sizeof only;
        getsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, &only, &size);
        inet_pton(AF_INET6, only ? "::1" : "::ffff:127.0.0.1", &own.sin6_addr);
        return next(socket, reinterpret_cast<sockaddr *>(&own), sizeof own);
    }
    return next(socket, address, length);
}
