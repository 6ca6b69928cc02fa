/*
 * What Microsoft's wsk.h has and Wine's has not, written down a second time: members and
 * prototypes from the pages that differences.rs names. The pages give no numbers; those are the
 * header's, and no independent header confirms them. Read after Wine's headers. A type or an
 * enumerator that a newer Wine brings makes clang report it here: remove it then.
 */
#define WSK_SO_BASE 0x4000
#define IOC_WSK (IOC_WS2 | 0x07000000)

#define WSK_FLAG_OOB 0x1
#define WSK_FLAG_NODELAY 0x2
#define WSK_FLAG_WAITALL 0x2
#define WSK_FLAG_DRAIN 0x4
#define WSK_FLAG_ABORTIVE 0x1
#define WSK_FLAG_RELEASE_ASAP 0x2
#define WSK_FLAG_ENTIRE_MESSAGE 0x4
#define WSK_FLAG_AT_DISPATCH_LEVEL 0x8

#define WSK_TRANSPORT_LIST_QUERY 2
#define WSK_TRANSPORT_LIST_CHANGE 3
#define WSK_CACHE_SD 4
#define WSK_RELEASE_SD 5
#define WSK_TDI_DEVICENAME_MAPPING 6
#define WSK_SET_STATIC_EVENT_CALLBACKS 7
#define WSK_TDI_BEHAVIOR 8
#define WSK_TDI_BEHAVIOR_BYPASS_TDI 1

#define SO_WSK_SECURITY (WSK_SO_BASE + 1)
#define SO_WSK_EVENT_CALLBACK (WSK_SO_BASE + 2)

#define WSK_EVENT_SEND_BACKLOG (1 << 4)
#define WSK_EVENT_RECEIVE (1 << 6)
#define WSK_EVENT_DISCONNECT (1 << 7)
#define WSK_EVENT_RECEIVE_FROM (1 << 8)
#define WSK_EVENT_ACCEPT (1 << 9)
#define WSK_EVENT_DISABLE (1U << 31)

#define SIO_WSK_SET_REMOTE_ADDRESS _WSAIOW(IOC_WSK, 1)
#define SIO_WSK_REGISTER_EXTENSION _WSAIORW(IOC_WSK, 2)
#define SIO_WSK_QUERY_IDEAL_SEND_BACKLOG _WSAIOR(IOC_WSK, 3)
#define SIO_WSK_QUERY_RECEIVE_BACKLOG _WSAIOR(IOC_WSK, 4)
#define SIO_WSK_QUERY_INSPECT_ID _WSAIOR(IOC_WSK, 5)
#define SIO_WSK_SET_SENDTO_ADDRESS _WSAIOW(IOC_WSK, 6)
#define SIO_WSK_SET_TCP_SILENT_MODE _WSAIO(IOC_WSK, 7)

enum { WskInspectPend = WskInspectAccept + 1, WskInspectMax };
enum { WskControlMax = WskIoctl + 1 };

typedef struct _WSK_PROVIDER_CHARACTERISTICS
{
    USHORT HighestVersion;
    USHORT LowestVersion;
} WSK_PROVIDER_CHARACTERISTICS, *PWSK_PROVIDER_CHARACTERISTICS;

NTSTATUS WINAPI WskQueryProviderCharacteristics(PWSK_REGISTRATION registration,
        PWSK_PROVIDER_CHARACTERISTICS characteristics);

typedef NTSTATUS (WINAPI *PFN_WSK_RECEIVE_FROM_EVENT)(PVOID socket_context, ULONG flags,
        PWSK_DATAGRAM_INDICATION indication);

typedef struct _WSK_CLIENT_DATAGRAM_DISPATCH
{
    PFN_WSK_RECEIVE_FROM_EVENT WskReceiveFromEvent;
} WSK_CLIENT_DATAGRAM_DISPATCH;

typedef struct _WSK_CLIENT_STREAM_DISPATCH
{
    const WSK_CLIENT_LISTEN_DISPATCH *Listen;
    const WSK_CLIENT_CONNECTION_DISPATCH *Connect;
} WSK_CLIENT_STREAM_DISPATCH;

typedef struct _WSK_TRANSPORT
{
    USHORT Version;
    USHORT SocketType;
    ULONG Protocol;
    ADDRESS_FAMILY AddressFamily;
    GUID ProviderId;
} WSK_TRANSPORT;

typedef struct _WSK_TDI_MAP
{
    USHORT SocketType;
    ADDRESS_FAMILY AddressFamily;
    ULONG Protocol;
    PCWSTR TdiDeviceName;
} WSK_TDI_MAP;

typedef struct _WSK_TDI_MAP_INFO
{
    ULONG ElementCount;
    const WSK_TDI_MAP *Map;
} WSK_TDI_MAP_INFO;

typedef struct _WSK_EVENT_CALLBACK_CONTROL
{
    const GUID *NpiId;
    ULONG EventMask;
} WSK_EVENT_CALLBACK_CONTROL;

typedef struct _WSK_EXTENSION_CONTROL_IN
{
    const GUID *NpiId;
    PVOID ClientContext;
    const void *ClientDispatch;
} WSK_EXTENSION_CONTROL_IN;

typedef struct _WSK_EXTENSION_CONTROL_OUT
{
    PVOID ProviderContext;
    const void *ProviderDispatch;
} WSK_EXTENSION_CONTROL_OUT;
