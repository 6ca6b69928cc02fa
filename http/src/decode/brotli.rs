//! The coding `br` (RFC 7932), without large windows.
//!
//! The decoder is `brotli-decompressor` without its standard library and without its feature
//! `unsafe`. It takes its memory from [`Pool`], and reports what that refuses as an error.

use alloc::vec::Vec;
use core::fmt;

use brotli_decompressor::{
    Allocator, BrotliDecompressStream, BrotliResult, BrotliState, HuffmanCode, SliceWrapper,
    SliceWrapperMut,
};
use wskhttp_core::fallible::room;
use wskhttp_core::io::Error;

use super::{malformed, no_memory, too_large};

type State = BrotliState<Pool, Pool, Pool>;

/// A stage.
pub(super) struct Brotli {
    /// The one decoder, some 3 KiB.
    state: Vec<State>,
    out: Vec<u8>,
    start: usize,
    end: usize,
    made: u64,
    done: bool,
}

impl Brotli {
    /// With at most so many bytes of window.
    pub(super) fn new(window: u32) -> Result<Self, Error> {
        let mut out = room(OUT).map_err(|_| no_memory())?;
        out.resize(OUT, 0);
        Ok(Self {
            state: state(usize::try_from(window).unwrap_or(usize::MAX))?,
            out,
            start: 0,
            end: 0,
            made: 0,
            done: false,
        })
    }

    pub(super) fn data(&self) -> &[u8] {
        self.out.get(self.start..self.end).unwrap_or_default()
    }

    pub(super) fn consume(&mut self, n: usize) {
        self.start = self.start.saturating_add(n).min(self.end);
    }

    pub(super) const fn made(&self) -> u64 {
        self.made
    }

    pub(super) const fn is_complete(&self) -> bool {
        self.done
    }

    pub(super) fn push(&mut self, input: &[u8]) -> Result<usize, Error> {
        if self.done {
            return match input {
                [] => Ok(0),
                _ => Err(malformed("bytes follow the end of the compressed data")),
            };
        }
        let Some(state) = self.state.first_mut() else {
            return Err(no_memory());
        };
        let (mut left, mut used) = (input.len(), 0);
        let (mut room, mut made) = (self.out.len(), 0);
        let mut total = 0;
        let result = BrotliDecompressStream(
            &mut left,
            &mut used,
            input,
            &mut room,
            &mut made,
            &mut self.out,
            &mut total,
            state,
        );
        (self.start, self.end) = (0, made);
        self.made = self.made.saturating_add(made as u64);
        match result {
            BrotliResult::ResultSuccess => self.done = true,
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
            BrotliResult::ResultFailure => return Err(failure(state)),
        }
        Ok(used)
    }
}

impl fmt::Debug for Brotli {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Brotli({} bytes)", self.made)
    }
}

/// A decoder. Not inlined, so that it is on the stack in no caller's frame.
#[inline(never)]
fn state(window: usize) -> Result<Vec<State>, Error> {
    let mut state: Vec<State> = room(1).map_err(|_| no_memory())?;
    state.resize_with(1, || {
        // The window grows by doubling: the old one and the new one are there at once.
        let bytes = Pool::of(window.saturating_add(window / 2).saturating_add(SLACK));
        BrotliState::new_strict(bytes, Pool::of(TREES), Pool::of(TREES))
    });
    // The decoder takes this table for granted.
    let is_whole = |state: &State| !state.context_map_table.slice().is_empty();
    match state.iter().all(is_whole) {
        true => Ok(state),
        false => Err(no_memory()),
    }
}

/// Why a decoder failed.
fn failure(state: &State) -> Error {
    let pools = [&state.alloc_u8, &state.alloc_u32, &state.alloc_hc];
    match pools.iter().find_map(|pool| pool.refused) {
        None => malformed("the body's compressed data is broken"),
        Some(Refused::Limit) => too_large("the body's window is larger than the limit"),
        Some(Refused::Memory) => no_memory(),
    }
}

/// Gives out memory up to a limit.
struct Pool {
    left: usize,
    refused: Option<Refused>,
}

#[derive(Clone, Copy)]
enum Refused {
    Limit,
    Memory,
}

impl Pool {
    const fn of(bytes: usize) -> Self {
        Self {
            left: bytes,
            refused: None,
        }
    }
}

/// Memory of a pool; empty if it was refused.
#[derive(Default)]
struct Cells<T>(Vec<T>);

impl<T: Clone + Default> Allocator<T> for Pool {
    type AllocatedMemory = Cells<T>;

    fn alloc_cell(&mut self, count: usize) -> Cells<T> {
        let bytes = count.checked_mul(size_of::<T>());
        let Some(left) = bytes.and_then(|bytes| self.left.checked_sub(bytes)) else {
            self.refused = Some(Refused::Limit);
            return Cells::default();
        };
        let Ok(mut cells) = room(count) else {
            self.refused = Some(Refused::Memory);
            return Cells::default();
        };
        cells.resize(count, T::default());
        self.left = left;
        Cells(cells)
    }

    fn free_cell(&mut self, cells: Cells<T>) {
        let bytes = cells.0.len().saturating_mul(size_of::<T>());
        self.left = self.left.saturating_add(bytes);
    }
}

impl<T> SliceWrapper<T> for Cells<T> {
    fn slice(&self) -> &[T] {
        &self.0
    }
}

impl<T> SliceWrapperMut<T> for Cells<T> {
    fn slice_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

const OUT: usize = 16 << 10;
/// Context maps, and what the decoder adds to its window.
const SLACK: usize = 64 << 10;
/// The most that the trees of one block of a body take: 3 times 256 trees of 1080 codes.
const TREES: usize = 3 * 256 * 1080 * size_of::<HuffmanCode>() + (64 << 10);
