//! What AddressSanitizer is told: `cargo xtask sim --asan`.

/// Whether it is there.
pub(crate) const ON: bool = cfg!(feature = "asan");

/// Nobody may touch these bytes.
pub(crate) fn forbid(start: *const u8, length: usize) {
    #[cfg(feature = "asan")]
    // SAFETY: memory of the caller's, of which the run time keeps book.
    unsafe {
        __asan_poison_memory_region(start, length);
    }
    let _ = (start, length);
}

/// They may be touched again.
pub(crate) fn allow(start: *const u8, length: usize) {
    #[cfg(feature = "asan")]
    // SAFETY: as above.
    unsafe {
        __asan_unpoison_memory_region(start, length);
    }
    let _ = (start, length);
}

#[cfg(feature = "asan")]
unsafe extern "C" {
    fn __asan_poison_memory_region(start: *const u8, length: usize);
    fn __asan_unpoison_memory_region(start: *const u8, length: usize);
}
