//! The 100 rules for clients of Winsock Kernel.
//!
//! Sources: page names are those of Microsoft's `windows-driver-docs-ddi` (`wsk/`, `wdm/`, `ntddk/`);
//! NET and KRN are the `network/` and `kernel/` folders of `windows-driver-docs`; ECHO is what the
//! comments of the echosrv sample say.

use super::rules;

rules! { WSK:
    // Registration and provider.
    WSK_1 = checked("rule 1",
        "WskRegister: each success is matched by exactly one WskDeregister on the same WSK_REGISTRATION; a live registration block is never registered again",
        "nf-wsk-wskregister, nf-wsk-wskderegister");
    WSK_2 = checked("rule 2",
        "WSK_CLIENT_DISPATCH stays valid and resident until WskDeregister; WSK_REGISTRATION until no registration function is running; the client never writes to it",
        "NET registering-a-winsock-kernel-application; ns-wsk-_wsk_registration");
    WSK_3 = checked("rule 3",
        "WSK_CLIENT_DISPATCH.Reserved is 0; WskClientEvent is NULL or returns STATUS_NOT_IMPLEMENTED (no events are defined)",
        "ns-wsk-_wsk_client_dispatch; nc-wsk-pfn_wsk_client_event");
    WSK_4 = checked("rule 4",
        "WskCaptureProviderNPI with any wait other than WSK_NO_WAIT needs PASSIVE; WSK_NO_WAIT allows DISPATCH",
        "nf-wsk-wskcaptureprovidernpi");
    WSK_5 = provider("rule 5",
        "Capture returns DEVICE_NOT_READY when not ready in time or after deregistration began; NOINTERFACE when the version is unsupported",
        "nf-wsk-wskcaptureprovidernpi", "transport::provider::each_waits_until_its_own_deadline");
    WSK_6 = provider("rule 6",
        "After NOINTERFACE: WskQueryProviderCharacteristics (may itself return DEVICE_NOT_READY), deregister, register again with a supported version",
        "nf-wsk-wskcaptureprovidernpi; nf-wsk-wskqueryprovidercharacteristics; ns-wsk-_wsk_provider_characteristics", "transport::provider::a_higher_minor_version_is_asked_for");
    WSK_7 = checked("rule 7",
        "No infinite or long capture wait from DriverEntry; an early-start driver waits on another thread.",
        "NET registering-... (\"Important\")");
    WSK_8 = checked("rule 8",
        "Each successful capture is matched by exactly one WskReleaseProviderNPI; a failed capture by none",
        "nf-wsk-wskreleaseprovidernpi");
    WSK_9 = checked("rule 9",
        "After release, no call through WSK_PROVIDER_DISPATCH (socket, connect, control, name functions). Existing sockets stay usable (ECHO releases right after creating its socket)",
        "NET registering-..., unregistering-...; ECHO");
    WSK_10 = checked("rule 10",
        "WskDeregister blocks until all captures are released, all provider-dispatch calls have returned and their IRPs completed, and all sockets are closed",
        "nf-wsk-wskderegister; NET unregistering-a-winsock-kernel-application");
    WSK_11 = checked("rule 11",
        "Once WskDeregister is entered, blocked and later captures fail with DEVICE_NOT_READY (unless readiness races in); the block must not be freed meanwhile",
        "nf-wsk-wskcaptureprovidernpi");
    WSK_12 = checked("rule 12",
        "Unload must not return before WskDeregister has returned; unloading while registered is fatal",
        "NET unregistering-a-winsock-kernel-application");
    WSK_13 = checked("rule 13",
        "Provider minor version may exceed the requested one (superset); name-resolution members exist from Windows 7, WskConnectEx and stream sockets from Windows 10 1703: check before calling",
        "ns-wsk-_wsk_provider_dispatch; nc-wsk-pfn_wsk_connect_ex");
    // IRPs.
    WSK_14 = checked("rule 14",
        "IRP has at least one free stack location for WSK",
        "NET using-irps-with-winsock-kernel-functions");
    WSK_15 = checked("rule 15",
        "Client-allocated or reused IRP: IoCompletion routine set before the call with success, error and cancel all TRUE",
        "NET using-irps-with-winsock-kernel-functions; nf-wdm-iosetcompletionroutine");
    WSK_16 = checked("rule 16",
        "That routine always returns STATUS_MORE_PROCESSING_REQUIRED",
        "NET using-irps-with-winsock-kernel-functions");
    WSK_17 = checked("rule 17",
        "Reuse only a completed IRP the driver allocated, through IoReuseIrp, then set the completion routine again",
        "NET using-irps-with-winsock-kernel-functions; nf-wdm-ioreuseirp; KRN reusing-irps");
    WSK_18 = checked("rule 18",
        "The client does nothing else to the IRP; WSK fills the next stack location",
        "NET using-irps");
    WSK_19 = checked("rule 19",
        "An IRP received from above is never freed; if its completion routine continues completion it propagates PendingReturned with IoMarkIrpPending; if it stops completion the driver completes the IRP later",
        "NET using-irps");
    WSK_20 = checked("rule 20",
        "New WSK calls should not be made inside an IoCompletion routine (stack recursion, DISPATCH starvation)",
        "NET using-irps (second Note)").inferred();
    WSK_21 = checked("rule 21",
        "Completion routine runs in arbitrary context at <= DISPATCH; its context and everything it touches is nonpaged",
        "nc-wdm-io_completion_routine");
    WSK_22 = provider("rule 22",
        "The IRP is completed for every return value: success, pending and error",
        "return tables of WskSend, WskReceive, WskConnect, WskSocket, WskCloseSocket", "");
    WSK_23 = checked("rule 23",
        "The completion routine may run before the call returns, including before STATUS_PENDING is returned; the caller must not use the return value to decide ownership",
        "from 22 and ECHO (\"no need to check the return status\")").inferred();
    WSK_24 = provider("rule 24",
        "IRP returned non-pending has PendingReturned clear, pending has it set",
        "relied on by wskclient and msquic", "").inferred();
    WSK_25 = checked("rule 25",
        "IoCancelIrp only by the owner; the IRP may still complete with success; IRP, MDL and buffers stay alive until the completion routine has run",
        "nf-wdm-iocancelirp");
    WSK_26 = checked("rule 26",
        "IoFreeIrp does not free MDLs; unlock, then free them separately; never free an IRP WSK still owns",
        "nf-wdm-iofreeirp");
    WSK_27 = checked("rule 27",
        "No driver code may be running a completion routine when the image unloads (IoSetCompletionRoutineEx or own rundown for non-PnP drivers)",
        "nf-wdm-iosetcompletionroutine(ex)");

    // Buffers.
    WSK_28 = checked("rule 28",
        "Every MDL in a WSK_BUF chain describes locked or nonpaged memory",
        "ns-wsk-_wsk_buf");
    WSK_29 = checked("rule 29",
        "Offset lies inside the first MDL; Mdl may be NULL only if Length is 0; Length <= bytes in the chain from Offset",
        "ns-wsk-_wsk_buf").inferred();
    WSK_30 = checked("rule 30",
        "While pending, the chain stays locked and allocated until completion",
        "nc-wsk-pfn_wsk_send, nc-wsk-pfn_wsk_receive");
    WSK_31 = provider("rule 31",
        "The WSK_BUF structure itself need not outlive the call (ECHO keeps it on the stack)",
        "ECHO", "").inferred();
    WSK_32 = checked("rule 32",
        "MmProbeAndLockPages: once per MDL, paired with MmUnlockPages, inside exception handling, not on nonpaged-built or partial MDLs; access mode matches direction",
        "nf-wdm-mmprobeandlockpages");
    WSK_33 = checked("rule 33",
        "MmBuildMdlForNonPagedPool: nonpaged pool only, never a kernel-stack buffer; such an MDL is never unlocked or unmapped",
        "nf-wdm-mmbuildmdlfornonpagedpool");
    WSK_34 = checked("rule 34",
        "Partial MDL: MmPrepareMdlForReuse before reuse; IoFreeMdl frees one MDL, not the chain; unlock before free",
        "nf-wdm-iobuildpartialmdl, nf-wdm-iofreemdl, nf-wdm-mmunlockpages");

    // Create, bind, connect.
    WSK_35 = checked("rule 35",
        "WskSocket: one category flag; basic sockets take NULL context and NULL dispatch; no callbacks means both NULL",
        "nc-wsk-pfn_wsk_socket");
    WSK_36 = checked("rule 36",
        "SocketContext is nonpaged; the client dispatch table is constant and outlives the socket",
        "nc-wsk-pfn_wsk_socket").inferred();
    WSK_37 = checked("rule 37",
        "Connection sockets accept only SOCK_STREAM + IPPROTO_TCP on AF_INET/AF_INET6",
        "NET af-inet, af-inet6");
    WSK_38 = checked("rule 38",
        "On success IoStatus.Information is the PWSK_SOCKET; its Dispatch type depends on the category (calling through the wrong table is a violation)",
        "nc-wsk-pfn_wsk_socket; ns-wsk-_wsk_socket");
    WSK_39 = provider("rule 39",
        "Event callbacks of a new socket are disabled unless statically enabled",
        "nc-wsk-pfn_wsk_socket", "");
    WSK_40 = checked("rule 40",
        "SecurityDescriptor is NULL or a cached one from WSK_CACHE_SD; not released before the create IRP completes; closing the socket does not release it: WSK_RELEASE_SD exactly once",
        "nc-wsk-pfn_wsk_socket; NET wsk-cache-sd, wsk-release-sd; nc-wsk-pfn_wsk_close_socket");
    WSK_41 = checked("rule 41",
        "WskSocketConnect: Flags 0; family taken from LocalAddress; cannot be used if options must precede bind",
        "nc-wsk-pfn_wsk_socket_connect");
    WSK_42 = checked("rule 42",
        "WskBind: Flags 0; SOCKADDR of the socket's family; mandatory before WskConnect/WskConnectEx; not on basic sockets",
        "nc-wsk-pfn_wsk_bind; NET binding-a-socket-to-a-transport-address");
    WSK_43 = provider("rule 43",
        "Wildcard bind: TCP port fixed at bind, IP address only at connect",
        "nc-wsk-pfn_wsk_get_local_address", "wsk::sockets::a_port_is_fixed_at_bind_and_the_address_at_connect");
    WSK_44 = checked("rule 44",
        "WskConnect: Flags 0; bound connection/stream socket; family matches; a stream socket is then committed to connecting",
        "nc-wsk-pfn_wsk_connect");
    WSK_45 = provider("rule 45",
        "WskConnectEx: Flags != 0 gives INVALID_PARAMETER; > 65,535 bytes gives BUFFER_OVERFLOW; MDL free once the IRP completes; data rides the SYN only with TCP_FASTOPEN",
        "nc-wsk-pfn_wsk_connect_ex", "wsk::sockets::connects_with_data");
    WSK_46 = checked("rule 46",
        "WskGetLocalAddress unbound, WskGetRemoteAddress unconnected: INVALID_DEVICE_STATE; output buffer nonpaged, family-sized, valid until completion",
        "nc-wsk-pfn_wsk_get_local_address, ..._remote_address");
    WSK_47 = provider("rule 47",
        "Address conflicts follow the sharing table: ADDRESS_ALREADY_EXISTS or ACCESS_DENIED",
        "NET sharing-transport-addresses", "wsk::sockets::a_port_is_not_bound_twice");

    // Send, receive, disconnect.
    WSK_48 = checked("rule 48",
        "WskSend/WskReceive only on a connected (or accepted) connection/stream socket",
        "nc-wsk-pfn_wsk_send, nc-wsk-pfn_wsk_receive");
    WSK_49 = provider("rule 49",
        "WskSend is unbuffered: the IRP completes only when all data has been sent (or on error); Information = bytes sent",
        "nc-wsk-pfn_wsk_send", "wsk::data::a_send_waits_for_the_window_and_several_go_in_order");
    WSK_50 = checked("rule 50",
        "WSK_FLAG_NODELAY / WAITALL / DRAIN valid on Microsoft TCP; an unsupported flag gives STATUS_NOT_SUPPORTED",
        "nc-wsk-pfn_wsk_send");
    WSK_51 = provider("rule 51",
        "WskReceive without WAITALL completes with any available bytes; success with 0 bytes into a non-empty buffer means graceful peer close",
        "ECHO; nc-wsk-pfn_wsk_receive", "wsk::data::the_last_data_goes_before_fin, wsk::data::a_reset_is_seen_at_any_byte");
    WSK_52 = provider("rule 52",
        "WAITALL completes only on full buffer, graceful close (short), abort or cancel",
        "nc-wsk-pfn_wsk_receive", "wsk::data::waitall_fills_the_buffer_or_ends_short");
    WSK_53 = checked("rule 53",
        "DRAIN requires Length 0, discards data, completes on disconnect or cancel; never combined with WAITALL",
        "nc-wsk-pfn_wsk_receive");
    WSK_54 = provider("rule 54",
        "Zero-length receive is legal and re-arms WskReceiveEvent",
        "nc-wsk-pfn_wsk_receive; ns-wsk-_wsk_buf", "wsk::events::after_a_part_nothing_comes_before_a_receive");
    WSK_55 = checked("rule 55",
        "STATUS_FILE_FORCED_CLOSED: socket is dead, close it as soon as possible; every later call fails the same way",
        "return tables of all socket functions").inferred();
    WSK_56 = provider("rule 56",
        "Several sends/receives may be queued and complete in order; keeping about the ideal send backlog outstanding is how throughput is reached",
        "NET using-winsock-kernel-functions-vs--event-callback-functions; nc-wsk-pfn_wsk_send_backlog_event", "wsk::data::a_send_waits_for_the_window_and_several_go_in_order");
    WSK_57 = checked("rule 57",
        "Graceful WskDisconnect waits for outstanding sends; afterwards no send, but receive until the peer closes (transport permitting)",
        "nc-wsk-pfn_wsk_disconnect");
    WSK_58 = checked("rule 58",
        "A buffer passed to graceful WskDisconnect is sent before FIN; with WSK_FLAG_ABORTIVE the buffer must be NULL",
        "nc-wsk-pfn_wsk_disconnect");
    WSK_59 = provider("rule 59",
        "A graceful disconnect IRP may never complete; recovery is WskDisconnect(ABORTIVE) or WskCloseSocket, which force its completion",
        "nc-wsk-pfn_wsk_disconnect", "wsk::data::a_stuck_disconnect_is_forced");
    WSK_60 = checked("rule 60",
        "Abortive disconnect cancels pending and running sends; no send or receive afterwards",
        "nc-wsk-pfn_wsk_disconnect");
    WSK_61 = checked("rule 61",
        "After SIO_WSK_SET_TCP_SILENT_MODE (needs connected socket, no pending send/disconnect, IRP) only WskCloseSocket is valid; send/disconnect give INVALID_DEVICE_STATE",
        "NET sio-wsk-set-tcp-silent-mode");

    // Close.
    WSK_62 = checked("rule 62",
        "Before WskCloseSocket no call to any function of that socket may be executing in any thread (IRPs may be pending); guard with a counter or single owner thread",
        "nc-wsk-pfn_wsk_close_socket; NET closing-a-socket");
    WSK_63 = provider("rule 63",
        "Close cancels and completes all pending IRPs of the socket and waits for running callbacks before it completes",
        "nc-wsk-pfn_wsk_close_socket", "");
    WSK_64 = checked("rule 64",
        "After the call to close, no socket function may be called; WSK frees WSK_SOCKET",
        "nc-wsk-pfn_wsk_close_socket");
    WSK_65 = provider("rule 65",
        "Close is abortive (RST) unless both directions are already disconnected",
        "nc-wsk-pfn_wsk_close_socket; NET disconnecting-a-socket-from-a-destination", "wsk::sockets::connects_in_one_call");
    WSK_66 = checked("rule 66",
        "All retained data-indication lists are released before close; close does not release them",
        "nc-wsk-pfn_wsk_release_data_indication_list");
    WSK_67 = checked("rule 67",
        "Close cannot fail; its completion proves no request or callback is outstanding, so only then free the socket context; work already queued by the client may still reference it",
        "ECHO");
    WSK_68 = checked("rule 68",
        "Close completion may be delayed without bound (pending connect, filters): never wait for it unbounded in a user thread, cleanup handler or power path; cancel connect first",
        "ovpn-dco-win#142").inferred();

    // Event callbacks.
    WSK_69 = checked("rule 69",
        "SO_WSK_EVENT_CALLBACK on a connection socket only after connect (after bind for listen/datagram); enabling takes no IRP; NpiId = WSK interface id",
        "NET so-wsk-event-callback");
    WSK_70 = checked("rule 70",
        "Enable several at once; disable one at a time with the disable bit. Disable while running: with IRP PENDING until callbacks return, without IRP STATUS_EVENT_PENDING",
        "NET so-wsk-event-callback; ns-wsk-_wsk_event_callback_control");
    WSK_71 = checked("rule 71",
        "WSK_SET_STATIC_EVENT_CALLBACKS before the first socket; no IRP; cannot be disabled later; faster",
        "NET wsk-set-static-event-callbacks");
    WSK_72 = checked("rule 72",
        "Callbacks run at <= DISPATCH (flag tells when exactly DISPATCH), may start WSK requests, must never wait for one, even at PASSIVE",
        "NET winsock-kernel-events; each callback page");
    WSK_73 = checked("rule 73",
        "WskReceiveEvent: SUCCESS = all taken, or part with BytesAccepted; after a part or DATA_NOT_ACCEPTED no further callback until WskReceive (zero length allowed)",
        "nc-wsk-pfn_wsk_receive_event");
    WSK_74 = checked("rule 74",
        "PENDING retains the whole list until WskRelease with the same list head; RELEASE_ASAP asks not to retain; callback is serial per socket",
        "nc-wsk-pfn_wsk_receive_event; nc-wsk-pfn_wsk_release_data_indication_list");
    WSK_75 = checked("rule 75",
        "NULL DataIndication: socket dead, close soon (not by waiting inside the callback)",
        "nc-wsk-pfn_wsk_receive_event");
    WSK_76 = provider("rule 76",
        "A pending WskReceive takes precedence, but a race may still deliver the callback; disable the callback to be sure",
        "nc-wsk-pfn_wsk_receive_event", "wsk::events::what_is_not_accepted_is_received");
    WSK_77 = checked("rule 77",
        "WskDisconnectEvent and WskSendBacklogEvent return SUCCESS; after graceful remote close sending is still allowed, after abortive neither direction",
        "nc-wsk-pfn_wsk_disconnect_event, ..._send_backlog_event");

    // Control operations.
    WSK_78 = checked("rule 78",
        "WskControlSocket: DISPATCH, except SIO_ADDRESS_LIST_QUERY/CHANGE/SORT and SIO_LOOPBACK_FAST_PATH (deprecated) = PASSIVE",
        "nc-wsk-pfn_wsk_control_socket; NET sio-loopback-fast-path");
    WSK_79 = checked("rule 79",
        "IRP required: SO_KEEPALIVE, SO_RCVBUF, SO_REUSEADDR, SO_EXCLUSIVEADDRUSE, SO_WSK_SECURITY, SIO_WSK_QUERY_IDEAL_SEND_BACKLOG, SIO_WSK_QUERY_RECEIVE_BACKLOG, SIO_ADDRESS_LIST_CHANGE. IRP NULL: enabling callbacks, SIO_ADDRESS_LIST_QUERY, SIO_WSK_REGISTER_EXTENSION",
        "each NET option page");
    WSK_80 = checked("rule 80",
        "OutputSizeReturned is NULL unless IRP is NULL and the output size is unknown; Level ignored (0) for ioctls",
        "nc-wsk-pfn_wsk_control_socket");
    WSK_81 = checked("rule 81",
        "Input/output buffers stay valid until completion when pending (no stack frames left behind)",
        "nc-wsk-pfn_wsk_control_socket; nc-wsk-pfn_wsk_control_client");
    WSK_82 = checked("rule 82",
        "SO_REUSEADDR, SO_EXCLUSIVEADDRUSE, SO_WSK_SECURITY (and IPV6_V6ONLY per ECHO) before bind; backlog queries after connect",
        "NET so-*; sio-wsk-query-*; ECHO");
    WSK_83 = provider("rule 83",
        "Keep-alive is off by default",
        "NET so-keepalive", "");
    WSK_84 = checked("rule 84",
        "WskControlClient: IRP NULL for TRANSPORT_LIST_QUERY, CACHE_SD, RELEASE_SD, SET_STATIC_EVENT_CALLBACKS, TDI_*; IRP required for TRANSPORT_LIST_CHANGE, which is cancelled at deregistration",
        "NET wsk-* pages");
    WSK_85 = checked("rule 85",
        "TRANSPORT_LIST_QUERY with an empty buffer gives BUFFER_OVERFLOW and the size; WSK_TDI_BEHAVIOR and static callbacks precede any socket",
        "NET wsk-transport-list-query, wsk-tdi-behavior");

    // Names.
    WSK_86 = checked("rule 86",
        "WskGetAddressInfo, WskFreeAddressInfo, WskGetNameInfo only at PASSIVE_LEVEL",
        "nc-wsk-pfn_wsk_get_address_info, ..._free_address_info, ..._get_name_info");
    WSK_87 = checked("rule 87",
        "A successful Result is freed once with WskFreeAddressInfo on the same client, while the NPI is captured; nothing is freed on failure",
        "nc-wsk-pfn_wsk_get_address_info, ..._free_address_info, ..._get_name_info; NET resolving-host-names-and-ip-addresses");
    WSK_88 = provider("rule 88",
        "OwningThread without OwningProcess: INVALID_PARAMETER; OwningProcess while impersonating: INVALID_PARAMETER; both NULL: minimal-privilege local account",
        "nc-wsk-pfn_wsk_get_address_info", "");
    WSK_89 = provider("rule 89",
        "Unknown host: STATUS_NO_MATCH. The page says Information holds the status; the sample reads IoStatus.Status: set both",
        "nc-wsk-pfn_wsk_get_address_info; NET resolving-...", "transport::resolve::a_name_that_does_not_exist_is_not_just_a_failure");
    WSK_90 = checked("rule 90",
        "Strings, hints and the Result variable stay valid until the IRP completes",
        "no page; buffers of pending requests in general").inferred();
    WSK_91 = provider("rule 91",
        "No page says when name resolution is usable after boot or how long it takes",
        "no page", "").inferred();

    // The kernel around them.
    WSK_92 = checked("rule 92",
        "Waiting with a non-zero timeout needs <= APC and a non-arbitrary thread; event nonpaged; stack events only with KernelMode waits",
        "nf-wdm-kewaitforsingleobject");
    WSK_93 = checked("rule 93",
        "Kernel stack is about three pages: no large frames or futures; measure, or run TLS through KeExpandKernelStackAndCallout(Ex) or a worker",
        "KRN using-the-kernel-stack; nf-ntddk-keexpandkernelstackandcallout");
    WSK_94 = built("rule 94",
        "SSE is free on x64; AVX needs KeSave/RestoreExtendedProcessorState around use: build crypto without AVX or wrap it",
        "KRN floating-point-support-for-64-bit-drivers", "build::gate::vectors::tests::avx_is_a_fault");
    WSK_95 = checked("rule 95",
        "Never complete an IRP while holding a spin lock",
        "nf-wdm-iocompleterequest");
    WSK_96 = checked("rule 96",
        "Device IRPs that may wait are cancelable; cancelled IRPs not completed in 5 minutes are timed out; use cancel-safe queues",
        "KRN canceling-irps, cancel-safe-irp-queues");
    WSK_97 = checked("rule 97",
        "Cleanup cancels the handle's queued IRPs; requests may still arrive until Close; free per-handle state only in Close",
        "KRN dispatchcleanup-routines, errors-in-handling-cleanup-and-close-operations");
    WSK_98 = checked("rule 98",
        "Named device: IoCreateDeviceSecure + own class GUID + FILE_DEVICE_SECURE_OPEN; IOCTL function >= 0x800, explicit required access, check both lengths, zero output, single-fetch user data",
        "nf-wdmsec-wdmlibiocreatedevicesecure; KRN security-issues-for-i-o-control-codes; driver-security-checklist");
    WSK_99 = checked("rule 99",
        "Every driver needs Unload (Verifier fails those without); HVCI: NX pool, no W+X sections, no dynamic code",
        "KRN writing-an-unload-routine; driver-security-checklist");
    WSK_100 = built("rule 100",
        "INF-only software drivers install as primitive drivers (Windows 10 1903+): decorated DefaultInstall, no Manufacturer section, DCH-compliant",
        "develop/creating-a-primitive-driver", "build::gate::inf::tests::each_breach_is_a_fault");
}
