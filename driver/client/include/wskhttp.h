/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * wskhttp: HTTP/1.1 and TLS from the Windows kernel. The messages between wskhttp.sys and its callers,
 * version 1: the C form of the crate wskhttp-abi, which says more.
 *
 * A message is a fixed part, then variable data that the fixed part points into by offset and length,
 * counted from the message's start. Little-endian, naturally aligned, the same for 32 and 64 bits. An empty
 * part has offset and length zero; reserved fields are zero.
 *
 * A handle is opened with FILE_FLAG_OVERLAPPED or without, carries one request at a time, and keeps
 * connections alive. CancelIoEx or CloseHandle aborts its request. A whole program:
 *
 *     #include <windows.h>
 *     #include <initguid.h>                     // defines the GUID here
 *     #include "wskhttp.h"
 *     #include <setupapi.h>                     // link with setupapi
 *     #include <stdio.h>
 *     #include <string.h>
 *
 *     int main(void)
 *     {
 *         static unsigned char in[sizeof(WSKHTTP_REQUEST) + 64], out[65536];
 *         const char *url = "https://example.com/";
 *         SP_DEVICE_INTERFACE_DATA face = { sizeof(face) };
 *         struct { SP_DEVICE_INTERFACE_DETAIL_DATA_A head; char room[512]; } path;
 *         WSKHTTP_REQUEST *request = (WSKHTTP_REQUEST *)in;
 *         WSKHTTP_RESPONSE *response = (WSKHTTP_RESPONSE *)out;
 *         DWORD got;
 *         HANDLE device;
 *         HDEVINFO list = SetupDiGetClassDevsA(&GUID_DEVINTERFACE_WSKHTTP, NULL, NULL,
 *                                              DIGCF_PRESENT | DIGCF_DEVICEINTERFACE);
 *         path.head.cbSize = sizeof(path.head);
 *         if (!SetupDiEnumDeviceInterfaces(list, NULL, &GUID_DEVINTERFACE_WSKHTTP, 0, &face) ||
 *             !SetupDiGetDeviceInterfaceDetailA(list, &face, &path.head, sizeof(path), NULL, NULL))
 *             return 2;
 *         device = CreateFileA(path.head.DevicePath, GENERIC_READ | GENERIC_WRITE, 0, NULL,
 *                              OPEN_EXISTING, 0, NULL);
 *         request->version = WSKHTTP_VERSION;
 *         request->method.offset = sizeof(*request);
 *         request->method.length = 3;
 *         request->url.offset = sizeof(*request) + 3;
 *         request->url.length = (UINT32)strlen(url);
 *         request->size = request->url.offset + request->url.length;
 *         memcpy(in + request->method.offset, "GET", 3);
 *         memcpy(in + request->url.offset, url, request->url.length);
 *         if (!DeviceIoControl(device, IOCTL_WSKHTTP_SEND_REQUEST, in, request->size, out, sizeof(out),
 *                              &got, NULL))
 *             return 1;                         // IOCTL_WSKHTTP_QUERY_FAILURE says why
 *         printf("%u\n", response->status);
 *         fwrite(out + response->body.offset, 1, response->body.length, stdout);
 *         if (!(response->flags & WSKHTTP_BODY_COMPLETE))
 *             while (ReadFile(device, out, sizeof(out), &got, NULL) && got)
 *                 fwrite(out, 1, got, stdout);
 *         return 0;
 *     }
 */
#ifndef WSKHTTP_H
#define WSKHTTP_H

#ifndef _KERNEL_MODE
#include <windows.h>
#ifndef CTL_CODE
#include <winioctl.h>
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define WSKHTTP_VERSION 1

#ifdef DEFINE_GUID
/* {6F3A4D0E-7C1B-4E0B-9B57-3D2F5A0C8E61} */
DEFINE_GUID(GUID_DEVINTERFACE_WSKHTTP, 0x6f3a4d0e, 0x7c1b, 0x4e0b, 0x9b, 0x57, 0x3d, 0x2f, 0x5a, 0x0c,
            0x8e, 0x61);
#endif

/* Sends a request. In: WSKHTTP_REQUEST and its data. Out: WSKHTTP_RESPONSE, its data and the beginning
 * of the body; with WSKHTTP_STREAM_BODY nothing, and WriteFile sends the body.
 * ERROR_MORE_DATA (STATUS_BUFFER_OVERFLOW): the head needs `needed` bytes; receive it again. */
