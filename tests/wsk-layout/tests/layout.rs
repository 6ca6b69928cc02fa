//! The bindings of `wsk.h` against the independent headers.

use std::collections::BTreeSet;

use wskhttp_core::wsk::sys;
use wskhttp_wsk_layout::assertion::{self, Assertion};
use wskhttp_wsk_layout::declared::Declared;
use wskhttp_wsk_layout::differences::{ABSENT_WINSOCK, ABSENT_WSK, PROTOTYPES, Sourced};
use wskhttp_wsk_layout::layouts::Layout;
use wskhttp_wsk_layout::oracle::Oracle;
use wskhttp_wsk_layout::{constants, layouts, prototypes};

#[test]
fn everything_agrees_with_the_header() {
    let verdict = oracle().judge(&everything()).unwrap();
    assert_eq!(verdict.errors, Vec::<String>::new());
    assert_eq!(set(verdict.refused), different());
}

/// Kills a comparison that clang does not make: each assertion is refused or its opposite is.
#[test]
fn every_assertion_can_fail() {
    let straight = everything();
    assert!(straight.len() > 450, "only {} assertions", straight.len());
    let inverted: Vec<_> = straight.iter().map(Assertion::inverted).collect();
    let oracle = oracle();
    let refused = set(oracle.judge(&straight).unwrap().refused);
    let refused_inverted = set(oracle.judge(&inverted).unwrap().refused);
    let names: BTreeSet<_> = straight
        .into_iter()
        .map(|assertion| assertion.name)
        .collect();
    let judged: BTreeSet<_> = refused
        .symmetric_difference(&refused_inverted)
        .cloned()
        .collect();
    let ignored: Vec<_> = names.difference(&judged).collect();
    assert_eq!(ignored, Vec::<&String>::new());
}

#[test]
fn a_misplaced_field_is_named() {
    let mut buf = layout("WSK_BUF");
    buf.fields[2].offset = 12;
    assert_eq!(
        refused(&assertion::of_layout(&buf)),
        ["offset of WSK_BUF.Length"]
    );
}

#[test]
fn exchanged_functions_are_named() {
    let mut table = layout("WSK_PROVIDER_CONNECTION_DISPATCH");
    let receive = table.fields[6].offset;
    table.fields[6].offset = table.fields[5].offset;
    table.fields[5].offset = receive;
    assert_eq!(
        refused(&assertion::of_layout(&table)),
        [
            "offset of WSK_PROVIDER_CONNECTION_DISPATCH.WskSend",
            "offset of WSK_PROVIDER_CONNECTION_DISPATCH.WskReceive",
        ]
    );
}

#[test]
fn a_wrong_parameter_is_named() {
    let mut types = prototypes::types();
    let send = types
        .iter_mut()
        .find(|send| send.name == "PFN_WSK_SEND")
        .unwrap();
    send.parameters[2] = "USHORT".into();
    assert_eq!(
        refused(&[assertion::of_prototype(send)]),
        ["prototype of PFN_WSK_SEND"]
    );
}

#[test]
fn a_wrong_constant_is_named() {
    let wrong = ("WSK_FLAG_CONNECTION_SOCKET", 4);
    assert_eq!(
        refused(&[assertion::of_constant(&wrong)]),
        ["value of WSK_FLAG_CONNECTION_SOCKET"]
    );
}

#[test]
fn fields_have_the_names_and_the_order_of_the_header() {
    let declared = declared();
    let ours = layouts::wsk();
    let mut compared = 0;
    for layout in &ours {
        if let Some(theirs) = declared.structures.get(layout.name) {
            let names: Vec<_> = layout.fields.iter().map(|field| field.name).collect();
            assert_eq!(&names, theirs, "{}", layout.name);
            compared += 1;
        }
    }
    assert_eq!(compared, declared.structures.len());
}

#[test]
fn every_name_of_the_header_is_bound() {
    let ours = wsk_names();
    let declared = declared();
    let missing: BTreeSet<_> = declared.wsk().filter(|name| !ours.contains(name)).collect();
    assert_eq!(missing, BTreeSet::new());
}

/// Kills a binding that the lists of this package forget.
#[test]
fn every_binding_is_compared() {
    let mut compared = wsk_names();
    compared.extend(layouts::winsock().iter().map(|layout| layout.name));
    compared.extend(constants::winsock().iter().map(|(name, _)| name));
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../core/src/wsk/sys");
    let mut found = 0;
    for file in std::fs::read_dir(directory).unwrap() {
        let source = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for name in source.lines().filter_map(bound_name) {
            assert!(compared.contains(name), "{name} is bound and not compared");
            found += 1;
        }
    }
    assert!(found > 200, "only {found} names read from {directory}");
}

#[test]
fn what_the_header_lacks_has_a_source() {
    let declared = declared();
    let lacking = |names: BTreeSet<&'static str>| -> BTreeSet<_> {
        names
            .into_iter()
            .filter(|name| !declared.contains(name))
            .collect()
    };
    assert_eq!(lacking(wsk_names()), names(ABSENT_WSK));
    let winsock = constants::winsock().into_iter().map(|(name, _)| name);
    assert_eq!(lacking(winsock.collect()), names(ABSENT_WINSOCK));
}

