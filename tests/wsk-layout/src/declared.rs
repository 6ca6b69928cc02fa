//! The names that the header has.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Deserializer, Value};

use crate::oracle::Oracle;

/// Names of Wine's headers, by kind. Of all but macros only those that contain `WSK`, `Wsk` or
/// `IPPROTO_`.
#[derive(Debug, Default)]
pub struct Declared {
    /// Structures with a definition, without the leading underscore, and their fields in order.
    pub structures: BTreeMap<String, Vec<String>>,
    /// Typedefs, those of the structures included.
    pub types: BTreeSet<String>,
    /// Functions.
    pub functions: BTreeSet<String>,
    /// Enumerators.
    pub enumerators: BTreeSet<String>,
    /// Macros of any header that was read.
    pub macros: BTreeSet<String>,
}

impl Declared {
    /// Reads them.
    ///
    /// # Errors
    /// Clang failed, or its JSON did not parse.
    pub fn read(oracle: &Oracle) -> Result<Self, String> {
        let mut declared = Self::default();
        for part in ["WSK", "Wsk", "IPPROTO_"] {
            let text = oracle.declarations(part)?;
            for node in Deserializer::from_slice(&text).into_iter::<Value>() {
                declared.add(&node.map_err(|error| format!("clang's JSON: {error}"))?);
            }
        }
        declared.macros = oracle
            .macros()?
            .lines()
            .filter_map(|line| line.strip_prefix("#define "))
            .filter_map(|rest| rest.split([' ', '(']).next())
            .map(Into::into)
            .collect();
        Ok(declared)
    }

    fn wsk_macros(&self) -> impl Iterator<Item = &str> {
        const PREFIXES: [&str; 4] = ["WSK_", "SO_WSK_", "SIO_WSK_", "MAKE_WSK_"];
        self.macros
            .iter()
            .map(String::as_str)
            .filter(|name| PREFIXES.iter().any(|prefix| name.starts_with(prefix)))
    }

    /// Whether any kind has the name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.structures.contains_key(name)
            || [
                &self.types,
                &self.functions,
                &self.enumerators,
                &self.macros,
            ]
            .iter()
            .any(|names| names.contains(name))
    }

    /// Everything of `wsk.h`.
    pub fn wsk(&self) -> impl Iterator<Item = &str> {
        let names = [&self.types, &self.functions, &self.enumerators];
        names
            .into_iter()
            .flatten()
            .map(String::as_str)
            .chain(self.structures.keys().map(String::as_str))
            .chain(self.wsk_macros())
            .filter(|name| !name.contains("IPPROTO_"))
    }

    fn add(&mut self, node: &Value) {
        let name = text(node, "name");
        match text(node, "kind") {
            "RecordDecl" if node["completeDefinition"] == true => {
                let fields = named(node, "FieldDecl");
                let name = name.strip_prefix('_').unwrap_or(name);
                self.structures.insert(name.into(), fields);
            }
            "TypedefDecl" => {
                self.types.insert(name.into());
            }
            "FunctionDecl" => {
                self.functions.insert(name.into());
            }
            "EnumConstantDecl" => {
                self.enumerators.insert(name.into());
            }
            "EnumDecl" => self.enumerators.extend(named(node, "EnumConstantDecl")),
            _ => {}
        }
    }
}

fn named(node: &Value, kind: &str) -> Vec<String> {
    let inner = node["inner"].as_array().map_or(&[][..], Vec::as_slice);
    inner
        .iter()
        .filter(|child| text(child, "kind") == kind)
        .map(|child| text(child, "name").into())
        .collect()
}

fn text<'a>(node: &'a Value, key: &str) -> &'a str {
    node[key].as_str().unwrap_or_default()
}
