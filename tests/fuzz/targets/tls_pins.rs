#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wskhttp_fuzz::tls_pins(data));
