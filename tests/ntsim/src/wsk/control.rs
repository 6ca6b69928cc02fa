//! WskControlSocket: options and I/O controls.

use wskhttp_core::wsk::sys::{
    IP_UNICAST_IF, IPPROTO_IP, IPPROTO_IPV6, IPV6_UNICAST_IF, IPV6_V6ONLY, SIO_ADDRESS_LIST_CHANGE,
    SIO_ADDRESS_LIST_QUERY, SIO_KEEPALIVE_VALS, SIO_LOOPBACK_FAST_PATH,
    SIO_WSK_QUERY_IDEAL_SEND_BACKLOG, SIO_WSK_QUERY_RECEIVE_BACKLOG, SIO_WSK_REGISTER_EXTENSION,
    SIO_WSK_SET_TCP_SILENT_MODE, SO_EXCLUSIVEADDRUSE, SO_KEEPALIVE, SO_RCVBUF, SO_REUSEADDR,
    SO_SNDBUF, SO_WSK_EVENT_CALLBACK, SO_WSK_SECURITY, SOL_SOCKET, TCP_FASTOPEN, TCP_KEEPALIVE,
    TCP_KEEPCNT, TCP_KEEPINTVL, TCP_NODELAY, WSK_CONTROL_SOCKET_TYPE, WSK_EVENT_CALLBACK_CONTROL,
    WskGetOption as GET, WskIoctl as IOCTL, WskSetOption as SET,
};

use super::*;

/// When an option or a control is in order (rule 82).
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Always,
    Unbound,
    Connected,
}

/// A call, without the pointers to the socket and to what is to be written.
struct Request<'a> {
    kind: WSK_CONTROL_SOCKET_TYPE,
    code: u32,
    level: u32,
    input: &'a [u8],
    irp: *mut IRP,
}

/// The options that were set on the sockets that there are: level, code, value.
#[must_use]
pub fn socket_options() -> Vec<(u32, u32, Vec<u8>)> {
    simulator(|| {
        with(|s| {
            let sockets = s.wsk.sockets.values();
            let all = sockets.flat_map(|socket| &socket.options);
            all.map(|((level, code), value)| (*level, *code, value.clone()))
                .collect()
        })
    })
}

pub(super) unsafe extern "C" fn control_socket(
    socket: PWSK_SOCKET,
    kind: WSK_CONTROL_SOCKET_TYPE,
    code: u32,
    level: u32,
    input_size: u64,
    input: *mut c_void,
    output_size: u64,
    output: *mut c_void,
    returned: *mut u64,
    irp: *mut IRP,
) -> NTSTATUS {
    let _entry = enter("WskControlSocket", DISPATCH);
    let call = Call::new("WskControlSocket", socket, ANY);
    let profile = with(|s| s.profile);
    match profile {
        Profile::Wine => return STATUS_NOT_IMPLEMENTED,
        Profile::Viosock if irp.is_null() => return STATUS_NOT_IMPLEMENTED,
        _ => {}
    }
    let request = Request {
        kind,
        code,
        level,
        // SAFETY: readable by the contract.
        input: unsafe { bytes(input, input_size as usize) },
        irp,
    };
    if !returned.is_null() && !irp.is_null() {
        rule::WSK_80.broken("WskControlSocket with an IRP and a place for the output's size");
    }
    if kind == SET && level == SOL_SOCKET && code == SO_WSK_EVENT_CALLBACK {
        if input_size as usize != size_of::<WSK_EVENT_CALLBACK_CONTROL>() {
            rule::WSK_70.broken("SO_WSK_EVENT_CALLBACK with an input of another size");
        }
        // SAFETY: readable by the contract.
        let control = unsafe { *input.cast::<WSK_EVENT_CALLBACK_CONTROL>() };
        // SAFETY: the contract is the same.
        return unsafe { events::control(call, control, irp) };
    }
    check_irql(&request);
    check_irp(&request);
    check_phase(&request, &call);
    let outcome = if profile == Profile::Viosock {
        Err(STATUS_NOT_IMPLEMENTED)
    } else {
        perform(&request, &call, output_size as usize)
    };
    if irp.is_null() {
        if let Some(status) = fault::status("WskControlSocket") {
            return status;
        }
        let data = match outcome {
            Ok(data) => data.unwrap_or_default(),
            Err(status) => return status,
        };
        if !returned.is_null() {
            // SAFETY: writable by the contract.
            unsafe { returned.write(data.len() as u64) };
        }
        if data.len() > output_size as usize {
            return STATUS_BUFFER_OVERFLOW;
        }
        // SAFETY: writable by the contract.
        unsafe {
            output
                .cast::<u8>()
                .copy_from_nonoverlapping(data.as_ptr(), data.len())
        };
        return 0;
    }
    // SAFETY: the contract is the same.
    let id = unsafe { begin("WskControlSocket", irp, Kind::Control, call.at) };
    with(|s| {
        let Some(op) = s.wsk.ops.get_mut(&id) else {
            return;
        };
        // Rule 81.
        op.outputs
            .push(Output::new(input.cast(), 0).pinning(input_size as usize));
        let mut to = Output::new(output.cast(), output_size as usize);
        match outcome {
            Err(status) => op.decide(status, 0),
            Ok(Some(data)) if data.len() > output_size as usize => {
                op.decide(STATUS_BUFFER_OVERFLOW, 0);
            }
            Ok(Some(data)) => {
                op.decide(0, data.len());
                to.data = data;
            }
            // Only a change decides it.
            Ok(None) => {}
        }
        op.outputs.push(to);
    });
    call.finish(id)
}

