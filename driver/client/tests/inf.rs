//! What can be checked of the INF without Windows' infverif: that its sections, files, strings and
//! directories hang together, and that the client looks for the same device.

use std::collections::{BTreeMap, BTreeSet};

use wskhttp_client::setup::{HARDWARE_ID, SERVICE};

const INF: &str = include_str!("../../../inf/wskhttp.inx");

/// Key and value of each line of each section; a line without `=` is all key.
type Sections = BTreeMap<String, Vec<(String, String)>>;

fn sections() -> Sections {
    let mut sections = Sections::new();
    let mut current = String::new();
    for line in INF.lines() {
        // No value of ours has a semicolon outside quotes.
        let comment = if line.contains('"') {
            None
        } else {
            line.find(';')
        };
        let line = line[..comment.unwrap_or(line.len())].trim();
        if line.is_empty() || line.starts_with(';') {
            continue;
        }
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            current = name.to_owned();
            assert!(
                sections.insert(current.clone(), vec![]).is_none(),
                "[{name}] twice"
            );
            continue;
        }
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        let entry = (key.trim().to_owned(), value.trim().to_owned());
        sections
            .get_mut(&current)
            .expect("a line before the first section")
            .push(entry);
    }
    sections
}

fn value<'a>(sections: &'a Sections, section: &str, key: &str) -> &'a str {
    let lines = &sections[section];
    let found = lines.iter().find(|(own, _)| own.eq_ignore_ascii_case(key));
    &found.unwrap_or_else(|| panic!("no {key} in [{section}]")).1
}

fn list(value: &str) -> Vec<&str> {
    value.split(',').map(str::trim).collect()
}

#[test]
fn version_is_complete() {
    let inf = sections();
    assert_eq!(value(&inf, "Version", "Signature"), "\"$WINDOWS NT$\"");
    assert_eq!(value(&inf, "Version", "PnpLockdown"), "1");
    assert_eq!(value(&inf, "Version", "CatalogFile"), "wskhttp.cat");
    assert_eq!(value(&inf, "Version", "Class"), "System");
    let class = "{4D36E97D-E325-11CE-BFC1-08002BE10318}";
    assert_eq!(value(&inf, "Version", "ClassGuid"), class);
    assert_eq!(value(&inf, "Version", "DriverVer"), "");
}

#[test]
fn every_model_installs_the_service_from_where_its_file_is() {
    let inf = sections();
    let mut used: BTreeSet<String> = ["Version", "SourceDisksNames", "SourceDisksFiles"]
        .into_iter()
        .chain(["DestinationDirs", "Manufacturer", "Strings"])
        .map(str::to_owned)
        .collect();
    let manufacturer = list(&inf["Manufacturer"][0].1);
    let [models, targets @ ..] = &manufacturer[..] else {
        panic!("no models");
    };
    assert_eq!(targets, ["NT$ARCH$", "NT$ARCH$.10.0...19041"]);
    for target in targets {
        let models = format!("{models}.{target}");
        let [(_, device)] = &inf[&models][..] else {
            panic!("not one device in [{models}]");
        };
        let [install, id] = list(device)[..] else {
            panic!("{device}");
        };
        assert_eq!(id, HARDWARE_ID);
        let files = value(&inf, install, "CopyFiles");
        let [(file, _)] = &inf[files][..] else {
            panic!("not one file in [{files}]");
        };
        assert_eq!(value(&inf, "SourceDisksFiles", file), "1");
        assert!(inf["SourceDisksNames"].iter().any(|(disk, _)| disk == "1"));
        let directories = &inf["DestinationDirs"];
        let own = directories.iter().find(|(section, _)| section == files);
        let directory = own.map_or_else(
            || value(&inf, "DestinationDirs", "DefaultDestDir"),
            |(_, directory)| directory,
        );
        let versioned = target.contains("10.0...");
        assert_eq!(directory, if versioned { "13" } else { "12" });

        let services = format!("{install}.Services");
        let added = list(value(&inf, &services, "AddService"));
        let [name, "2", service] = added[..] else {
            panic!("{added:?}");
        };
        assert_eq!(name, SERVICE);
        let binary = format!("%{directory}%\\{file}");
        assert_eq!(value(&inf, service, "ServiceBinary"), binary);
        assert_eq!(value(&inf, service, "ServiceType"), "1");
        assert_eq!(value(&inf, service, "StartType"), "3");

        let hardware = format!("{install}.HW");
        let registry = value(&inf, &hardware, "AddReg");
        let lines = &inf[registry];
        let has = |what: &str| lines.iter().any(|(line, _)| line.contains(what));
        assert!(has(
            "Security,, \"D:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;GRGW;;;BU)\""
        ));
        assert!(has("DeviceCharacteristics, 0x00010001, 0x100"));
        for section in [
            &models, install, files, &services, service, &hardware, registry,
        ] {
            used.insert(section.to_owned());
        }
    }
    let all: BTreeSet<_> = inf.keys().cloned().collect();
    assert_eq!(all, used, "sections that are there, and that are used");
}

#[test]
fn every_string_is_defined_and_used() {
    let inf = sections();
    let defined: BTreeSet<&str> = inf["Strings"].iter().map(|(name, _)| &name[..]).collect();
    let mut used = BTreeSet::new();
    let lines = INF
        .lines()
        .filter(|line| !line.trim_start().starts_with(';'));
    for line in lines {
        used.extend(line.split('%').skip(1).step_by(2));
    }
    used.retain(|name| name.parse::<u16>().is_err());
    assert_eq!(used, defined);
}

#[test]
fn it_is_plain_ascii() {
    assert!(INF.is_ascii());
}