#define IOCTL_WSKHTTP_SEND_REQUEST \
    CTL_CODE(FILE_DEVICE_NETWORK, 0x800, METHOD_OUT_DIRECT, FILE_READ_ACCESS | FILE_WRITE_ACCESS)
/* Ends a streamed body and waits for the response, or fetches again a head that did not fit. In: none.
 * Out: as above. */
#define IOCTL_WSKHTTP_RECEIVE_RESPONSE \
    CTL_CODE(FILE_DEVICE_NETWORK, 0x801, METHOD_OUT_DIRECT, FILE_READ_ACCESS | FILE_WRITE_ACCESS)
/* Why the last request failed. In: none. Out: WSKHTTP_FAILURE. STATUS_NOT_FOUND: it did not. */
#define IOCTL_WSKHTTP_QUERY_FAILURE \
    CTL_CODE(FILE_DEVICE_NETWORK, 0x802, METHOD_BUFFERED, FILE_READ_ACCESS | FILE_WRITE_ACCESS)
/* Counters of the driver. In: none. Out: WSKHTTP_STATUS. */
#define IOCTL_WSKHTTP_QUERY_STATUS \
    CTL_CODE(FILE_DEVICE_NETWORK, 0x803, METHOD_BUFFERED, FILE_READ_ACCESS | FILE_WRITE_ACCESS)
/* The cookies of the handle, between requests. In: none. Out: WSKHTTP_COOKIE_LIST and the cookies.
 * ERROR_MORE_DATA (STATUS_BUFFER_OVERFLOW): they need `needed` bytes. */
#define IOCTL_WSKHTTP_QUERY_COOKIES \
    CTL_CODE(FILE_DEVICE_NETWORK, 0x805, METHOD_OUT_DIRECT, FILE_READ_ACCESS | FILE_WRITE_ACCESS)

/* The certificates of the server that answered the last request, or was refused for them in its
 * handshake, if that had WSKHTTP_KEEP_PEER. In: none. Out: DER, one after the other, at most 64 KiB.
 * STATUS_NOT_FOUND: none are kept. */
#define IOCTL_WSKHTTP_QUERY_PEER \
    CTL_CODE(FILE_DEVICE_NETWORK, 0x804, METHOD_BUFFERED, FILE_READ_ACCESS | FILE_WRITE_ACCESS)

typedef struct WSKHTTP_SPAN {
    UINT32 offset; /* bytes from the message's start */
    UINT32 length; /* bytes */
} WSKHTTP_SPAN;

/* WSKHTTP_REQUEST.flags */
#define WSKHTTP_STREAM_BODY 1 /* the body follows by WriteFile */
#define WSKHTTP_WHOLE_BODY  2 /* complete when the body has ended or the output is full */
#define WSKHTTP_NO_REUSE    4 /* a connection of its own */

/* WSKHTTP_REQUEST.body_length: streamed without a known length */
#define WSKHTTP_CHUNKED 0xFFFFFFFFFFFFFFFFull

/* Most bytes of the parts of a request */
#define WSKHTTP_MAX_METHOD  32
#define WSKHTTP_MAX_URL     (16 * 1024)
#define WSKHTTP_MAX_HEADERS (64 * 1024)
#define WSKHTTP_MAX_BODY    (1024 * 1024)
#define WSKHTTP_MAX_ROOTS   (256 * 1024)

typedef struct WSKHTTP_REQUEST {
    UINT32 size;                /* of the whole message; equals the input's length */
    UINT16 version;             /* WSKHTTP_VERSION */
    UINT16 flags;
    WSKHTTP_SPAN method;        /* a token */
    WSKHTTP_SPAN url;           /* absolute, http or https, ASCII */
    WSKHTTP_SPAN headers;       /* lines `Name: value` CRLF; no Host, Content-Length, Transfer-Encoding */
    WSKHTTP_SPAN body;          /* the whole body, unless it is streamed */
    WSKHTTP_SPAN roots;         /* DER certificates to trust instead of the built-in ones */
    UINT64 body_length;         /* of a streamed body, or WSKHTTP_CHUNKED; else 0 */
    UINT32 connect_timeout_ms;  /* name resolution, connection and TLS; 0: the default */
    UINT32 total_timeout_ms;    /* the whole exchange; 0: none */
    WSKHTTP_SPAN options;       /* WSKHTTP_OPTIONS and its data; empty: none */
    WSKHTTP_SPAN tls;           /* WSKHTTP_TLS and its data; empty: as the driver's policy says */
} WSKHTTP_REQUEST;