/// # Safety
/// `from` is readable for `len` bytes, or `len` is 0.
unsafe fn bytes<'a>(from: *const c_void, len: usize) -> &'a [u8] {
    if len == 0 {
        return &[];
    }
    // SAFETY: by the contract.
    unsafe { std::slice::from_raw_parts(from.cast(), len) }
}

fn is_list(request: &Request<'_>) -> bool {
    let lists = [
        SIO_ADDRESS_LIST_QUERY,
        SIO_ADDRESS_LIST_CHANGE,
        SIO_ADDRESS_LIST_SORT,
        SIO_LOOPBACK_FAST_PATH,
    ];
    request.kind == IOCTL && lists.contains(&request.code)
}

fn check_irql(request: &Request<'_>) {
    if is_list(request) && irql() > PASSIVE {
        rule::WSK_78.broken("an address list is asked for above PASSIVE_LEVEL");
    }
}

fn check_irp(request: &Request<'_>) {
    let without = [SIO_ADDRESS_LIST_QUERY, SIO_WSK_REGISTER_EXTENSION];
    let forbidden = request.kind == IOCTL && without.contains(&request.code);
    let required = !forbidden
        && match (request.kind, request.level) {
            // No page says it of the sort.
            (IOCTL, _) => request.code != SIO_ADDRESS_LIST_SORT,
            (_, SOL_SOCKET) => request.code != SO_SNDBUF,
            _ => false,
        };
    let there = !request.irp.is_null();
    if (required && !there) || (forbidden && there) {
        rule::WSK_79.broken(format!(
            "WskControlSocket, request {}, level {}, code {:#x}, {} IRP",
            request.kind,
            request.level,
            request.code,
            if there { "with" } else { "without" },
        ));
    }
}

fn when(request: &Request<'_>) -> When {
    match (request.kind, request.level, request.code) {
        (
            IOCTL,
            _,
            SIO_WSK_QUERY_IDEAL_SEND_BACKLOG
            | SIO_WSK_QUERY_RECEIVE_BACKLOG
            | SIO_WSK_SET_TCP_SILENT_MODE,
        ) => When::Connected,
        (SET, SOL_SOCKET, SO_REUSEADDR | SO_EXCLUSIVEADDRUSE | SO_WSK_SECURITY)
        | (SET, IPPROTO_IPV6, IPV6_V6ONLY) => When::Unbound,
        _ => When::Always,
    }
}

