//! How many places can panic, which is a bugcheck.

use iced_x86::{Decoder, DecoderOptions, FlowControl};

use super::map::Symbols;

/// Counts of calls that panic.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Panics {
    /// All of them.
    pub(super) all: usize,
    /// Those in functions of this workspace. Inlining moves some across the border, either way.
    pub(super) ours: usize,
}

impl Panics {
    /// Adds the direct calls of, and jumps to, core's panic functions in `code`, which is loaded at
    /// `address`.
    pub(super) fn add(&mut self, address: u64, code: &[u8], symbols: &Symbols) {
        for instruction in &mut Decoder::with_ip(64, code, address, DecoderOptions::NONE) {
            let branches = matches!(
                instruction.flow_control(),
                FlowControl::Call
                    | FlowControl::UnconditionalBranch
                    | FlowControl::ConditionalBranch
            );
            let target = branches
                .then(|| symbols.at(instruction.near_branch_target()))
                .flatten();
            if target.is_some_and(|name| PANICS.iter().any(|panic| name.contains(panic))) {
                self.all += 1;
                self.ours += usize::from(symbols.at_or_before(instruction.ip()).contains(OURS));
            }
        }
    }
}

const OURS: &str = "wskhttp";

const PANICS: &[&str] = &[
    "alloc::alloc::handle_alloc_error",
    "alloc::raw_vec::capacity_overflow",
    "alloc::raw_vec::handle_error",
    "core::cell::panic_",
    "core::option::expect_failed",
    "core::option::unwrap_failed",
    "core::panicking::",
    "core::result::unwrap_failed",
    "core::slice::index::slice_",
    "core::slice::copy_from_slice_impl::len_mismatch_fail",
    "core::str::slice_error_fail",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_tail_calls_count() {
        let map = " 0001:00000000       core::panicking::panic   0000000180001000     a.o\n\
                   \u{20}0001:00000010       other   0000000180001010     a.o\n\
                   \u{20}0001:00000100       wskhttp::f   0000000180001100     a.o\n\
                   \u{20}0001:0000010a       rustls::f   000000018000110a     a.o\n";
        // At 0x180001100: call panic; call other; then in rustls::f: jmp panic
        let code = [
            0xe8, 0xfb, 0xfe, 0xff, 0xff, 0xe8, 0x06, 0xff, 0xff, 0xff, 0xe9, 0xf1, 0xfe, 0xff,
            0xff,
        ];
        let mut panics = Panics::default();
        panics.add(0x1_8000_1100, &code, &Symbols::parse(map));
        assert_eq!(panics, Panics { all: 2, ours: 1 });
    }
}
