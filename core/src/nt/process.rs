//! Processes.

use core::fmt;
use core::ptr::NonNull;

use wdk_sys::ntddk::{IoGetRequestorProcess, ObfDereferenceObject, ObfReferenceObject};
use wdk_sys::{PEPROCESS, PIRP};

/// A reference to a process object, which stays until the last clone is dropped. Cloning and
/// dropping: IRQL <= DISPATCH_LEVEL (`wdm/nf-wdm-obfreferenceobject`).
pub struct Process(NonNull<wdk_sys::_EPROCESS>);

// SAFETY: references to kernel objects belong to no thread.
unsafe impl Send for Process {}
// SAFETY: as above; a shared reference gives the address.
unsafe impl Sync for Process {}

impl Process {
    /// The process whose thread has asked for `irp`, if one has (`ntifs/nf-ntifs-iogetrequestorprocess`).
    /// IRQL <= DISPATCH_LEVEL.
    ///
    /// # Safety
    /// The IRP is the caller's and was not completed.
    #[must_use]
    pub unsafe fn of_requestor(irp: PIRP) -> Option<Self> {
        // SAFETY: by the contract.
        let process = unsafe { IoGetRequestorProcess(irp) };
        // SAFETY: the thread that has asked keeps its process, as long as the IRP is pending.
        unsafe { Self::reference(process) }
    }

    /// A reference to `process`; `None` for null. IRQL <= DISPATCH_LEVEL.
    ///
    /// # Safety
    /// `process` is null or a process object that stays during the call.
    #[must_use]
    pub unsafe fn reference(process: PEPROCESS) -> Option<Self> {
        let process = NonNull::new(process)?;
        // SAFETY: by the contract.
        unsafe { ObfReferenceObject(process.as_ptr().cast()) };
        Some(Self(process))
    }

    /// The process object, which stays as long as this reference.
    #[must_use]
    pub fn as_ptr(&self) -> PEPROCESS {
        self.0.as_ptr()
    }
}

impl Clone for Process {
    fn clone(&self) -> Self {
        // SAFETY: referenced, so it stays during the call.
        unsafe { ObfReferenceObject(self.0.as_ptr().cast()) };
        Self(self.0)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // SAFETY: this reference is given back once.
        unsafe { ObfDereferenceObject(self.0.as_ptr().cast()) };
    }
}

/// Whether both are the same process.
impl PartialEq for Process {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Process {}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Process")
    }
}
