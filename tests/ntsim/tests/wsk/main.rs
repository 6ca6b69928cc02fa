//! What the simulated provider does, function by function, seen by a client that keeps the rules.

mod callbacks;
mod client;
mod control;
mod data;
mod events;
mod listen;
mod sockets;
