//! Ps, Ob, Zw: system threads and handles to them.

use wdk_sys::{HANDLE, LARGE_INTEGER, NTSTATUS, PEPROCESS, PIRP, PVOID};

use crate::fault;
use crate::ke;
use crate::rule;
use crate::sched::{self, DISPATCH, KERNEL_STACK, PASSIVE, enter, enter_quietly};
use crate::state::{Object, driver, with};

#[unsafe(no_mangle)]
unsafe extern "C" fn PsCreateSystemThread(
    handle: *mut HANDLE,
    _access: u32,
    _attributes: PVOID,
    _process: HANDLE,
    _client: PVOID,
    start: Option<unsafe extern "C" fn(PVOID)>,
    context: PVOID,
) -> NTSTATUS {
    let _entry = enter("PsCreateSystemThread", PASSIVE);
    let Some(start) = start else {
        rule::CE.broken("a system thread without start routine")
    };
    if let Some(status) = fault::status("PsCreateSystemThread") {
        return status;
    }
    let number = with(|s| s.threads.len());
    let id = sched::spawn(
        format!("system thread {number}"),
        KERNEL_STACK,
        true,
        move || {
            // SAFETY: the caller's routine and context.
            driver(|| unsafe { start(context) });
        },
    );
    let address = 0x7000_0000 + id * 64;
    with(|s| {
        s.objects
            .insert(address, Object::Thread { id, references: 0 });
        s.handles.insert(address + 1, address);
    });
    // SAFETY: writable by the contract.
    unsafe { handle.write(std::ptr::without_provenance_mut(address + 1)) };
    0
}

#[unsafe(no_mangle)]
extern "C" fn PsGetCurrentThreadId() -> HANDLE {
    let _entry = enter_quietly();
    let id = with(|s| s.current).map_or(0, |id| id + 1);
    std::ptr::without_provenance_mut(id * 4)
}

