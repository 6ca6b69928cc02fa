//! What a driver must be like before it may be called built.

mod danger;
mod imports;
pub(super) mod inf;
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
/// section that is both writable and executable, uses AVX where it may not, has more calls that
/// panic than it may, or has another judge of TLS servers than ours.
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
    faults.extend(danger::faults(&symbols));

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
        panics.add(address, code, &symbols, |address| read(&image, address));
    }
    println!("  {}", panics.summary());
    let list = built.image.with_extension("panics.txt");
    fs::write(&list, panics.list()).with_context(|| list.display().to_string())?;
    println!("  each of them: {}", list.display());
    faults.extend(panics.faults());

    if !faults.is_empty() {
        bail!("{}:\n  {}", built.image.display(), faults.join("\n  "));
    }
    Ok(())
}

/// The bytes of `image` from `address` to the end of its section.
fn read<'data>(image: &PeFile64<'data>, address: u64) -> Option<&'data [u8]> {
    image.sections().find_map(|section| {
        let offset = address.checked_sub(section.address())?;
        section.data().ok()?.get(usize::try_from(offset).ok()?..)
    })
}