#[test]
fn winsock_constants_agree_with_the_metadata() {
    let bits = |list: Vec<constants::Constant>| -> BTreeSet<_> {
        list.into_iter()
            .map(|(name, value)| (name, value & 0xFFFF_FFFF))
            .collect()
    };
    let mut ours = bits(constants::winsock());
    // The metadata has no WSK; documented.h has this one.
    assert!(ours.remove(&("IOC_WSK", 0x0F00_0000)));
    let theirs = bits(constants::metadata());
    let different: Vec<_> = ours.symmetric_difference(&theirs).collect();
    assert!(different.is_empty(), "{different:?}");
}

#[test]
fn versions_are_made_as_the_macro_makes_them() {
    let pairs = [
        (0, 0),
        (1, 0),
        (1, 2),
        (2, 1),
        (0, 255),
        (255, 0),
        (255, 255),
    ];
    let assertions: Vec<_> = pairs
        .iter()
        .map(|&(major, minor)| Assertion {
            name: format!("version {major}.{minor}"),
            condition: format!(
                "MAKE_WSK_VERSION({major}, {minor}) == {}",
                sys::MAKE_WSK_VERSION(major, minor)
            ),
        })
        .collect();
    assert_eq!(refused(&assertions), [""; 0]);
    for (major, minor) in pairs {
        let version = sys::MAKE_WSK_VERSION(major, minor);
        assert_eq!(sys::WSK_MAJOR_VERSION(version), major);
        assert_eq!(sys::WSK_MINOR_VERSION(version), minor);
    }
}

#[test]
fn an_absent_header_is_reported_with_its_package() {
    let error = Oracle::find_below(&["/nonexistent"]).unwrap_err();
    assert!(
        error.contains("install Debian's package libwine-dev"),
        "{error}"
    );
}

fn oracle() -> Oracle {
    Oracle::find().unwrap_or_else(|error| panic!("{error}"))
}

fn declared() -> Declared {
    Declared::read(&oracle()).unwrap_or_else(|error| panic!("{error}"))
}

fn everything() -> Vec<Assertion> {
    let mut all = vec![];
    for layout in layouts::wsk().iter().chain(&layouts::winsock()) {
        all.extend(assertion::of_layout(layout));
    }
    let scalars = layouts::scalars().into_iter();
    all.extend(scalars.map(|(name, size)| assertion::of_scalar(name, size)));
    let functions = prototypes::functions();
    all.extend(
        prototypes::types()
            .iter()
            .chain(&functions)
            .map(assertion::of_prototype),
    );
    all.extend(constants::wsk().iter().map(assertion::of_constant));
    let winsock = constants::winsock();
    let known = winsock.iter().filter(|(name, _)| {
        // The metadata judges these.
        !names(ABSENT_WINSOCK).contains(name) || ["IOC_WSK", "WSK_SO_BASE"].contains(name)
    });
    all.extend(known.map(assertion::of_constant));
    all
}

/// Name of a public constant, structure, union, function type or foreign function.
fn bound_name(line: &str) -> Option<&str> {
    let heads = [
        "pub const ",
        "pub struct ",
        "pub union ",
        "pub type PFN_",
        "    pub fn Wsk",
    ];
    let head = heads.iter().find(|head| line.starts_with(**head))?;
    if line.starts_with("pub const fn ") {
        return None;
    }
    let start = head.find("PFN_").or(head.find("Wsk")).unwrap_or(head.len());
    let rest = &line[start..];
    rest.split(|character: char| !character.is_alphanumeric() && character != '_')
        .next()
}

fn refused(assertions: &[Assertion]) -> Vec<String> {
    let verdict = oracle().judge(assertions).unwrap();
    assert_eq!(verdict.errors, Vec::<String>::new());
    verdict.refused
}

fn layout(name: &str) -> Layout {
    let mut all = layouts::wsk().into_iter();
    all.find(|layout| layout.name == name).unwrap()
}

fn wsk_names() -> BTreeSet<&'static str> {
    let mut all: BTreeSet<_> = layouts::types().into_iter().collect();
    all.extend(layouts::wsk().iter().map(|layout| layout.name));
    all.extend(prototypes::types().iter().map(|prototype| prototype.name));
    all.extend(
        prototypes::functions()
            .iter()
            .map(|prototype| prototype.name),
    );
    all.extend(constants::wsk().iter().map(|(name, _)| name));
    // A function here, a macro there; `versions_are_made_as_the_macro_makes_them`.
    all.insert("MAKE_WSK_VERSION");
    all
}

fn different() -> BTreeSet<String> {
    names(PROTOTYPES)
        .into_iter()
        .map(|name| format!("prototype of {name}"))
        .collect()
}

fn names(list: &[Sourced]) -> BTreeSet<&'static str> {
    list.iter().map(|&(name, _)| name).collect()
}

fn set(list: Vec<String>) -> BTreeSet<String> {
    list.into_iter().collect()
}