/* WSKHTTP_OPTIONS.flags */
#define WSKHTTP_FOLLOW 1  /* follow redirects */
#define WSKHTTP_DECODE 2  /* ask for gzip and deflate, and remove them */
#define WSKHTTP_BASIC  4  /* credentials are user:password, sent at once */
#define WSKHTTP_BEARER 8  /* credentials are a token, sent at once */
#define WSKHTTP_DIGEST 16 /* credentials are user:password, for a server that asks for a digest */
#define WSKHTTP_DIRECT 32 /* no proxy, whatever the machine's settings are */
#define WSKHTTP_COOKIES 64 /* send and keep cookies, as long as the handle is open */
#define WSKHTTP_VERIFY 128 /* check the body against Content-Digest and Repr-Digest */
#define WSKHTTP_SHA256 256 /* check the body against sha256 */
#define WSKHTTP_PROXY_BEARER 512 /* proxy_credentials are a token */

/* Most bytes of the options and their parts */
#define WSKHTTP_MAX_OPTIONS     (129 * 1024)
#define WSKHTTP_MAX_LIST        (16 * 1024)
#define WSKHTTP_MAX_CREDENTIALS (16 * 1024)
#define WSKHTTP_MAX_COOKIES     (64 * 1024)
#define WSKHTTP_MAX_REDIRECTS   100

/* What else is done for a request. Spans count from the start of this. */
typedef struct WSKHTTP_OPTIONS {
    UINT32 size;                    /* of the whole options; equals their span's length */
    UINT32 flags;
    UINT32 max_redirects;           /* 0: 10; at most WSKHTTP_MAX_REDIRECTS */
    UINT32 retries;                 /* tries after the first one */
    UINT32 retry_within_ms;         /* no try begins later; 0: any time */
    UINT32 low_speed_bytes;         /* the lowest speed, in bytes a second; 0: any */
    UINT32 low_speed_ms;            /* over which it is taken */
    UINT32 expect_ms;               /* how long a body waits for 100 (Continue); 0: not at all */
    UINT32 tls_ms;                  /* one TLS handshake; 0: as long as connect_timeout_ms */
    UINT32 send_ms;                 /* one wait for room to send; this and the next two, 0: 300 s */
    UINT32 head_ms;                 /* from the request's last byte to the end of the head */
    UINT32 body_ms;                 /* between two arrivals of bytes of the body */
    WSKHTTP_SPAN proxies;           /* in WinHTTP's grammar; empty: the machine's */
    WSKHTTP_SPAN bypass;            /* in WinHTTP's grammar */
    WSKHTTP_SPAN proxy_credentials; /* user:password or a token, for these or the machine's */
    WSKHTTP_SPAN credentials;       /* as the flags say */
    WSKHTTP_SPAN cookies;           /* with WSKHTTP_COOKIES: to take first, in Netscape's format */
    UINT8 sha256[32];               /* with WSKHTTP_SHA256; else zero */
} WSKHTTP_OPTIONS;

/* WSKHTTP_TLS.flags */
#define WSKHTTP_ADD_ROOTS       1 /* roots are trusted besides the driver's own */
#define WSKHTTP_REVOCATION_SOFT 2 /* refuse what is on a revocation list */
#define WSKHTTP_REVOCATION_HARD 4 /* and what no list tells of */
#define WSKHTTP_KEEP_PEER       8 /* keep the server's certificates for IOCTL_WSKHTTP_QUERY_PEER */
#define WSKHTTP_STAPLING_SOFT   16 /* refuse a stapled OCSP response that is not good */
#define WSKHTTP_STAPLING_HARD   32 /* and a server that staples none */

/* Most bytes of what is said of TLS, and of its parts */
#define WSKHTTP_MAX_TLS         (340 * 1024)
#define WSKHTTP_MAX_PINS        (64 * 32)
#define WSKHTTP_MAX_LISTS       (256 * 1024)
#define WSKHTTP_MAX_CERTIFICATE (64 * 1024)
#define WSKHTTP_MAX_KEY         (16 * 1024)
#define WSKHTTP_MAX_GROUPS      (8 * 2)

