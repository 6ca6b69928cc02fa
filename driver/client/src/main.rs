//! The `wskhttp` command.

use wskhttp_client::{Device, cli};

fn main() -> std::process::ExitCode {
    cli::run(std::env::args_os(), &Device::open).into()
}
