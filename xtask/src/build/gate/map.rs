//! The symbols in lld-link's map file.

use std::collections::BTreeMap;

/// Symbols by virtual address.
pub(super) struct Symbols(BTreeMap<u64, String>);

impl Symbols {
    /// Reads the lines `segment:offset name address object` of a map, and demangles the names.
    pub(super) fn parse(map: &str) -> Self {
        let mut symbols = BTreeMap::new();
        for line in map.lines() {
            let mut words = line.split_whitespace();
            let (Some(place), Some(name), Some(address)) =
                (words.next(), words.next(), words.next())
            else {
                continue;
            };
            if place.len() != "0001:00000000".len() || address.len() != 16 {
                continue;
            }
            if let Ok(address) = u64::from_str_radix(address, 16) {
                let name = format!("{:#}", rustc_demangle::demangle(name));
                let names: &mut String = symbols.entry(address).or_default();
                // Identical functions are folded: one address, several names.
                if !names.is_empty() {
                    names.push_str(" = ");
                }
                names.push_str(&name);
            }
        }
        Self(symbols)
    }

    /// The symbol at or before `address`.
    pub(super) fn at_or_before(&self, address: u64) -> &str {
        self.0
            .range(..=address)
            .next_back()
            .map_or("?", |(_, name)| name)
    }

    /// All names.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.values().map(String::as_str)
    }

    /// The symbol at `address`.
    pub(super) fn at(&self, address: u64) -> Option<&str> {
        self.0.get(&address).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: &str = "
 Start         Length     Name                   Class
 0001:00000000 00001457H .text                   CODE

 0001:000013a0       __CxxFrameHandler3         00000001800023a0     mini.o

 entry point at         0004:00000000

 Static symbols

 0001:00001460       _RNvNtCs87IRza36Yn2_4core9panicking18panic_bounds_check 0000000180002460     mini.o
 0001:00001460       other                      0000000180002460     mini.o
";

    #[test]
    fn addresses() {
        let symbols = Symbols::parse(MAP);
        assert_eq!(symbols.0.len(), 2);
        assert_eq!(symbols.at(0x1_8000_23a0), Some("__CxxFrameHandler3"));
        assert_eq!(symbols.at_or_before(0x1_8000_23ff), "__CxxFrameHandler3");
        assert_eq!(symbols.at(0x1_8000_23ff), None);
        assert_eq!(
            symbols.at(0x1_8000_2460),
            Some("core::panicking::panic_bounds_check = other")
        );
        assert_eq!(symbols.at_or_before(0), "?");
    }
}
