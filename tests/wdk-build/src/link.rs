//! Import libraries, and the linker options of a driver.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    ConfigError, IoError,
    target::{Target, variable},
};

/// Makes the import libraries in the build script's output directory, and tells Cargo how to link a
/// WDM driver.
pub(crate) fn configure(target: Target) -> Result<(), ConfigError> {
    let output = PathBuf::from(variable("OUT_DIR")?);
    let archives = target.headers()?.join("../lib");
    for library in LIBRARIES {
        library.make(target, &archives, &output)?;
    }
    println!("cargo::rustc-link-search=native={}", output.display());
    for option in OPTIONS {
        println!("cargo::rustc-cdylib-link-arg={option}");
    }
    Ok(())
}

/// A library that drivers import from.
struct Library {
    /// What the linker calls it, as the WDK does.
    name: &'static str,
    /// The image that exports.
    image: &'static str,
    /// mingw-w64's import library of the image.
    archive: Option<&'static str>,
    /// Further exports, in the form that [`names`] reads.
    further: &'static str,
}

const LIBRARIES: &[Library] = &[
    Library {
        name: "ntoskrnl",
        image: "ntoskrnl.exe",
        archive: Some("libntoskrnl.a"),
        further: include_str!("../exports/ntoskrnl.exe.txt"),
    },
    Library {
        name: "hal",
        image: "hal.dll",
        archive: Some("libhal.a"),
        further: "",
    },
    Library {
        name: "netio",
        image: "netio.sys",
        archive: Some("libnetio.a"),
        further: "",
    },
    Library {
        name: "cng",
        image: "cng.sys",
        archive: None,
        further: include_str!("../exports/cng.sys.txt"),
    },
];

/// What a WDM driver is linked with. lld-link knows no `/KERNEL`, `/MAPINFO:EXPORTS` or `/RELEASE`.
const OPTIONS: &[&str] = &[
    "/DRIVER",
    "/SUBSYSTEM:NATIVE,10.00",
    "/ENTRY:DriverEntry",
    "/NODEFAULTLIB",
    "/NXCOMPAT",
    "/DYNAMICBASE",
    "/INTEGRITYCHECK",
    "/MANIFEST:NO",
    "/OPT:REF,ICF",
    "/SECTION:INIT,ERD",
    "/Brepro",
    "/MAP",
];

/// Whether an export is called through its thunk, or only pointed at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Function,
    Data,
}

impl Library {
    fn make(&self, target: Target, archives: &Path, output: &Path) -> Result<(), ConfigError> {
        let mut exports: BTreeMap<String, Kind> = names(self.further)
            .map(|name| (name.to_owned(), Kind::Function))
            .collect();
        if let Some(archive) = self.archive {
            let mut nm = Command::new("llvm-nm");
            nm.arg("--defined-only").arg(archives.join(archive));
            exports.extend(symbols(&run(nm)?));
        }
        let definition = output.join(format!("{}.def", self.name));
        fs::write(&definition, module_definition(self.image, &exports))
            .map_err(|error| IoError::with_path(&definition, error))?;
        let mut dlltool = Command::new("llvm-dlltool");
        dlltool
            .args(["-m", target.machine(), "-d"])
            .arg(&definition)
            .arg("-l")
            .arg(output.join(format!("{}.lib", self.name)));
        run(dlltool).map(drop)
    }
}

/// The names in a list of exports: the first word of every line; `#` begins a comment.
fn names(list: &str) -> impl Iterator<Item = &str> {
    list.lines()
        .filter_map(|line| line.split('#').next())
        .filter_map(|line| line.split_whitespace().next())
}

/// The exports in llvm-nm's listing of an import library. A function has a thunk besides its
/// pointer; data has not.
fn symbols(listing: &str) -> BTreeMap<String, Kind> {
    let mut exports = BTreeMap::new();
    let mut thunks = Vec::new();
    for line in listing.lines() {
        let mut words = line.split_whitespace().rev();
        let (Some(name), Some(class)) = (words.next(), words.next()) else {
            continue;
        };
        if let Some(name) = name.strip_prefix("__imp_") {
            exports.insert(name.to_owned(), Kind::Data);
        } else if class == "T" {
            thunks.push(name);
        }
    }
    for name in thunks {
        if let Some(kind) = exports.get_mut(name) {
            *kind = Kind::Function;
        }
    }
    exports
}

fn module_definition(image: &str, exports: &BTreeMap<String, Kind>) -> String {
    let mut text = format!("LIBRARY {image}\nEXPORTS\n");
    for (name, kind) in exports {
        text.push_str(name);
        text.push_str(match kind {
            Kind::Function => "\n",
            Kind::Data => " DATA\n",
        });
    }
    text
}

fn run(mut command: Command) -> Result<String, ConfigError> {
    let output = command
        .output()
        .map_err(|error| IoError::with_path(command.get_program(), error))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(ConfigError::Failed(format!("{command:?}: {errors}")));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_has_no_thunk() {
        let listing = "d000001.o:\n00000000 I __imp_KeTickCount\n\nd000002.o:\n\
                       00000000 T IofCallDriver\n00000000 I __imp_IofCallDriver\n         U __head\n";
        let exports = symbols(listing);
        assert_eq!(exports.get("KeTickCount"), Some(&Kind::Data));
        assert_eq!(exports.get("IofCallDriver"), Some(&Kind::Function));
        assert_eq!(exports.len(), 2);
        assert_eq!(
            module_definition("ntoskrnl.exe", &exports),
            "LIBRARY ntoskrnl.exe\nEXPORTS\nIofCallDriver\nKeTickCount DATA\n"
        );
    }

    #[test]
    fn comments_are_no_names() {
        let list = "# all\n\nExAllocatePool2  # wdm.h, since 2004\n#KeFoo\nKeBar\n";
        assert_eq!(
            names(list).collect::<Vec<_>>(),
            ["ExAllocatePool2", "KeBar"]
        );
    }
}
