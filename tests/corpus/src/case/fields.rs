//! The fields of a JSON object, each of which may have several names.

use std::collections::HashSet;

use anyhow::{Context, bail};
use serde_json::{Map, Value};

/// An object whose fields are taken one by one, so that what is left over is known.
pub(super) struct Fields<'a> {
    /// What the object is, for messages.
    what: &'static str,
    map: &'a Map<String, Value>,
    taken: HashSet<&'a str>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(value: &'a Value, what: &'static str) -> anyhow::Result<Self> {
        let map = value
            .as_object()
            .with_context(|| format!("{what} is not an object but {}", kind(value)))?;
        Ok(Self {
            what,
            map,
            taken: HashSet::new(),
        })
    }

    /// The value of the field with one of `names`, which are in lower case with underscores; hyphens,
    /// spaces and capitals in the file make no difference. `null` is as good as absent.
    pub(super) fn take(&mut self, names: &[&str]) -> anyhow::Result<Option<&'a Value>> {
        let mut found = None;
        for (name, value) in self.map {
            if !names.contains(&normal(name).as_str()) {
                continue;
            }
            self.taken.insert(name);
            if value.is_null() {
                continue;
            }
            if let Some((other, _)) = found.replace((name, value)) {
                bail!("{} has both {other:?} and {name:?}", self.what);
            }
        }
        Ok(found.map(|(_, value)| value))
    }

    /// The value of the first field with one of `names`, which is still to be taken.
    pub(super) fn peek(&self, names: &[&str]) -> Option<&'a Value> {
        let mut fields = self.map.iter();
        fields
            .find(|(name, value)| !value.is_null() && names.contains(&normal(name).as_str()))
            .map(|(_, value)| value)
    }

    pub(super) fn text(&mut self, names: &[&str]) -> anyhow::Result<Option<String>> {
        self.take(names)?
            .map(|value| match value {
                Value::String(text) => Ok(text.clone()),
                Value::Number(number) => Ok(number.to_string()),
                _ => bail!("{} is not text but {}", names[0], kind(value)),
            })
            .transpose()
    }

    pub(super) fn number(&mut self, names: &[&str]) -> anyhow::Result<Option<u64>> {
        self.take(names)?
            .map(|value| number(value).with_context(|| format!("{} is not a number", names[0])))
            .transpose()
    }

    pub(super) fn flag(&mut self, names: &[&str]) -> anyhow::Result<Option<bool>> {
        self.take(names)?
            .map(|value| match value {
                Value::Bool(flag) => Ok(*flag),
                Value::String(text) if matches!(text.as_str(), "yes" | "true") => Ok(true),
                Value::String(text) if matches!(text.as_str(), "no" | "false") => Ok(false),
                _ => bail!("{} is neither true nor false", names[0]),
            })
            .transpose()
    }

    /// Milliseconds in `milliseconds`, or seconds in `seconds`.
    pub(super) fn time(
        &mut self,
        milliseconds: &[&str],
        seconds: &[&str],
    ) -> anyhow::Result<Option<std::time::Duration>> {
        if let Some(count) = self.number(milliseconds)? {
            return Ok(Some(std::time::Duration::from_millis(count)));
        }
        self.take(seconds)?
            .map(|value| {
                let seconds = value
                    .as_f64()
                    .filter(|seconds| (0.0..1e9).contains(seconds));
                seconds
                    .map(std::time::Duration::from_secs_f64)
                    .with_context(|| format!("{} is not a number of seconds", seconds_name(value)))
            })
            .transpose()
    }

    /// Fields that nobody asked for.
    pub(super) fn rest(&self) -> Vec<&'a str> {
        let names = self.map.keys().map(String::as_str);
        names.filter(|name| !self.taken.contains(name)).collect()
    }

    /// Refuses fields that nobody asked for, but for notes.
    pub(super) fn finish(mut self, known: &str) -> anyhow::Result<()> {
        for name in NOTES {
            // Several notes in one object are fine.
            let _ = self.take(&[name]);
        }
        match self.rest().as_slice() {
            [] => Ok(()),
            [first, ..] => bail!("{} has a field {first:?}; known: {known}", self.what),
        }
    }
}

/// A count, as a number or as text in decimal.
pub(super) fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64().or_else(|| {
            let float = number.as_f64()?;
            // 1e6 and 20.0 are whole numbers too.
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "checked"
            )]
            ((0.0..=9e15).contains(&float) && float.fract() == 0.0).then_some(float as u64)
        }),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

pub(super) fn normal(name: &str) -> String {
    name.to_lowercase().replace(['-', ' '], "_")
}

pub(super) const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn seconds_name(value: &Value) -> String {
    value.to_string()
}

/// Fields for the reader of the file only, in any object.
pub(super) const NOTES: &[&str] = &[
    "note",
    "notes",
    "comment",
    "comments",
    "why",
    "description",
    "name",
    "title",
    "rfc",
    "section",
    "id",
    "source",
    "attack",
    "tags",
    "llhttp",
    "difference",
    "vector",
];
