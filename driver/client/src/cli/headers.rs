//! The headers of a request: the usual ones, as -H changes them.

use super::failure::Failure;

/// The header lines to send: `usual`, then `given` in the manner of -H. `Name: value` replaces a usual
/// one, `Name:` removes it, `Name;` sends it without a value.
pub(crate) fn merged(
    usual: &[(&str, &str)],
    given: &[String],
) -> Result<Vec<(String, String)>, Failure> {
    let mut own = Vec::new();
    let mut names = Vec::new();
    for line in given {
        let (name, value) = match (line.split_once(':'), line.strip_suffix(';')) {
            (Some((name, value)), _) => {
                (name, Some(value.trim()).filter(|value| !value.is_empty()))
            }
            (None, Some(name)) => (name, Some("")),
            (None, None) => {
                return Err(Failure::usage(format!("-H {line:?} is not `Name: value`")));
            }
        };
        names.push(name);
        if let Some(value) = value {
            own.push((name.to_owned(), value.to_owned()));
        }
    }
    let replaced = |name: &str| names.iter().any(|own| own.eq_ignore_ascii_case(name));
    let usual = usual.iter().filter(|(name, _)| !replaced(name));
    let usual = usual.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Ok(usual.chain(own).collect())
}

#[cfg(test)]
mod tests {
    use super::merged;

    #[test]
    fn given_headers_replace_the_usual_ones() {
        let usual = [("User-Agent", "x"), ("Accept", "*/*"), ("Other", "y")];
        let given = ["accept: text/html", "USER-AGENT:", "Empty;", "A:  b:c "];
        let merged = merged(&usual, &given.map(str::to_owned)).unwrap();
        let merged: Vec<_> = merged.iter().map(|(n, v)| (&n[..], &v[..])).collect();
        assert_eq!(
            merged,
            [
                ("Other", "y"),
                ("accept", "text/html"),
                ("Empty", ""),
                ("A", "b:c")
            ]
        );
    }

    #[test]
    fn a_line_without_a_colon_is_refused() {
        assert_eq!(merged(&[], &["nonsense".to_owned()]).unwrap_err().code, 2);
    }
}