#[unsafe(no_mangle)]
extern "C" fn PsTerminateSystemThread(_status: NTSTATUS) -> NTSTATUS {
    let _entry = enter("PsTerminateSystemThread", PASSIVE);
    with(|s| {
        let id = s.current.expect("a simulated thread");
        sched::check_end(s, id);
        s.threads[id].ended = true;
    });
    loop {
        sched::switch();
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn ObReferenceObjectByHandle(
    handle: HANDLE,
    _access: u32,
    _kind: PVOID,
    _mode: i8,
    object: *mut PVOID,
    _information: PVOID,
) -> NTSTATUS {
    fault::call("ObReferenceObjectByHandle", PASSIVE, || {
        let Some(address) = with(|s| s.handles.get(&handle.addr()).copied()) else {
            rule::C4_3C.broken("a handle is used that is not open")
        };
        with(|s| {
            if let Some(Object::Thread { references, .. }) = s.objects.get_mut(&address) {
                *references += 1;
            }
        });
        // SAFETY: writable by the contract.
        unsafe { object.write(std::ptr::without_provenance_mut(address)) };
        0
    })
}

#[unsafe(no_mangle)]
extern "C" fn ObfDereferenceObject(object: PVOID) -> i64 {
    let _entry = enter("ObfDereferenceObject", DISPATCH);
    let left = with(|s| match s.objects.get_mut(&object.addr()) {
        Some(Object::Thread { references, .. } | Object::Process { references })
            if *references > 0 =>
        {
            *references -= 1;
            Some(*references)
        }
        _ => None,
    });
    match left {
        Some(left) => left.into(),
        None => rule::C4_3F.broken("a reference is given back that was not taken"),
    }
}

#[unsafe(no_mangle)]
extern "C" fn ObfReferenceObject(object: PVOID) -> i64 {
    let _entry = enter("ObfReferenceObject", DISPATCH);
    let references = with(|s| match s.objects.get_mut(&object.addr()) {
        Some(Object::Thread { references, .. } | Object::Process { references }) => {
            *references += 1;
            Some(*references)
        }
        _ => None,
    });
    match references {
        Some(references) => references.into(),
        None => rule::C4_3F.broken("a reference is taken to what is no object"),
    }
}

#[unsafe(no_mangle)]
extern "C" fn IoGetRequestorProcess(irp: PIRP) -> PEPROCESS {
    let _entry = enter("IoGetRequestorProcess", DISPATCH);
    let process = with(|s| {
        let request = s
            .requests
            .values()
            .find(|request| request.irp == irp.addr());
        request.map_or(SYSTEM, |request| request.process)
    });
    object(process)
}

/// The process of the thread that runs.
pub(crate) fn current() -> usize {
    with(|s| s.current.and_then(|id| s.processes.get(&id).copied())).unwrap_or(SYSTEM)
}

/// Runs `body` as code of process `number`.
pub(crate) fn within<R>(number: usize, body: impl FnOnce() -> R) -> R {
    let thread = with(|s| s.current).expect("a simulated thread");
    let old = with(|s| s.processes.insert(thread, number));
    let result = body();
    with(|s| match old {
        Some(old) => s.processes.insert(thread, old),
        None => s.processes.remove(&thread),
    });
    result
}

/// The process that the owner of a new socket is.
pub(crate) fn owner(process: PEPROCESS) -> usize {
    if process.is_null() {
        return SYSTEM;
    }
    let object = process.addr();
    if !with(|s| {
        matches!(
            s.objects.get(&object),
            Some(Object::Process { references: 1.. })
        )
    }) {
        rule::C4_3F.broken("a socket is made for a process to which there is no reference");
    }
    (object - PROCESSES) / 64
}

/// The object of process `number`, which stays.
pub(crate) fn object(number: usize) -> PEPROCESS {
    let address = PROCESSES + number * 64;
    with(|s| {
        let unreferenced = Object::Process { references: 0 };
        s.objects.entry(address).or_insert(unreferenced);
    });
    std::ptr::without_provenance_mut(address)
}

#[unsafe(no_mangle)]
extern "C" fn ZwClose(handle: HANDLE) -> NTSTATUS {
    let _entry = enter("ZwClose", PASSIVE);
    if with(|s| s.handles.remove(&handle.addr())).is_none() {
        rule::ZW_CLOSE.broken("a handle is closed that is not open");
    }
    0
}

#[unsafe(no_mangle)]
unsafe extern "C" fn ZwWaitForSingleObject(
    handle: HANDLE,
    _alertable: u8,
    timeout: *mut LARGE_INTEGER,
) -> NTSTATUS {
    let _entry = enter("ZwWaitForSingleObject", PASSIVE);
    let Some(address) = with(|s| s.handles.get(&handle.addr()).copied()) else {
        rule::C4_3C.broken("a handle is used that is not open")
    };
    // SAFETY: null or readable by the contract.
    let timeout = unsafe { timeout.as_ref() }.map(|timeout| unsafe { timeout.QuadPart });
    ke::wait(address, timeout)
}

/// Rule 27: nobody runs a completion routine.
pub(crate) fn check_callbacks() {
    let runs = |thread: &&sched::Thread| thread.completing > 0 && !thread.ended;
    let name = with(|s| {
        s.threads
            .iter()
            .find(runs)
            .map(|thread| thread.name.clone())
    });
    if let Some(name) = name {
        rule::WSK_27.broken(format!("{name} runs a completion routine at unload"));
    }
}

/// Threads, handles and references that the driver has left.
pub(crate) fn check_at_unload() {
    let left = with(|s| {
        let thread = s
            .threads
            .iter()
            .find(|thread| thread.of_driver && !thread.ended);
        if let Some(thread) = thread {
            let left = format!("{} still runs in the image at unload", thread.name);
            return Some((rule::CE, left));
        }
        if !s.handles.is_empty() {
            return Some((rule::HANDLE_LEFT, "a handle is left open at unload".into()));
        }
        if let Some(left) = crate::bcrypt::left(s) {
            return Some((rule::HANDLE_LEFT, left));
        }
        let kept = s.objects.values().find_map(|object| match object {
            Object::Thread {
                references: 1.., ..
            } => Some("a thread object"),
            Object::Process { references: 1.. } => Some("a process object"),
            _ => None,
        });
        kept.map(|what| {
            let left = format!("{what} is still referenced at unload");
            (rule::HANDLE_LEFT, left)
        })
    });
    if let Some((rule, left)) = left {
        rule.broken(left);
    }
}

const SYSTEM: usize = 0;
const PROCESSES: usize = 0x7100_0000;