fn check_phase(request: &Request<'_>, call: &Call) {
    let phase = call.look(|socket| socket.phase);
    let good = match when(request) {
        When::Always => true,
        When::Unbound => phase == Phase::Created,
        When::Connected => phase == Phase::Connected,
    };
    if !good {
        rule::WSK_82.broken(format!(
            "WskControlSocket, level {}, code {:#x}, on a socket that is {phase:?}",
            request.level, request.code
        ));
    }
}

/// What comes back; `None` if it has to wait.
fn perform(
    request: &Request<'_>,
    call: &Call,
    output_size: usize,
) -> Result<Option<Vec<u8>>, NTSTATUS> {
    if request.kind == IOCTL {
        return ioctl(request, call);
    }
    let known = match request.level {
        SOL_SOCKET => SOCKET_OPTIONS,
        IPPROTO_TCP => TCP_OPTIONS,
        IPPROTO_IP => &[IP_UNICAST_IF],
        IPPROTO_IPV6 => &[IPV6_V6ONLY, IPV6_UNICAST_IF],
        _ => &[],
    };
    if !known.contains(&request.code) {
        return Err(STATUS_INVALID_PARAMETER);
    }
    let key = (request.level, request.code);
    match request.kind {
        SET if request.input.len() < 4 => Err(STATUS_INVALID_PARAMETER),
        SET => {
            call.look(|socket| socket.options.insert(key, request.input.to_vec()));
            Ok(Some(Vec::new()))
        }
        GET => {
            let value = call.look(|socket| socket.options.get(&key).cloned());
            // Rule 83: keep-alive is off by default, as are the others.
            Ok(Some(value.unwrap_or_else(|| vec![0; output_size.min(4)])))
        }
        _ => Err(STATUS_INVALID_PARAMETER),
    }
}

fn ioctl(request: &Request<'_>, call: &Call) -> Result<Option<Vec<u8>>, NTSTATUS> {
    let at = call.at;
    match request.code {
        SIO_WSK_QUERY_IDEAL_SEND_BACKLOG => {
            let ideal = call.look(|socket| socket.ideal_backlog);
            Ok(Some(ideal.to_le_bytes().to_vec()))
        }
        SIO_WSK_QUERY_RECEIVE_BACKLOG => {
            let waiting = with(|s| {
                let link = s.wsk.sockets[&at].link;
                link.map_or(0, |(c, side)| {
                    s.net.connections[c].incoming(side).data.len()
                })
            });
            Ok(Some(waiting.to_le_bytes().to_vec()))
        }
        SIO_WSK_SET_TCP_SILENT_MODE => {
            let busy = with(|s| {
                let mut ops = s.wsk.ops.values();
                ops.any(|op| op.socket == at && matches!(op.kind, Kind::Send | Kind::Disconnect))
            });
            if busy || call.look(|socket| socket.sent_fin) {
                rule::WSK_61.broken("silent mode with a send or a disconnect");
            }
            call.look(|socket| socket.silent = true);
            Ok(Some(Vec::new()))
        }
        // Two addresses: an array of their sockaddrs would follow; nobody here looks at them.
        SIO_ADDRESS_LIST_QUERY => Ok(Some(0u64.to_le_bytes().to_vec())),
        SIO_ADDRESS_LIST_CHANGE => Ok(None),
        SIO_KEEPALIVE_VALS | SIO_LOOPBACK_FAST_PATH => Ok(Some(Vec::new())),
        _ => Err(STATUS_NOT_SUPPORTED),
    }
}

/// `_WSAIORW(IOC_WS2, 25)`.
const SIO_ADDRESS_LIST_SORT: u32 = 0xC800_0019;

const ANY: &[Category] = &[
    Category::Basic,
    Category::Listen,
    Category::Connection,
    Category::Stream,
];
const SOCKET_OPTIONS: &[u32] = &[
    SO_KEEPALIVE,
    SO_RCVBUF,
    SO_SNDBUF,
    SO_REUSEADDR,
    SO_EXCLUSIVEADDRUSE,
    SO_WSK_SECURITY,
];
const TCP_OPTIONS: &[u32] = &[
    TCP_NODELAY,
    TCP_KEEPALIVE,
    TCP_KEEPCNT,
    TCP_KEEPINTVL,
    TCP_FASTOPEN,
];
