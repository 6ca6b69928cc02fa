//! The transport of wskhttp-core as its own driver: programs on its executor, with many seeds.

mod transport {
    mod component;
    mod connect;
    mod events;
    mod idle;
    mod listen;
    mod options;
    mod program;
    mod provider;
    mod receive;
    mod resolve;
    mod send;
    mod status;
}