/* How TLS servers are judged, and what they are told; https proxies are judged as the driver's policy says,
 * with the request's roots besides. Spans count from the start of this. */
typedef struct WSKHTTP_TLS {
    UINT32 size;                   /* of all this; equals its span's length */
    UINT32 flags;
    UINT16 min_version;            /* 0x0303 or 0x0304; 0: the driver's oldest */
    UINT16 max_version;            /* 0: the driver's newest */
    UINT32 reserved;
    WSKHTTP_SPAN pins;             /* SHA-256 of SubjectPublicKeyInfos, 32 bytes each; one must match */
    WSKHTTP_SPAN revocation_lists; /* DER one after the other, or PEM */
    WSKHTTP_SPAN certificate;      /* the client's, and what leads to a root; DER or PEM */
    WSKHTTP_SPAN key;              /* the client's, PKCS#8, DER or PEM */
    WSKHTTP_SPAN groups;           /* for the key exchange, UINT16 of the IANA's, best first; empty: the driver's */
} WSKHTTP_TLS;

/* What precedes the cookies of a handle, which are in Netscape's format: seven fields with tabs between
 * them, a cookie a line */
typedef struct WSKHTTP_COOKIE_LIST {
    UINT32 size;   /* bytes of this message */
    UINT32 needed; /* bytes that all of it needs */
} WSKHTTP_COOKIE_LIST;

/* WSKHTTP_RESPONSE.flags */
#define WSKHTTP_BODY_COMPLETE 1 /* the body ends with this message */
#define WSKHTTP_REUSED        2 /* the connection had served another request */
#define WSKHTTP_DECODED       4 /* content codings are removed from the body */
#define WSKHTTP_RESUMED       8 /* the connection's TLS session was resumed */

/* WSKHTTP_RESPONSE.content_length: not declared */
#define WSKHTTP_UNKNOWN_LENGTH 0xFFFFFFFFFFFFFFFFull

typedef struct WSKHTTP_RESPONSE {
    UINT32 size;             /* bytes of this message */
    UINT16 version;          /* WSKHTTP_VERSION */
    UINT16 flags;
    UINT32 needed;           /* bytes of the fixed part and the head together */
    UINT16 status;           /* status code */
    UINT16 minor_version;    /* of HTTP: 0 or 1 */
    WSKHTTP_SPAN reason;     /* reason phrase */
    WSKHTTP_SPAN headers;    /* lines `Name: value` CRLF */
    WSKHTTP_SPAN body;       /* body bytes in this message */
    UINT64 content_length;   /* as declared, or WSKHTTP_UNKNOWN_LENGTH */
    UINT32 resolve_us;       /* microseconds; these three are 0 on a reused connection */
    UINT32 connect_us;
    UINT32 tls_us;
    UINT32 first_byte_us;    /* from the request's arrival */
    UINT32 total_us;         /* from the request's arrival until this message was written */
    UINT16 remote_port;
    UINT16 remote_family;    /* 4, 6, or 0: unknown */
    UINT8 remote_address[16];
    UINT16 tls_version;      /* 0x0304, 0x0303, or 0: no TLS */
    UINT16 tls_suite;        /* IANA numbers */
    UINT16 tls_group;
    UINT16 reserved;
} WSKHTTP_RESPONSE;

typedef struct WSKHTTP_FAILURE {
    UINT32 size;
    UINT16 version;
    UINT16 phase;         /* what was going on */
    UINT16 kind;          /* what went wrong */
    UINT16 fault;         /* whose fault */
    INT32 status;         /* NTSTATUS of the request */
    UINT32 cause_length;  /* bytes of `cause` in use */
    UINT32 reserved;
    UINT8 cause[128];     /* a readable clause, UTF-8 */
} WSKHTTP_FAILURE;

typedef struct WSKHTTP_STATUS {
    UINT32 size;
    UINT16 version;
    UINT16 reserved;
    UINT32 handles_now;
    UINT32 requests_now;
    UINT64 requests;
    UINT64 failures;
    UINT64 connections;
    UINT32 connections_now;
    UINT32 idle_now;
    UINT32 tasks_now;
    UINT32 orphans_now;
    UINT64 pool_now;
    UINT64 pool_high;
    UINT64 allocations_now;
    UINT64 stack_high;
    UINT32 crypto;
    UINT32 crypto_missing;
} WSKHTTP_STATUS;

#ifdef __cplusplus
}
#endif
#endif
