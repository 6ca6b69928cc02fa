//! The transport of wskhttp-core as its own driver: programs on its executor, with many seeds.

mod transport {
    mod connect;
    mod idle;
    mod options;
    mod program;
    mod provider;
    mod send;
}
