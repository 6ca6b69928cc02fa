//! Io: IRPs, their completion and cancellation.

mod cancel;
mod complete;
mod dispatch;
mod irp;
mod request;

use wdk_sys::NTSTATUS;

pub(crate) use cancel::cancel;
pub(crate) use complete::unwind;
pub(crate) use dispatch::{Dispatch, call_driver, is_called, is_dispatched};
pub(crate) use irp::{
    IrpInfo, IrpState, advance, check_at_unload, copy_of, forget, new_irp, set_state, state_of,
};
pub(crate) use request::{CANCEL_TIME, File, Request, next_deadline, unwritten};

const STATUS_PENDING: NTSTATUS = 0x103;
const SL_PENDING_RETURNED: u8 = 1;
