//! The `wskhttp` command.
use wskhttp_client::{Device, setup};
fn main() {
    let args: Vec<String> = std::env::args().collect();
    match args.get(1).map(String::as_str) {
        Some("install") => println!("{:?}", setup::install(std::path::Path::new(&args[2]))),
        Some("uninstall") => println!("{:?}", setup::uninstall()),
        Some("start") => println!("{:?}", setup::start()),
        Some("stop") => println!("{:?}", setup::stop()),
        _ => {
            let mut device = Device::open().unwrap();
            println!("{:?}", device.ioctl(0x12e000, vec![1, 2, 3], vec![0; 16]));
        }
    }
}
