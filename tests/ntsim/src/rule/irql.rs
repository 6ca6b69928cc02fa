//! Which rule says at which IRQL a routine may be called.

use super::*;
use crate::sched::APC;

/// The rule for a routine that may be called at up to `highest`.
pub(crate) fn for_irql(routine: &str, highest: u8) -> &'static Rule {
    match routine {
        "WskRegister" => WSK_1,
        "WskCaptureProviderNPI" => WSK_4,
        "WskDeregister" => WSK_10,
        "WskGetAddressInfo" | "WskFreeAddressInfo" | "WskGetNameInfo" => WSK_86,
        "IofCompleteRequest" => C9_0E,
        "IofCallDriver" | "PoCallDriver" | "PoStartNextPowerIrp" => C9_10,
        "IoAllocateIrp" | "IoReuseIrp" | "IoFreeIrp" | "IoCancelIrp" => C9_10,
        "IoAllocateMdl" | "IoFreeMdl" => IRQL_MM,
        "ExAllocatePool2" => IRQL_EX_ALLOCATE_POOL,
        "ExFreePool" => IRQL_EX_FREE,
        "ObReferenceObjectByHandle" => IRQL_OB_PASSIVE,
        "KeSetEvent" if highest == APC => IRQL_KE_SET_EVENT,
        "KeReleaseSemaphore" if highest == APC => IRQL_KE_APC_LTE,
        "KeDelayExecutionThread" => IRQL_KE_APC_LTE,
        "KeFlushQueuedDpcs" => C4_E5,
        _ if routine.starts_with("Ke") => IRQL_KE_DISPATCH_LTE,
        _ if routine.starts_with("Mm") => IRQL_MM,
        _ if routine.starts_with("Ps") => IRQL_PS_PASSIVE,
        _ if routine.starts_with("Rtl") => IRQL_RTL_PASSIVE,
        _ if routine.starts_with("Zw") => IRQL_ZW_PASSIVE,
        _ if routine.starts_with("Io") && highest == 0 => IRQL_IO_PASSIVE,
        _ => C4_E5,
    }
}
