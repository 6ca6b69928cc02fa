//! Every import exists on real Windows: mingw-w64's import library of the image lists it, or
//! `tests/wdk-build/exports` does with the page that documents it. What Windows may lack is
//! resolved at run time (MmGetSystemRoutineAddress) and is no import.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use anyhow::{Context, bail};
use object::{
    NameOrOrdinal, Object, ObjectSymbol,
    read::{File, archive::ArchiveFile, pe::PeFile64},
};

use crate::build::workspace::Workspace;

/// Names by image, the image in lower case.
pub(super) type Imports = BTreeMap<String, BTreeSet<String>>;

/// What `image` imports. Imports by number have no name to check and are an error.
pub(super) fn of(image: &PeFile64<'_>) -> anyhow::Result<Imports> {
    let mut imports = Imports::new();
    for import in image.imports()? {
        let import = import?;
        let library = str::from_utf8(import.library())?.to_lowercase();
        let NameOrOrdinal::Name(name) = import.name() else {
            bail!("{library} is imported from by number");
        };
        imports
            .entry(library)
            .or_default()
            .insert(str::from_utf8(name)?.to_owned());
    }
    Ok(imports)
}

/// What real Windows exports.
pub(super) struct Known(Imports);

/// mingw-w64's import libraries of the images that drivers import from.
const ARCHIVES: &[(&str, &str)] = &[
    ("hal.dll", "libhal.a"),
    ("ksecdd.sys", "libksecdd.a"),
    ("netio.sys", "libnetio.a"),
    ("ntoskrnl.exe", "libntoskrnl.a"),
    ("wmilib.sys", "libwmilib.a"),
];

/// Debian's directory of them, and Fedora's.
const ARCHIVE_DIRECTORIES: &[&str] = &[
    "/usr/x86_64-w64-mingw32/lib",
    "/usr/x86_64-w64-mingw32/sys-root/mingw/lib",
];

impl Known {
    /// Reads mingw-w64's import libraries, and the lists of this workspace.
    pub(super) fn find(workspace: &Workspace) -> anyhow::Result<Self> {
        let archives = ARCHIVE_DIRECTORIES
            .iter()
            .map(Path::new)
            .find(|path| path.join("libntoskrnl.a").is_file())
            .context("mingw-w64's libntoskrnl.a is not installed")?;
        let mut known = Imports::new();
        for (image, archive) in ARCHIVES {
            let path = archives.join(archive);
            let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
            known.insert(
                (*image).to_owned(),
                exports(&bytes).with_context(|| path.display().to_string())?,
            );
        }
        for file in fs::read_dir(workspace.root().join("tests/wdk-build/exports"))? {
            let path = file?.path();
            let list = fs::read_to_string(&path)?;
            let image = path
                .file_stem()
                .and_then(|stem| stem.to_str())
                .context("a list without a name")?;
            known
                .entry(image.to_owned())
                .or_default()
                .extend(listed(&list).with_context(|| path.display().to_string())?);
        }
        Ok(Self(known))
    }

    /// Imports that are not known.
    pub(super) fn faults(&self, imports: &Imports) -> Vec<String> {
        let mut faults = Vec::new();
        for (library, names) in imports {
            let known = self.0.get(library);
            for name in names {
                if !known.is_some_and(|known| known.contains(name)) {
                    faults.push(format!("{library} is not known to export {name}"));
                }
            }
        }
        faults
    }
}

/// The names that an import library resolves.
fn exports(archive: &[u8]) -> anyhow::Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for member in ArchiveFile::parse(archive)?.members() {
        let object = File::parse(member?.data(archive)?)?;
        for symbol in object.symbols().filter(|symbol| symbol.is_definition()) {
            names.extend(symbol.name()?.strip_prefix("__imp_").map(str::to_owned));
        }
    }
    Ok(names)
}

/// The names in a list of further exports. Each has a citation behind `#`: page, header, first
/// Windows version.
fn listed(list: &str) -> anyhow::Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for line in list
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        match line.split_once('#') {
            Some((name, citation)) if citation.contains("Windows") => {
                names.insert(name.trim().to_owned())
            }
            _ => bail!("no page and Windows version for {line}"),
        };
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imports(library: &str, names: &[&str]) -> Imports {
        Imports::from([(
            library.to_owned(),
            names.iter().map(|name| (*name).to_owned()).collect(),
        )])
    }

    #[test]
    fn what_windows_lacks_is_a_fault() {
        let known = Known(imports("ntoskrnl.exe", &["DbgPrint", "ExAllocatePool2"]));
        assert!(
            known
                .faults(&imports("ntoskrnl.exe", &["DbgPrint"]))
                .is_empty()
        );
        assert_eq!(
            known.faults(&imports("ntoskrnl.exe", &["DbgPrint", "WineOnly"])),
            ["ntoskrnl.exe is not known to export WineOnly"]
        );
        assert_eq!(
            known.faults(&imports("netio.sys", &["DbgPrint"])),
            ["netio.sys is not known to export DbgPrint"]
        );
    }

    #[test]
    fn a_listed_name_has_a_citation() {
        let list = "# comment\n\nExAllocatePool2   # ExAllocatePool2 function (wdm.h), Windows 10 version 2004\n";
        assert_eq!(
            listed(list).unwrap().into_iter().collect::<Vec<_>>(),
            ["ExAllocatePool2"]
        );
        assert!(listed("ExAllocatePool2\n").is_err());
        assert!(listed("ExAllocatePool2 # because\n").is_err());
    }
}
