//! How many places can panic, which is a bugcheck, and in which crates.

mod bounds;
mod location;

use std::{collections::BTreeMap, fmt::Write as _};

use iced_x86::{Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic};

use self::location::Location;
use super::map::Symbols;

/// Calls that panic, by crate: that of the source line or, where that is the standard library's,
/// that of the function in which the call ended up.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Panics(BTreeMap<String, Vec<Site>>);

/// A call, and where in the source it is.
#[derive(Debug, PartialEq, Eq)]
struct Site {
    address: u64,
    /// The source line.
    place: String,
    panic: String,
    function: String,
}

impl Panics {
    /// Adds the direct calls of, and jumps to, core's panic functions in `code`, which is loaded at
    /// `address`. `read` gives the image's bytes from an address on.
    pub(super) fn add<'data>(
        &mut self,
        address: u64,
        code: &[u8],
        symbols: &Symbols,
        read: impl Fn(u64) -> Option<&'data [u8]>,
    ) {
        let mut addresses = Vec::new();
        for instruction in &mut Decoder::with_ip(64, code, address, DecoderOptions::NONE) {
            if instruction.mnemonic() == Mnemonic::Lea && instruction.is_ip_rel_memory_operand() {
                addresses.push(instruction.ip_rel_memory_address());
            }
            if let Some(panic) = panic(&instruction, symbols) {
                let location = addresses
                    .iter()
                    .rev()
                    .find_map(|at| Location::at(*at, &read));
                self.push(instruction.ip(), panic, location, symbols);
            }
            if instruction.flow_control() != FlowControl::Next {
                addresses.clear();
            }
        }
    }

    fn push(&mut self, ip: u64, panic: &str, location: Option<Location>, symbols: &Symbols) {
        let function = symbols.at_or_before(ip);
        let of_source = location.as_ref().and_then(Location::package);
        let package = of_source.unwrap_or_else(|| package_of(function));
        let place = location.map_or_else(|| "?".to_owned(), |location| location.to_string());
        self.0.entry(package).or_default().push(Site {
            address: ip,
            place,
            panic: panic.to_owned(),
            function: function.to_owned(),
        });
    }

    fn total(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    /// How many go to a panic function with `kind` in its name.
    fn of_kind(&self, kind: &str) -> usize {
        let sites = self.0.values().flatten();
        sites.filter(|site| site.panic.contains(kind)).count()
    }

    /// The number for each crate, the largest first.
    pub(super) fn summary(&self) -> String {
        let mut counts: Vec<_> = self
            .0
            .iter()
            .map(|(name, sites)| (sites.len(), name))
            .collect();
        counts.sort_by(|one, other| other.cmp(one));
        let mut text = format!(
            "calls that panic: {}, {} of them for want of memory, {} by futures polled after their end:",
            self.total(),
            self.of_kind("alloc::"),
            self.of_kind("panic_const_async_fn_resumed"),
        );
        for (count, name) in counts {
            // Writing to a string does not fail.
            let _ = write!(text, " {name} {count}");
        }
        text
    }

    /// Every call, a line each.
    pub(super) fn list(&self) -> String {
        let mut text = String::new();
        for (name, sites) in &self.0 {
            for site in sites {
                let Site {
                    address,
                    place,
                    panic,
                    function,
                } = site;
                // As above.
                let _ = writeln!(
                    text,
                    "{name}  {address:#x}  {place}  {panic}  in {function}"
                );
            }
        }
        text
    }

    /// The crates that have more than they may.
    pub(super) fn faults(&self) -> Vec<String> {
        let over = |(name, sites): (&String, &Vec<Site>)| {
            let bound = bounds::of(name);
            (sites.len() > bound).then(|| {
                format!(
                    "{} calls in {name} panic; at most {bound} may (bounds.rs)",
                    sites.len()
                )
            })
        };
        self.0.iter().filter_map(over).collect()
    }
}

/// The panic function that `instruction` goes to.
fn panic<'a>(instruction: &Instruction, symbols: &'a Symbols) -> Option<&'a str> {
    let branches = matches!(
        instruction.flow_control(),
        FlowControl::Call | FlowControl::UnconditionalBranch | FlowControl::ConditionalBranch
    );
    let name = branches
        .then(|| symbols.at(instruction.near_branch_target()))
        .flatten()?;
    PANICS
        .iter()
        .any(|panic| name.contains(panic))
        .then_some(name)
}

