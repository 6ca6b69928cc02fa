//! What the NTSTATUS of a WSK request means. The one place that decides.

use crate::io::{Error, Kind, NtStatus, Phase};

/// The error for a request of `phase` that failed with `status`, which is kept.
#[must_use]
pub fn map(phase: Phase, status: NtStatus) -> Error {
    let (kind, cause) = match (status.cast_unsigned(), phase) {
        (CONNECTION_REFUSED | REMOTE_NOT_LISTENING, _) => {
            (Kind::ConnectionRefused, "the server refused the connection")
        }
        (CONNECTION_RESET | REMOTE_DISCONNECT, _) => {
            (Kind::ConnectionReset, "the server reset the connection")
        }
        (
            CONNECTION_ABORTED | LOCAL_DISCONNECT | FILE_FORCED_CLOSED | CONNECTION_INVALID
            | PORT_MESSAGE_CLOSED | HANDLE_INVALID,
            _,
        ) => (
            Kind::ConnectionAborted,
            "the network stack dropped the connection",
        ),
        (PIPE_DISCONNECTED | PIPE_BROKEN | CONNECTION_DISCONNECTED | GRACEFUL_DISCONNECT, _) => {
            (Kind::ConnectionReset, "the server closed the connection")
        }
        (
            NETWORK_UNREACHABLE | HOST_UNREACHABLE | PROTOCOL_UNREACHABLE | PORT_UNREACHABLE
            | HOST_DOWN | NO_SUCH_ADDRESS,
            _,
        ) => (Kind::Unreachable, "there is no route to the server"),
        (IO_TIMEOUT | TIMEOUT, _) => (Kind::TimedOut, "the server did not answer in time"),
        (CANCELLED | REQUEST_ABORTED | REQUEST_CANCELED, _) => {
            (Kind::Canceled, "the request was canceled")
        }
        (
            INSUFFICIENT_RESOURCES
            | NO_MEMORY
            | QUOTA_EXCEEDED
            | TOO_MANY_OPENED_FILES
            | TOO_MANY_ADDRESSES
            | ADDRESS_ALREADY_EXISTS
            | ADDRESS_ALREADY_ASSOCIATED,
            _,
        ) => (Kind::NoResources, "the network stack is out of resources"),
        (DEVICE_NOT_READY | NOINTERFACE | NETWORK_BUSY, _) => {
            (Kind::NotReady, "the network stack is not ready")
        }
        (NO_MATCH | NOT_FOUND | OBJECT_NAME_NOT_FOUND, Phase::Resolve) => {
            (Kind::HostNotFound, "the host name does not exist")
        }
        (_, Phase::Resolve) => (Kind::ResolveFailed, "the host name could not be looked up"),
        (ACCESS_DENIED, Phase::Connect) => (
            Kind::ConnectFailed,
            "a policy of this machine forbids the connection",
        ),
        (_, Phase::Connect) => (Kind::ConnectFailed, "the connection could not be made"),
        (_, Phase::Send) => (Kind::IoFailed, "sending failed"),
        (_, Phase::Wait) => (Kind::NotReady, "the network stack is not ready"),
        _ => (Kind::IoFailed, "receiving failed"),
    };
    Error::with_status(phase, kind, status, cause)
}

/// Which of two attempts that failed tells more, when several addresses were tried.
#[must_use]
pub fn more_telling(first: Error, second: Error) -> Error {
    if rank(second.kind) >= rank(first.kind) {
        second
    } else {
        first
    }
}

const fn rank(kind: Kind) -> u8 {
    match kind {
        Kind::ConnectionRefused => 5,
        Kind::ConnectionReset | Kind::ConnectionAborted | Kind::NotReady | Kind::NoResources => 4,
        Kind::TimedOut => 3,
        Kind::Unreachable => 2,
        Kind::ConnectFailed => 1,
        _ => 0,
    }
}

