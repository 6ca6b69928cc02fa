//! Where Wine's headers lack what Microsoft's have, or say otherwise. Each entry has its source:
//! a page of the driver documentation (`wsk/…`, `network/…`), a page of the Windows one
//! (`winsock/…`), or the header that alone has it. A test holds both lists to what Wine really
//! has, so that an entry that a newer Wine makes obsolete is reported.

/// A name and the source that says what it is.
pub type Sourced = (&'static str, &'static str);

/// Prototypes that Wine has otherwise.
pub const PROTOTYPES: &[Sourced] = &[
    // Wine: `void *accept_socket_context`. It is an out parameter, `PVOID *`.
    ("PFN_WSK_ACCEPT_EVENT", "wsk/nc-wsk-pfn_wsk_accept_event"),
];

/// Names of `wsk.h` that Wine's has not; `documented.h` has them.
pub const ABSENT_WSK: &[Sourced] = &[
    (
        "PFN_WSK_RECEIVE_FROM_EVENT",
        "wsk/nc-wsk-pfn_wsk_receive_from_event",
    ),
    (
        "PWSK_CLIENT_DATAGRAM_DISPATCH",
        "wsk/ns-wsk-_wsk_client_datagram_dispatch",
    ),
    (
        "PWSK_CLIENT_STREAM_DISPATCH",
        "wsk/ns-wsk-_wsk_client_stream_dispatch",
    ),
    (
        "PWSK_EVENT_CALLBACK_CONTROL",
        "wsk/ns-wsk-_wsk_event_callback_control",
    ),
    (
        "PWSK_EXTENSION_CONTROL_IN",
        "wsk/ns-wsk-_wsk_extension_control_in",
    ),
    (
        "PWSK_EXTENSION_CONTROL_OUT",
        "wsk/ns-wsk-_wsk_extension_control_out",
    ),
    (
        "PWSK_PROVIDER_CHARACTERISTICS",
        "wsk/ns-wsk-_wsk_provider_characteristics",
    ),
    ("PWSK_TDI_MAP", "wsk/ns-wsk-_wsk_tdi_map"),
    ("PWSK_TDI_MAP_INFO", "wsk/ns-wsk-_wsk_tdi_map_info"),
    ("PWSK_TRANSPORT", "wsk/ns-wsk-_wsk_transport"),
    (
        "SIO_WSK_QUERY_IDEAL_SEND_BACKLOG",
        "network/sio-wsk-query-ideal-send-backlog",
    ),
    (
        "SIO_WSK_QUERY_INSPECT_ID",
        "network/sio-wsk-query-inspect-id",
    ),
    (
        "SIO_WSK_QUERY_RECEIVE_BACKLOG",
        "network/sio-wsk-query-receive-backlog",
    ),
    (
        "SIO_WSK_REGISTER_EXTENSION",
        "network/sio-wsk-register-extension",
    ),
    (
        "SIO_WSK_SET_REMOTE_ADDRESS",
        "network/sio-wsk-set-remote-address",
    ),
    (
        "SIO_WSK_SET_SENDTO_ADDRESS",
        "network/sio-wsk-set-sendto-address",
    ),
    (
        "SIO_WSK_SET_TCP_SILENT_MODE",
        "network/sio-wsk-set-tcp-silent-mode",
    ),
    ("SO_WSK_EVENT_CALLBACK", "network/so-wsk-event-callback"),
    ("SO_WSK_SECURITY", "network/so-wsk-security"),
    ("WSK_CACHE_SD", "network/wsk-cache-sd"),
    (
        "WSK_CLIENT_DATAGRAM_DISPATCH",
        "wsk/ns-wsk-_wsk_client_datagram_dispatch",
    ),
    (
        "WSK_CLIENT_STREAM_DISPATCH",
        "wsk/ns-wsk-_wsk_client_stream_dispatch",
    ),
    ("WSK_EVENT_ACCEPT", "network/so-wsk-event-callback"),
    (
        "WSK_EVENT_CALLBACK_CONTROL",
        "wsk/ns-wsk-_wsk_event_callback_control",
    ),
    ("WSK_EVENT_DISABLE", "network/so-wsk-event-callback"),
    ("WSK_EVENT_DISCONNECT", "network/so-wsk-event-callback"),
    ("WSK_EVENT_RECEIVE", "network/so-wsk-event-callback"),
    ("WSK_EVENT_RECEIVE_FROM", "network/so-wsk-event-callback"),
    ("WSK_EVENT_SEND_BACKLOG", "network/so-wsk-event-callback"),
    (
        "WSK_EXTENSION_CONTROL_IN",
        "wsk/ns-wsk-_wsk_extension_control_in",
    ),
    (
        "WSK_EXTENSION_CONTROL_OUT",
        "wsk/ns-wsk-_wsk_extension_control_out",
    ),
    ("WSK_FLAG_ABORTIVE", "wsk/nc-wsk-pfn_wsk_disconnect"),
    (
        "WSK_FLAG_AT_DISPATCH_LEVEL",
        "wsk/nc-wsk-pfn_wsk_receive_event",
    ),
    ("WSK_FLAG_DRAIN", "wsk/nc-wsk-pfn_wsk_receive"),
    (
        "WSK_FLAG_ENTIRE_MESSAGE",
        "wsk/nc-wsk-pfn_wsk_receive_event",
    ),
    ("WSK_FLAG_NODELAY", "wsk/nc-wsk-pfn_wsk_send"),
    ("WSK_FLAG_OOB", "wsk.h"),
    ("WSK_FLAG_RELEASE_ASAP", "wsk/nc-wsk-pfn_wsk_receive_event"),
    ("WSK_FLAG_WAITALL", "wsk/nc-wsk-pfn_wsk_receive"),
    (
        "WSK_PROVIDER_CHARACTERISTICS",
        "wsk/ns-wsk-_wsk_provider_characteristics",
    ),
    ("WSK_RELEASE_SD", "network/wsk-release-sd"),
    (
        "WSK_SET_STATIC_EVENT_CALLBACKS",
        "network/wsk-set-static-event-callbacks",
    ),
    ("WSK_TDI_BEHAVIOR", "network/wsk-tdi-behavior"),
    ("WSK_TDI_BEHAVIOR_BYPASS_TDI", "network/wsk-tdi-behavior"),
    (
        "WSK_TDI_DEVICENAME_MAPPING",
        "network/wsk-tdi-devicename-mapping",
    ),
    ("WSK_TDI_MAP", "wsk/ns-wsk-_wsk_tdi_map"),
    ("WSK_TDI_MAP_INFO", "wsk/ns-wsk-_wsk_tdi_map_info"),
    ("WSK_TRANSPORT", "wsk/ns-wsk-_wsk_transport"),
    (
        "WSK_TRANSPORT_LIST_CHANGE",
        "network/wsk-transport-list-change",
    ),
    (
        "WSK_TRANSPORT_LIST_QUERY",
        "network/wsk-transport-list-query",
    ),
    ("WskControlMax", "wsk.h"),
    ("WskInspectMax", "wsk.h"),
    ("WskInspectPend", "wsk/nc-wsk-pfn_wsk_inspect_event"),
    (
        "WskQueryProviderCharacteristics",
        "wsk/nf-wsk-wskqueryprovidercharacteristics",
    ),
];

/// Winsock constants that Wine's headers have not. Microsoft's metadata has all but `IOC_WSK`.
pub const ABSENT_WINSOCK: &[Sourced] = &[
    ("AI_FILESERVER", "ws2def/ns-ws2def-addrinfoexw"),
    ("AI_FQDN", "ws2def/ns-ws2def-addrinfoexw"),
    ("IOC_WSK", "ws2def.h"),
    ("SIO_LOOPBACK_FAST_PATH", "winsock/sio-loopback-fast-path"),
    ("SO_COMPARTMENT_ID", "winsock/sol-socket-socket-options"),
    ("SO_PAUSE_ACCEPT", "winsock/sol-socket-socket-options"),
    (
        "TCP_FAIL_CONNECT_ON_ICMP_ERROR",
        "winsock/ipproto-tcp-socket-options",
    ),
    ("TCP_FASTOPEN", "winsock/ipproto-tcp-socket-options"),
    ("TCP_KEEPCNT", "winsock/ipproto-tcp-socket-options"),
    ("TCP_KEEPINTVL", "winsock/ipproto-tcp-socket-options"),
    ("WSK_SO_BASE", "ws2def.h"),
];