/// The crate of a demangled name: the first that is not of the standard library.
fn package_of(function: &str) -> String {
    let mut crates = function
        .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
        .filter(|path| !path.starts_with(':'))
        .filter_map(|path| path.split_once("::"))
        .map(|(first, _)| first);
    let name = crates.find(|first| !STANDARD.contains(first));
    package(name.unwrap_or("core"))
}

/// The package of a crate.
fn package(name: &str) -> String {
    match name {
        "webpki" => "rustls-webpki".to_owned(),
        other => other.replace('_', "-"),
    }
}

const STANDARD: &[&str] = &["__rustc", "alloc", "compiler_builtins", "core"];

const PANICS: &[&str] = &[
    "alloc::alloc::handle_alloc_error",
    "alloc::raw_vec::capacity_overflow",
    "alloc::raw_vec::handle_error",
    "core::cell::panic_",
    "core::option::expect_failed",
    "core::option::unwrap_failed",
    "core::panicking::",
    "core::result::unwrap_failed",
    "core::slice::index::slice_",
    "core::slice::copy_from_slice_impl::len_mismatch_fail",
    "core::str::slice_error_fail",
];

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: &str = " 0001:00000000       core::panicking::panic   0000000180001000     a.o\n\
                       \x200001:00000010       other   0000000180001010     a.o\n\
                       \x200001:00000100       wskhttp::f   0000000180001100     a.o\n\
                       \x200001:0000010a       rustls::f   000000018000110a     a.o\n";

    #[test]
    fn calls_and_tail_calls_count() {
        // At 0x180001100: call panic; call other; then in rustls::f: jmp panic
        let code = [
            0xe8, 0xfb, 0xfe, 0xff, 0xff, 0xe8, 0x06, 0xff, 0xff, 0xff, 0xe9, 0xf1, 0xfe, 0xff,
            0xff,
        ];
        let mut panics = Panics::default();
        panics.add(0x1_8000_1100, &code, &Symbols::parse(MAP), |_| None);
        assert!(panics.summary().starts_with("calls that panic: 2,"));
        assert!(panics.summary().ends_with(": wskhttp 1 rustls 1"));
        assert_eq!(
            panics.list().lines().next(),
            Some("rustls  0x18000110a  ?  core::panicking::panic  in rustls::f")
        );
    }

    #[test]
    fn the_source_line_tells_the_crate() {
        // lea r8, [rip + 0x100]; call panic
        let code = [
            0x4c, 0x8d, 0x05, 0x00, 0x01, 0x00, 0x00, 0xe8, 0xf4, 0xfe, 0xff, 0xff,
        ];
        let mut location = Vec::new();
        location.extend(0x1_8000_2000_u64.to_le_bytes());
        location.extend(13_u64.to_le_bytes());
        location.extend([7, 0, 0, 0, 9, 0, 0, 0]);
        let read = |address| match address {
            0x1_8000_1207 => Some(&*location),
            0x1_8000_2000 => Some(&b"http/src/a.rs\0"[..]),
            _ => None,
        };
        let mut panics = Panics::default();
        panics.add(0x1_8000_1100, &code, &Symbols::parse(MAP), read);
        assert!(panics.summary().ends_with(": wskhttp-http 1"));
        assert!(panics.list().contains("http/src/a.rs:7:9"));
    }

    #[test]
    fn a_crate_without_a_bound_may_not_panic() {
        let mut panics = Panics::default();
        let symbols = Symbols::parse(" 0001:00000000 unheard_of::f 0000000180001000 a.o\n");
        panics.push(0x1_8000_1000, "core::panicking::panic", None, &symbols);
        assert_eq!(
            panics.faults(),
            ["1 calls in unheard-of panic; at most 0 may (bounds.rs)"]
        );
    }

    #[test]
    fn crates_of_functions() {
        let of = |function| package_of(function);
        assert_eq!(of("rustls::client::f"), "rustls");
        assert_eq!(
            of("<wskhttp_http::Url as core::fmt::Debug>::fmt"),
            "wskhttp-http"
        );
        assert_eq!(of("core::ptr::drop_in_place::<rsa::key::RsaKey>"), "rsa");
        assert_eq!(of("<alloc::vec::Vec<u8>>::insert::failed"), "core");
        assert_eq!(of("<webpki::Cert>::new"), "rustls-webpki");
    }
}
