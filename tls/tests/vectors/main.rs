//! The set `rust` against Wycheproof's vectors.
#![allow(missing_docs)]

mod bodies;
mod hybrid;
mod set;
