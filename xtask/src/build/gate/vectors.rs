//! No code touches ymm or zmm registers outside a fence: Windows does not save them for a driver
//! that has not called KeSaveExtendedProcessorState. The VEX form of an xmm instruction clears the
//! upper half of ymm, and counts; BMI instructions, VEX too, have general registers only, and do
//! not.

use std::collections::BTreeMap;

use iced_x86::{Decoder, DecoderOptions, EncodingKind, Instruction, Mnemonic, OpKind, Register};

use super::map::Symbols;

/// Beginnings of the names of functions that may use AVX, because they run between
/// KeSaveExtendedProcessorState and KeRestoreExtendedProcessorState.
pub(super) const FENCE: &[&str] = &[];

/// One line for each function in `code`, which is loaded at `address`, that uses AVX and is not in
/// the fence.
pub(super) fn faults(address: u64, code: &[u8], symbols: &Symbols, fence: &[&str]) -> Vec<String> {
    let mut functions: BTreeMap<&str, (u64, usize)> = BTreeMap::new();
    for instruction in &mut Decoder::with_ip(64, code, address, DecoderOptions::NONE) {
        if touches_vectors(&instruction) {
            let function = symbols.at_or_before(instruction.ip());
            if !fence.iter().any(|prefix| function.starts_with(prefix)) {
                functions.entry(function).or_insert((instruction.ip(), 0)).1 += 1;
            }
        }
    }
    functions
        .into_iter()
        .map(|(function, (first, count))| {
            format!("{count} AVX instructions in {function}, the first at {first:#x}")
        })
        .collect()
}

fn touches_vectors(instruction: &Instruction) -> bool {
    match instruction.encoding() {
        EncodingKind::Legacy | EncodingKind::D3NOW => false,
        EncodingKind::VEX | EncodingKind::XOP => {
            matches!(
                instruction.mnemonic(),
                Mnemonic::Vzeroupper | Mnemonic::Vzeroall
            ) || registers(instruction).any(|register| !register.is_gpr())
        }
        _ => true,
    }
}

fn registers(instruction: &Instruction) -> impl Iterator<Item = Register> {
    (0..instruction.op_count())
        .filter(|operand| instruction.op_kind(*operand) == OpKind::Register)
        .map(|operand| instruction.op_register(operand))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: u64 = 0x1_8000_1000;

    fn found(code: &[u8], fence: &[&str]) -> Vec<String> {
        let map = " 0001:00000000       crypt   0000000180001000     a.o\n";
        faults(BASE, code, &Symbols::parse(map), fence)
    }

    #[test]
    fn plain_and_sse_code_passes() {
        // push rbp; movaps xmm0, xmm1; pclmulqdq xmm0, xmm1, 0; int3; ret
        let code = [
            0x55, 0x0f, 0x28, 0xc1, 0x66, 0x0f, 0x3a, 0x44, 0xc1, 0x00, 0xcc, 0xc3,
        ];
        assert!(found(&code, &[]).is_empty());
    }

    #[test]
    fn bmi_passes() {
        // andn eax, ecx, edx; mulx rax, rcx, rdx
        let code = [0xc4, 0xe2, 0x70, 0xf2, 0xc2, 0xc4, 0xe2, 0xf3, 0xf6, 0xc2];
        assert!(found(&code, &[]).is_empty());
    }

    #[test]
    fn avx_is_a_fault() {
        for code in [
            &[0xc5, 0xfd, 0x6f, 0xc1][..],         // vmovdqa ymm0, ymm1
            &[0xc5, 0xf9, 0x6f, 0x01],             // vmovdqa xmm0, [rcx]
            &[0xc5, 0xf8, 0x77],                   // vzeroupper
            &[0x62, 0xf1, 0x7d, 0x48, 0x6f, 0xc1], // vmovdqa32 zmm0, zmm1
        ] {
            assert_eq!(
                found(code, &[]),
                ["1 AVX instructions in crypt, the first at 0x180001000"],
                "{code:x?}"
            );
        }
    }

    #[test]
    fn the_fence_lets_through() {
        let code = [0xc5, 0xfd, 0x6f, 0xc1];
        assert!(found(&code, &["crypt"]).is_empty());
        assert_eq!(found(&code, &["other"]).len(), 1);
    }
}
