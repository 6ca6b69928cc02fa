//! How many places can panic, which is a bugcheck.

use iced_x86::{Decoder, DecoderOptions, FlowControl};

use super::map::Symbols;

/// The number of direct calls of, and jumps to, core's panic functions in `code`, which is loaded at `address`.
pub(super) fn calls(address: u64, code: &[u8], symbols: &Symbols) -> usize {
    Decoder::with_ip(64, code, address, DecoderOptions::NONE)
        .iter()
        .filter(|instruction| {
            matches!(
                instruction.flow_control(),
                FlowControl::Call
                    | FlowControl::UnconditionalBranch
                    | FlowControl::ConditionalBranch
            )
        })
        .filter_map(|instruction| symbols.at(instruction.near_branch_target()))
        .filter(|name| PANICS.iter().any(|panic| name.contains(panic)))
        .count()
}

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
                   \u{20}0001:00000010       other   0000000180001010     a.o\n";
        // At 0x180001100: call panic; jmp panic; call other
        let code = [
            0xe8, 0xfb, 0xfe, 0xff, 0xff, 0xe9, 0xf6, 0xfe, 0xff, 0xff, 0xe8, 0x01, 0xff, 0xff,
            0xff,
        ];
        assert_eq!(calls(0x1_8000_1100, &code, &Symbols::parse(map)), 2);
    }
}
