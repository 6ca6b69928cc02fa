//! RULES.md: every rule is in it, with the tests that prove it, and none is missing there or here.

use std::fmt::Write;

use wskhttp_ntsim::rule::{Rule, Standing, VERIFIER, WSK};

use crate::harness::Test;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/RULES.md");

fn all(lists: &[&[Test]]) -> Vec<Test> {
    lists.iter().flat_map(|list| list.iter().copied()).collect()
}

fn mutants() -> Vec<Test> {
    all(&[
        crate::registration::MUTANTS,
        crate::irps::MUTANTS,
        crate::completion::MUTANTS,
        crate::buffers::MUTANTS,
        crate::create::MUTANTS,
        crate::data::MUTANTS,
        crate::close::MUTANTS,
        crate::events::MUTANTS,
        crate::control::MUTANTS,
        crate::names::MUTANTS,
        crate::kernel::MUTANTS,
        crate::dispatch::MUTANTS,
        crate::own_irps::MUTANTS,
        crate::irql::MUTANTS,
        crate::locks::MUTANTS,
        crate::timers::MUTANTS,
        crate::work_items::MUTANTS,
        crate::pool::MUTANTS,
        crate::mdls::MUTANTS,
        crate::devices::MUTANTS,
        crate::remove_locks::MUTANTS,
        crate::handles::MUTANTS,
        crate::paged::MUTANTS,
    ])
}

fn proofs() -> Vec<Test> {
    all(&[
        crate::registration::PROOFS,
        crate::irps::PROOFS,
        crate::completion::PROOFS,
        crate::buffers::PROOFS,
        crate::data::PROOFS,
        crate::close::PROOFS,
        crate::events::PROOFS,
        crate::control::PROOFS,
        crate::names::PROOFS,
        crate::locks::PROOFS,
        crate::timers::PROOFS,
        crate::pool::PROOFS,
        crate::work_items::PROOFS,
        crate::devices::PROOFS,
        crate::remove_locks::PROOFS,
        crate::paged::PROOFS,
    ])
}

/// The names of the tests of `rule`, as RULES.md has them.
fn names(tests: &[Test], rule: &Rule) -> String {
    let names: Vec<_> = tests
        .iter()
        .filter(|(_, of)| *of == rule)
        .map(|(name, _)| format!("`{}`", name.trim_start_matches("mutants::")))
        .collect();
    names.join(", ")
}

/// The last cell of a rule's row.
fn proof(rule: &Rule) -> String {
    let (caught, shown) = (names(&mutants(), rule), names(&proofs(), rule));
    let and_shown = if shown.is_empty() {
        String::new()
    } else {
        format!("; shown by {shown}")
    };
    match rule.standing {
        Standing::Checked => format!("{caught}{and_shown}"),
        Standing::Provider("") => format!("simulated: {shown}"),
        Standing::Provider(tests) => format!("simulated: `{}`", tests.replace(", ", "`, `")),
        Standing::Same(other) => format!("see {other}"),
        Standing::Built(test) => format!("checked by the build gate: `{test}`"),
    }
}

fn table(to: &mut String, rules: &[&Rule]) {
    to.push_str("| rule | what has to hold | source | mutants |\n|---|---|---|---|\n");
    for rule in rules {
        let inferred = if rule.inferred { " [I]" } else { "" };
        let (id, text, source) = (rule.id, rule.text, rule.source);
        let proof = proof(rule);
        writeln!(to, "| {id}{inferred} | {text} | {source} | {proof} |").expect("memory");
    }
}

fn expected() -> String {
    let mut text = String::from(include_str!("table.md"));
    text.push_str("\n## Winsock Kernel\n\n");
    table(&mut text, WSK);
    text.push_str("\n## Driver Verifier\n\n");
    table(&mut text, VERIFIER);
    text
}

#[test]
fn rules_md_names_every_rule_and_every_mutant() {
    let expected = expected();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(FILE, &expected).expect("RULES.md");
    }
    let found = std::fs::read_to_string(FILE).expect("RULES.md");
    let mut rows = found.lines();
    for row in expected.lines() {
        let found = rows.next().unwrap_or("nothing");
        assert_eq!(
            found, row,
            "RULES.md is not what the rules and the mutants say; BLESS=1 writes it anew"
        );
    }
    assert_eq!(rows.next(), None, "RULES.md has more rows than rules");
}

#[test]
fn a_rule_that_is_checked_has_a_mutant_and_no_other_has() {
    for rule in WSK.iter().chain(VERIFIER) {
        let caught = mutants().iter().any(|(_, of)| of == rule);
        let checked = rule.standing == Standing::Checked;
        assert_eq!(caught, checked, "{}: {:?}", rule.id, rule.standing);
    }
}

#[test]
fn a_rule_that_is_inferred_has_a_switch() {
    let tests = [mutants(), proofs()].concat();
    for rule in WSK.iter().chain(VERIFIER).filter(|rule| rule.inferred) {
        let of_another = format!("_if_{}_is_off", rule.id.replace(' ', "_"));
        let shows = |(name, of): &Test| {
            name.ends_with(&of_another) || of == rule && name.ends_with("_if_that_rule_is_off")
        };
        assert!(tests.iter().any(shows), "{}: switched off nowhere", rule.id);
    }
}

#[test]
fn what_is_simulated_is_shown() {
    for rule in WSK.iter().chain(VERIFIER) {
        let Standing::Provider(tests) = rule.standing else {
            continue;
        };
        let is_proved = proofs().iter().any(|(_, of)| of == rule);
        assert_eq!(is_proved, tests.is_empty(), "{}", rule.id);
        for test in tests.split(", ").filter(|test| !test.is_empty()) {
            let (file, name) = test.rsplit_once("::").expect("a path");
            let file = format!("tests/{}.rs", file.replace("::", "/"));
            let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
            let text = std::fs::read_to_string(file).expect(test);
            assert!(text.contains(&format!("#[test]\nfn {name}()")), "{test}");
        }
    }
}

#[test]
fn rules_have_numbers_and_names_of_their_own() {
    let ids: Vec<_> = WSK.iter().map(|rule| rule.id.to_string()).collect();
    let numbers: Vec<_> = (1..=100).map(|number| format!("rule {number}")).collect();
    assert_eq!(ids, numbers);
    for (i, rule) in VERIFIER.iter().enumerate() {
        let before = &VERIFIER[..i];
        assert!(
            before.iter().all(|other| other.id != rule.id),
            "{}",
            rule.id
        );
        if let Standing::Same(other) = rule.standing {
            let mut all = WSK.iter().chain(VERIFIER);
            let other = all.find(|rule| rule.id == other).expect(other);
            assert_eq!(other.standing, Standing::Checked, "{}", rule.id);
        }
    }
}
