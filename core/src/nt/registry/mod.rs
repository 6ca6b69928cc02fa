//! The registry. A key or a value that is not there is no error: at boot whole hives are missing.

mod buffer;
mod key;
mod name;
mod value;

pub use buffer::Buffer;
pub use key::{Key, Subkey};
pub use name::Name;
pub use value::{REG_BINARY, REG_DWORD, REG_QWORD, Value, ValueName};

use wdk_sys::NTSTATUS;

use crate::io::{Error, Kind, Phase};

const fn failed(status: NTSTATUS) -> Error {
    let kind = match status {
        STATUS_INSUFFICIENT_RESOURCES | STATUS_NO_MEMORY => Kind::NoResources,
        _ => Kind::NotReady,
    };
    Error::with_status(
        Phase::Request,
        kind,
        status,
        "the registry cannot be read or written",
    )
}

const TOO_LONG: Error = Error::new(
    Phase::Request,
    Kind::NotReady,
    "a name or a value in the registry is too long",
);

const STATUS_NO_MEMORY: NTSTATUS = 0xC000_0017_u32.cast_signed();
const STATUS_OBJECT_NAME_NOT_FOUND: NTSTATUS = 0xC000_0034_u32.cast_signed();
const STATUS_INSUFFICIENT_RESOURCES: NTSTATUS = 0xC000_009A_u32.cast_signed();
const STATUS_KEY_DELETED: NTSTATUS = 0xC000_017C_u32.cast_signed();