// Values of ntstatus.h, without STATUS_. Wine's netio.sys uses several where Windows' has others.
const ADDRESS_ALREADY_ASSOCIATED: u32 = 0xC000_0238; // Wine's for a port in use
const IO_TIMEOUT: u32 = 0xC000_00B5;
const TIMEOUT: u32 = 0x0000_0102;
const ACCESS_DENIED: u32 = 0xC000_0022;
const CANCELLED: u32 = 0xC000_0120;
const CONNECTION_ABORTED: u32 = 0xC000_0241;
const CONNECTION_DISCONNECTED: u32 = 0xC000_020C;
const CONNECTION_INVALID: u32 = 0xC000_023A;
const CONNECTION_REFUSED: u32 = 0xC000_0236;
const CONNECTION_RESET: u32 = 0xC000_020D;
const DEVICE_NOT_READY: u32 = 0xC000_00A3;
const FILE_FORCED_CLOSED: u32 = 0xC000_00B6;
const GRACEFUL_DISCONNECT: u32 = 0xC000_0237;
const HANDLE_INVALID: u32 = 0xC000_0008;
const HOST_DOWN: u32 = 0xC000_0350;
const HOST_UNREACHABLE: u32 = 0xC000_023D;
const INSUFFICIENT_RESOURCES: u32 = 0xC000_009A;
const LOCAL_DISCONNECT: u32 = 0xC000_013B;
const NETWORK_BUSY: u32 = 0xC000_00BF;
const NETWORK_UNREACHABLE: u32 = 0xC000_023C;
const NOINTERFACE: u32 = 0xC000_02B9;
const NOT_FOUND: u32 = 0xC000_0225;
const NO_MATCH: u32 = 0xC000_0272;
const NO_MEMORY: u32 = 0xC000_0017;
const NO_SUCH_ADDRESS: u32 = 0xC000_0141; // STATUS_INVALID_ADDRESS
const OBJECT_NAME_NOT_FOUND: u32 = 0xC000_0034;
const PIPE_BROKEN: u32 = 0xC000_014B;
const PIPE_DISCONNECTED: u32 = 0xC000_00B0;
const PORT_MESSAGE_CLOSED: u32 = 0xC000_0037; // STATUS_PORT_DISCONNECTED
const PORT_UNREACHABLE: u32 = 0xC000_023F;
const PROTOCOL_UNREACHABLE: u32 = 0xC000_023E;
const QUOTA_EXCEEDED: u32 = 0xC000_0044;
const REMOTE_DISCONNECT: u32 = 0xC000_013C;
const REMOTE_NOT_LISTENING: u32 = 0xC000_00BC;
const REQUEST_ABORTED: u32 = 0xC000_0240;
const REQUEST_CANCELED: u32 = 0xC000_0703;
const ADDRESS_ALREADY_EXISTS: u32 = 0xC000_020A;
const TOO_MANY_ADDRESSES: u32 = 0xC000_0209;
const TOO_MANY_OPENED_FILES: u32 = 0xC000_011F;

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(phase: Phase, status: u32) -> Kind {
        let error = map(phase, status.cast_signed());
        assert_eq!(error.raw_status, status.cast_signed(), "the status is kept");
        assert_eq!(error.phase, phase);
        error.kind
    }

    #[test]
    fn says_what_the_status_means() {
        assert_eq!(kind(Phase::Connect, 0xC000_0236), Kind::ConnectionRefused);
        assert_eq!(kind(Phase::Connect, 0xC000_023D), Kind::Unreachable);
        assert_eq!(kind(Phase::Connect, 0xC000_00B5), Kind::TimedOut);
        assert_eq!(kind(Phase::Receive, 0xC000_020D), Kind::ConnectionReset);
        assert_eq!(kind(Phase::Receive, 0xC000_0241), Kind::ConnectionAborted);
        assert_eq!(kind(Phase::Send, 0xC000_00B6), Kind::ConnectionAborted);
        assert_eq!(kind(Phase::Send, 0xC000_0120), Kind::Canceled);
        assert_eq!(kind(Phase::Send, 0xC000_009A), Kind::NoResources);
        assert_eq!(kind(Phase::Connect, 0xC000_020A), Kind::NoResources);
        assert_eq!(kind(Phase::Connect, 0xC000_0238), Kind::NoResources);
    }

    #[test]
    fn names_that_do_not_exist_are_not_just_failures() {
        assert_eq!(kind(Phase::Resolve, 0xC000_0272), Kind::HostNotFound);
        // Wine's.
        assert_eq!(kind(Phase::Resolve, 0xC000_0225), Kind::HostNotFound);
        assert_eq!(kind(Phase::Resolve, 0xC000_0001), Kind::ResolveFailed);
        // The same statuses mean nothing about names elsewhere.
        assert_eq!(kind(Phase::Connect, 0xC000_0225), Kind::ConnectFailed);
    }

    #[test]
    fn what_is_unknown_is_a_failure_of_its_phase() {
        assert_eq!(kind(Phase::Connect, 0xC000_0001), Kind::ConnectFailed);
        assert_eq!(kind(Phase::Send, 0xC000_0001), Kind::IoFailed);
        assert_eq!(kind(Phase::Receive, 0xC000_0001), Kind::IoFailed);
    }

    #[test]
    fn a_refusal_tells_more_than_an_address_that_cannot_be_used() {
        let refused = map(Phase::Connect, 0xC000_0236_u32.cast_signed());
        let unusable = map(Phase::Connect, 0xC000_0017_u32.cast_signed());
        assert_eq!(more_telling(refused, unusable), refused);
        assert_eq!(more_telling(unusable, refused), refused);
    }

    #[test]
    fn what_this_machine_lacks_tells_more_than_an_address_that_cannot_be_used() {
        let unusable = map(Phase::Connect, 0xC000_023C_u32.cast_signed());
        assert_eq!(unusable.kind, Kind::Unreachable);
        for (status, kind) in [
            (0xC000_00A3, Kind::NotReady),
            (0xC000_009A_u32, Kind::NoResources),
        ] {
            let lacking = map(Phase::Connect, status.cast_signed());
            assert_eq!(lacking.kind, kind);
            assert_eq!(more_telling(lacking, unusable), lacking);
            assert_eq!(more_telling(unusable, lacking), lacking);
        }
    }
}
