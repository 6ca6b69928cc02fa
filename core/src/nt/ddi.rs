//! Routines that not every header set that `wdk-sys` is made from declares.

use wdk_sys::{BOOLEAN, NTSTATUS, PVOID, SIZE_T};

unsafe extern "C" {
    /// Calls `Callout(Parameter)` on a stack of at least `Size` bytes
    /// (`ntddk/nf-ntddk-keexpandkernelstackandcalloutex`). IRQL <= DISPATCH_LEVEL, with `Wait`
    /// <= APC_LEVEL.
    pub(crate) fn KeExpandKernelStackAndCalloutEx(
        Callout: Option<unsafe extern "C" fn(PVOID)>,
        Parameter: PVOID,
        Size: SIZE_T,
        Wait: BOOLEAN,
        Context: PVOID,
    ) -> NTSTATUS;

    /// `wdm/nf-wdm-kegetcurrentirql`: a function of the kernel, except on x64, where it is inline.
    #[cfg(not(all(windows, target_arch = "x86_64")))]
    pub(crate) fn KeGetCurrentIrql() -> u8;
}
