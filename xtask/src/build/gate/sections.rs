//! No section is both writable and executable.

use object::{
    ObjectSection, SectionFlags,
    pe::{self, IMAGE_SCN_MEM_EXECUTE, IMAGE_SCN_MEM_WRITE},
};

/// Name, size in bytes and characteristics of a section.
pub(super) struct Section {
    name: String,
    size: u64,
    characteristics: pe::SectionFlags,
}

impl Section {
    /// What a PE image says of the section.
    pub(super) fn new<'data>(section: &impl ObjectSection<'data>) -> Self {
        Self {
            name: section.name().unwrap_or("?").to_owned(),
            size: section.size(),
            characteristics: characteristics(section),
        }
    }

    fn has(&self, characteristic: pe::SectionFlags) -> bool {
        has(self.characteristics, characteristic)
    }
}

/// Whether the section holds code.
pub(super) fn executable<'data>(section: &impl ObjectSection<'data>) -> bool {
    has(characteristics(section), IMAGE_SCN_MEM_EXECUTE)
}

/// Name, access and size of all, on one line.
pub(super) fn summary(sections: &[Section]) -> String {
    let describe = |section: &Section| {
        let write = if section.has(IMAGE_SCN_MEM_WRITE) {
            "w"
        } else {
            ""
        };
        let execute = if section.has(IMAGE_SCN_MEM_EXECUTE) {
            "x"
        } else {
            ""
        };
        format!("{} r{write}{execute} {}", section.name, section.size)
    };
    sections.iter().map(describe).collect::<Vec<_>>().join(", ")
}

/// The sections that are both writable and executable.
pub(super) fn faults(sections: &[Section]) -> impl Iterator<Item = String> {
    sections
        .iter()
        .filter(|section| section.has(IMAGE_SCN_MEM_WRITE) && section.has(IMAGE_SCN_MEM_EXECUTE))
        .map(|section| format!("section {} is writable and executable", section.name))
}

fn characteristics<'data>(section: &impl ObjectSection<'data>) -> pe::SectionFlags {
    match section.flags() {
        SectionFlags::Coff { characteristics } => characteristics,
        _ => pe::SectionFlags(0),
    }
}

fn has(characteristics: pe::SectionFlags, characteristic: pe::SectionFlags) -> bool {
    characteristics.0 & characteristic.0 != 0
}

#[cfg(test)]
mod tests {
    use object::pe::{IMAGE_SCN_CNT_CODE, IMAGE_SCN_MEM_READ};

    use super::*;

    fn section(name: &str, characteristics: pe::SectionFlags) -> Section {
        Section {
            name: name.to_owned(),
            size: 16,
            characteristics,
        }
    }

    #[test]
    fn writable_code_is_a_fault() {
        let code = IMAGE_SCN_CNT_CODE | IMAGE_SCN_MEM_READ | IMAGE_SCN_MEM_EXECUTE;
        let sections = [
            section(".text", code),
            section(".data", IMAGE_SCN_MEM_READ | IMAGE_SCN_MEM_WRITE),
            section("PAGE", code | IMAGE_SCN_MEM_WRITE),
        ];
        assert_eq!(
            faults(&sections).collect::<Vec<_>>(),
            ["section PAGE is writable and executable"]
        );
        assert_eq!(summary(&sections), ".text rx 16, .data rw 16, PAGE rwx 16");
    }
}
