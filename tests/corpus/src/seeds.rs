//! The cases as seeds for the fuzzers of `tests/fuzz`.

use std::fs;
use std::path::Path;

use crate::case::{Case, Piece, Reply};
use crate::report::files;

/// Writes a seed of each case below `cases` for each fuzzer that takes bytes of a server, into
/// directories of `target` that have the fuzzers' names. Gives how many.
///
/// # Errors
/// A file cannot be read or written.
pub fn write_seeds(cases: &Path, target: &Path) -> anyhow::Result<usize> {
    for name in ["head", "chunk", "exchange"] {
        fs::create_dir_all(target.join(name))?;
    }
    let mut count = 0;
    for file in files(cases)? {
        for case in crate::read_file(&file, "seed")? {
            for (name, seed) in seeds(&case) {
                // What is large is slow, and is large by repetition.
                if seed.len() <= 4096 {
                    fs::write(target.join(name).join(format!("case-{count}")), seed)?;
                    count += 1;
                }
            }
        }
    }
    Ok(count)
}

fn seeds(case: &Case) -> Vec<(&'static str, Vec<u8>)> {
    let replies: Vec<_> = case.replies.iter().map(bytes).collect();
    let mut seeds = Vec::new();
    for reply in &replies {
        seeds.push(("head", [b"\0", reply.as_slice()].concat()));
        let mark = b"chunked\r\n\r\n";
        if let Some(at) = reply.windows(mark.len()).position(|window| window == mark) {
            seeds.push(("chunk", [b"\0", &reply[at + mark.len()..]].concat()));
        }
    }
    let turns = u8::try_from(case.requests.len().clamp(1, 4) - 1).unwrap_or_default();
    let together = replies.join(&b"\xff\xfe"[..]);
    // Each ends with FIN or stays open.
    for endings in [0, 0b0101_0100] {
        seeds.push((
            "exchange",
            [&[endings | turns, 0], together.as_slice()].concat(),
        ));
    }
    seeds
}

fn bytes(reply: &Reply) -> Vec<u8> {
    let pieces = reply.pieces.iter().filter_map(|piece| match piece {
        Piece::Bytes(bytes) => Some(bytes.as_slice()),
        Piece::Wait(_) => None,
    });
    pieces.collect::<Vec<_>>().concat()
}
