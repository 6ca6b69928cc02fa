//! Winsock Kernel: the bindings, and the socket layer over them.

pub mod sys;
