//! Control codes and the device interface class.

/// Data1..Data4 of the device interface class GUID {6F3A4D0E-7C1B-4E0B-9B57-3D2F5A0C8E61}.
pub const INTERFACE_CLASS: (u32, u16, u16, [u8; 8]) = (
    0x6F3A_4D0E,
    0x7C1B,
    0x4E0B,
    [0x9B, 0x57, 0x3D, 0x2F, 0x5A, 0x0C, 0x8E, 0x61],
);

/// Sends a request. In: [`crate::RequestHeader`] and its data. Out: [`crate::ResponseHeader`], its
/// data and the beginning of the body (with `WHOLE_BODY`: as much of the body as fits; the IRP
/// completes when the body ends or the buffer is full). With `STREAM_BODY` there is no output: it
/// completes when body bytes can be written with WriteFile, which takes them all unless the response
/// comes first: fewer were taken then, and no more will be.
///
/// STATUS_INVALID_PARAMETER: the message is malformed. STATUS_BUFFER_TOO_SMALL: the input is shorter
/// than its fixed part, or the output shorter than [`crate::ResponseHeader`]. STATUS_BUFFER_OVERFLOW:
/// the response's head does not fit; `needed` says how much would, and
/// [`IOCTL_WSKHTTP_RECEIVE_RESPONSE`] fetches it again. STATUS_INVALID_DEVICE_STATE: a request is
/// under way on this handle. Any other error: the request failed, [`IOCTL_WSKHTTP_QUERY_FAILURE`]
/// says how.
pub const IOCTL_WSKHTTP_SEND_REQUEST: u32 = ctl_code(0x800, METHOD_OUT_DIRECT);

/// Ends a streamed body and waits for the response. In: none. Out: as for
/// [`IOCTL_WSKHTTP_SEND_REQUEST`]. Also fetches again a head that did not fit.
pub const IOCTL_WSKHTTP_RECEIVE_RESPONSE: u32 = ctl_code(0x801, METHOD_OUT_DIRECT);

/// Why the last request on this handle failed. In: none. Out: [`crate::Failure`].
/// STATUS_NOT_FOUND: it did not.
pub const IOCTL_WSKHTTP_QUERY_FAILURE: u32 = ctl_code(0x802, METHOD_BUFFERED);

/// Counters of the driver. In: none. Out: [`crate::Status`].
pub const IOCTL_WSKHTTP_QUERY_STATUS: u32 = ctl_code(0x803, METHOD_BUFFERED);

/// The certificates of the server that answered the last request, or was refused for them in its
/// handshake, if the request was sent with `KEEP_PEER`. In: none. Out: DER, the server's own first,
/// then what it sent besides; 64 KiB always suffice. STATUS_NOT_FOUND: none are kept.
/// STATUS_BUFFER_TOO_SMALL: there are more bytes.
pub const IOCTL_WSKHTTP_QUERY_PEER: u32 = ctl_code(0x804, METHOD_BUFFERED);

/// The cookies that requests with `COOKIES` have left on this handle. In: none. Out:
/// [`crate::CookiesHeader`], and behind it the cookies in the format of Netscape's files: seven fields
/// with tabs between them, a cookie a line.
///
/// STATUS_BUFFER_OVERFLOW: they do not fit; only the fixed part was written. STATUS_BUFFER_TOO_SMALL:
/// the output is shorter than that. STATUS_INVALID_DEVICE_STATE: a request is under way. Afterwards,
/// why the last request failed cannot be asked any more.
pub const IOCTL_WSKHTTP_QUERY_COOKIES: u32 = ctl_code(0x805, METHOD_OUT_DIRECT);

const METHOD_BUFFERED: u32 = 0;
const METHOD_OUT_DIRECT: u32 = 2;
const FILE_DEVICE_NETWORK: u32 = 0x12;
const FILE_READ_WRITE_ACCESS: u32 = 3;

const fn ctl_code(function: u32, method: u32) -> u32 {
    FILE_DEVICE_NETWORK << 16 | FILE_READ_WRITE_ACCESS << 14 | function << 2 | method
}
