//! What a driver must be like before it may be called built.

mod imports;
mod map;
mod panics;
mod sections;
mod vectors;

use std::fs;

use anyhow::{Context, bail};
use object::{Object, ObjectSection, read::pe::PeFile64};

use self::map::Symbols;
use super::{products::Built, workspace::Workspace};

/// Prints what matters of a driver, and fails if it imports what Windows does not export, has a
/// section that is both writable and executable, or uses AVX where it may not.
pub(super) fn check(workspace: &Workspace, built: &Built) -> anyhow::Result<()> {
    let bytes = fs::read(&built.image).with_context(|| built.image.display().to_string())?;
    let image = PeFile64::parse(&*bytes).with_context(|| built.image.display().to_string())?;
    let map = fs::read_to_string(&built.map).with_context(|| built.map.display().to_string())?;
    let symbols = Symbols::parse(&map);

    println!("{}: {} bytes", built.image.display(), bytes.len());
    let mut faults = Vec::new();

    let sections: Vec<sections::Section> = image
        .sections()
        .map(|section| sections::Section::new(&section))
        .collect();
    println!("  sections: {}", sections::summary(&sections));
    faults.extend(sections::faults(&sections));

    let imported = imports::of(&image)?;
    for (library, names) in &imported {
        println!(
            "  {library}: {}",
            names
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(" ")
        );
    }
    faults.extend(imports::Known::find(workspace)?.faults(&imported));

    let mut panics = panics::Panics::default();
    for section in image.sections().filter(sections::executable) {
        let (address, code) = (section.address(), section.data()?);
        faults.extend(vectors::faults(address, code, &symbols, vectors::FENCE));
        panics.add(address, code, &symbols);
    }
    println!(
        "  calls that panic: {}, {} of them in functions of this workspace",
        panics.all, panics.ours
    );

    if !faults.is_empty() {
        bail!("{}:\n  {}", built.image.display(), faults.join("\n  "));
    }
    Ok(())
}
