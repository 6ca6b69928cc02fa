//! Nothing but the verifier of `wskhttp-tls` judges servers, and nothing logs secrets.
//!
//! rustls calls who judges through a table of functions, so that the functions of each such type are
//! in the image, and their names in the map; a type that took everything would be named here.

use super::map::Symbols;

/// What is wrong, one clause each.
pub(super) fn faults(symbols: &Symbols) -> Vec<String> {
    let mut faults = Vec::new();
    for method in METHODS {
        let own = format!("<{VERIFIER} as {TRAIT}>::{method}");
        let all: Vec<&str> = symbols
            .names()
            .filter(|name| name.contains(TRAIT) && name.contains(&format!(">::{method}")))
            .collect();
        // Folded with another, it has the name of that too: it would do as little.
        match all.as_slice() {
            [one] if *one == own => {}
            [] => faults.push(format!("nobody judges servers: no {own}")),
            others => faults.push(format!("not {VERIFIER} alone has {method}: {others:?}")),
        }
    }
    let loggers = symbols
        .names()
        .filter(|name| name.contains("KeyLogFile") || name.contains("SSLKEYLOGFILE"));
    faults.extend(loggers.map(|name| format!("secrets can be logged: {name}")));
    faults
}

const VERIFIER: &str = "wskhttp_tls::trust::verifier::Verifier";
const TRAIT: &str = "rustls::verify::ServerCertVerifier";
const METHODS: [&str; 3] = [
    "verify_server_cert",
    "verify_tls12_signature",
    "verify_tls13_signature",
];

#[cfg(test)]
mod tests {
    use super::{Symbols, faults};

    fn map(lines: &[(u32, &str)]) -> Symbols {
        let lines = lines.iter().map(|(place, name)| {
            format!(" 0001:{place:08x}       {name}   00000001800{place:05x}     a.o\n")
        });
        Symbols::parse(&lines.collect::<String>())
    }

    /// As the compiler names them, in the form that the demangler gives back.
    fn own(method: &str) -> String {
        let length = method.len();
        format!(
            "_RNvXs_NtNtCs8VyhMT7yTeq_11wskhttp_tls5trust8verifierNtB4_8VerifierNtNtCshbDNq4YpcWs_6rustls6verify18ServerCertVerifier{length}{method}"
        )
    }

    const STRANGER: &str = "_RNvXCs8VyhMT7yTeq_3badNtB2_6AcceptNtNtCshbDNq4YpcWs_6rustls6verify18ServerCertVerifier18verify_server_cert";

    #[test]
    fn one_judge_and_no_other() {
        let methods = [
            "verify_server_cert",
            "verify_tls12_signature",
            "verify_tls13_signature",
        ]
        .map(own);
        let [a, b, c] = &methods;
        assert_eq!(faults(&map(&[(1, a), (2, b), (3, c)])), [""; 0]);
        assert_eq!(faults(&map(&[(1, a), (2, b)])).len(), 1);
        assert_eq!(
            faults(&map(&[(1, a), (2, b), (3, c), (4, STRANGER)])).len(),
            1
        );
        // Two functions that do the same are one.
        assert_eq!(
            faults(&map(&[(1, a), (1, STRANGER), (2, b), (3, c)])).len(),
            1
        );
        assert_eq!(faults(&map(&[(1, a), (2, b), (2, c)])).len(), 2);
        let logs = (4, "rustls::KeyLogFile::new");
        assert_eq!(faults(&map(&[(1, a), (2, b), (3, c), logs])).len(), 1);
    }
}
