//! What a hostile server may try, and what here tries it: cases whose field `attack` names the line,
//! and tests of the http crate.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;
use wskhttp_corpus::files;

/// A line, how many cases at least try it, and which tests do, as `file::function` of
/// `http/tests/suite` or, with a slash, of a file from the top.
type Line = (&'static str, usize, &'static [&'static str]);

const LINES: &[Line] = &[
    (
        "H framing: CL+TE",
        4,
        &[
            "head::refused_framing",
            "rfc9112::body::section_6_3_message_body_length",
        ],
    ),
    (
        "H framing: several CL equal/different",
        3,
        &["head::refused_framing"],
    ),
    (
        "H framing: CL: +5, 0x5, -1, 5 5, \"5, 5\", 2^63, 2^64, 30 digits",
        20,
        &[
            "head::refused_framing",
            "rfc9112::body::section_6_2_content_length",
        ],
    ),
    (
        "H framing: TE chunked, chunked / x, chunked / chunked, x / Chunked / \\x0bchunked / unsolicited TE tokens",
        20,
        &[
            "head::refused_framing",
            "head::accepted_framing",
            "rfc9112::body::section_6_1_transfer_encoding",
        ],
    ),
    (
        "H framing: chunk size empty, 2^64-1, 17 digits, leading zeros without end, NUL/LF/CR in extension",
        25,
        &[
            "body::malformed_chunks",
            "body::a_size_of_all_ones_is_a_size",
            "rfc9112::chunked::section_7_1_chunked",
        ],
    ),
    (
        "H framing: 16 MiB of extensions for 1-byte chunks (CVE-2023-39326)",
        2,
        &["limits::extensions_in_proportion", "limits::chunk_line"],
    ),
    (
        "H framing: missing CRLF after chunk",
        8,
        &["body::malformed_chunks"],
    ),
    (
        "H framing: trailers that set framing/auth headers",
        4,
        &["body::malformed_chunks", "body::trailers_are_no_fields"],
    ),
    (
        "H framing: bare LF, bare CR, NUL, obs-fold, space before colon, header name empty or 64 KiB",
        20,
        &[
            "head::malformed_heads",
            "rfc9112::message::section_2_2_message_parsing",
            "rfc9112::fields::section_5_fields",
        ],
    ),
    (
        "H framing: endless headers (CVE-2023-38039)",
        4,
        &["limits::endless_heads", "limits::header_count"],
    ),
    ("H framing: endless 1xx", 3, &["limits::interim_count"]),
    ("H framing: 101 unasked", 2, &["head::other_protocols"]),
    (
        "H framing: 204/304/HEAD with body",
        6,
        &[
            "body::no_body_whatever_is_announced",
            "body::bytes_after_the_response_end_the_connection",
        ],
    ),
    (
        "H framing: body after close",
        1,
        &["rfc9112::connection::section_9_6_tear_down"],
    ),
    (
        "H framing: two responses to one request (queue poisoning of the pool)",
        5,
        &[
            "pool::a_second_response_never_answers_the_next_request",
            "rfc9112::connection::section_9_2_data_without_a_request",
        ],
    ),
    (
        "H framing: response before request is sent",
        2,
        &["exchange::a_response_before_the_request"],
    ),
    (
        "H framing: status 000/99/1000",
        18,
        &[
            "head::malformed_heads",
            "rfc9112::status_line::section_4_status_line",
        ],
    ),
    (
        "H framing: HTTP/0.9; HTTP/1.2",
        10,
        &[
            "head::other_protocols",
            "rfc9112::message::section_2_3_version",
        ],
    ),
    (
        "H framing: EOF at every byte",
        10,
        &[
            "head::truncated_heads",
            "body::truncated_bodies",
            "tests/corpus/tests/cuts.rs::fin_and_rst_at_every_byte",
        ],
    ),
    (
        "H framing: RST at every byte",
        4,
        &["tests/corpus/tests/cuts.rs::fin_and_rst_at_every_byte"],
    ),
    (
        "H framing: 1 byte a packet; 1 byte a minute (slow loris)",
        3,
        &[
            "timeouts::a_head_that_trickles",
            "timeouts::low_speed",
            "random::any_cut_gives_the_same",
        ],
    ),
    (
        "H content: gzip/deflate/br bomb",
        3,
        &[
            "decode::limits::bombs",
            "decode::limits::a_bomb_is_stopped_at_its_limit",
        ],
    ),
    (
        "H content: bomb in a redirect body (CVE-2026-21441)",
        1,
        &["redirect::body::the_body_of_a_redirect"],
    ),
    (
        "H content: bomb in a drained body (CVE-2026-44432)",
        1,
        &["redirect::body::the_body_of_a_redirect"],
    ),
    (
        "H content: endless chain of encodings",
        2,
        &["decode::limits::chains_and_unknown_codings"],
    ),
    (
        "H content: truncated and concatenated members",
        3,
        &[
            "decode::truncated_anywhere",
            "decode::damaged_anywhere",
            "decode::members::concatenated_members",
        ],
    ),
    (
        "H redirect/auth: Authorization, Cookie, Proxy-Authorization, Referer to another origin/port/scheme",
        4,
        &[
            "redirect::credentials::credentials_stay_with_their_origin",
            "redirect::credentials::credentials_do_not_come_back",
            "auth::credentials_stay_with_their_origin",
        ],
    ),
    (
        "H redirect/auth: client certificate to another origin/port/scheme",
        0,
        &[
            "redirect::credentials::a_client_certificate_is_never_presented_to_another_origin_after_a_redirect",
            "tests/ntsim/tests/tls/clients.rs::a_client_certificate_is_never_presented_to_another_origin_after_a_redirect",
        ],
    ),
    (
        "H redirect/auth: Referer in the next request (CVE-2026-9546)",
        0,
        &["redirect::call::nothing_of_a_call_is_in_the_next_one"],
    ),
    (
        "H redirect/auth: https->http",
        1,
        &["redirect::policy::forbidden"],
    ),
    (
        "H redirect/auth: to file:, loopback, link-local, UNC-like hosts",
        5,
        &[
            "redirect::policy::forbidden",
            "redirect::reference::references_that_are_refused",
        ],
    ),
    (
        "H redirect/auth: userinfo, \\, @, #, tab, CR/LF, IDN, trailing dot, percent in host",
        8,
        &[
            "redirect::reference::references_that_are_refused",
            "url::refused",
        ],
    ),
    (
        "H redirect/auth: loop and limit",
        2,
        &["redirect::limit::the_limit", "redirect::limit::circles"],
    ),
    (
        "H redirect/auth: 307 with unreplayable body",
        1,
        &["redirect::body::streamed_bodies"],
    ),
    (
        "H redirect/auth: method change leaking body (CVE-2022-32221)",
        2,
        &[
            "redirect::body::methods",
            "redirect::credentials::credentials_stay_with_their_origin",
        ],
    ),
    (
        "H pool: connection reused across identity, TLS config, pin set, proxy, SNI",
        2,
        &[
            "pool::only_for_the_same_origin_and_key",
            "proxy::connections_are_not_shared_across_proxies",
            "tests/ntsim/tests/tls/requests.rs::pins",
            "tests/ntsim/tests/tls/clients.rs::client_certificates",
        ],
    ),
    (
        "H pool: unread body left",
        2,
        &["exchange::close::an_unread_body_is_not_pooled"],
    ),
    (
        "H pool: server data while idle",
        2,
        &["pool::a_peer_that_closes_or_speaks_while_idle"],
    ),
    (
        "H pool: close race retry of POST",
        7,
        &[
            "pool::no_retry_of_what_may_not_be_repeated",
            "pool::a_stale_connection_is_retried_once",
            "retry::methods",
        ],
    ),
];

/// Inputs that httparse takes, or is asked about, one case or more each.
const PROBES: &[&str] = &[
    "LF-only lines",
    "CRLF lines with LF-only blank line",
    "CRLF CRLF before status line",
    "status 000 / 999",
    "0x80 in reason or value",
    "two Content-Length",
    "chunk line empty",
    "FFFFFFFFFFFFFFFF",
    "5 and 5 tab before CRLF",
    "5;a=\"x",
    "5;\\0",
    "5;a\\n\\r\\n",
    "0x5 +5 _5, space 5, 17+ digits",
    "bare CR",
    "NUL/DEL in value",
    "obs-fold",
    "space before colon",
    "HTTP/1.2",
    "two spaces",
];

#[test]
fn every_line_is_tried() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut cases = named();
    let mut wrong = Vec::new();
    for (line, least, tests) in LINES {
        let count = cases.remove(*line).unwrap_or(0);
        if count < *least {
            wrong.push(format!("{line}: {count} cases, should be {least}"));
        }
        for test in *tests {
            if !exists(&root, test) {
                wrong.push(format!("{line}: there is no test {test}"));
            }
        }
    }
    for probe in PROBES {
        if cases.remove(&format!("probe: {probe}")).is_none() {
            wrong.push(format!("no case of the probe {probe}"));
        }
    }
    wrong.extend(
        cases
            .keys()
            .map(|name| format!("a case names {name:?}, which is no line")),
    );
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// How many cases name each attack.
fn named() -> BTreeMap<String, usize> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let mut named = BTreeMap::new();
    for file in files(&directory).unwrap() {
        let value: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        if let Some(attack) = value["attack"].as_str() {
            *named.entry(attack.to_owned()).or_default() += 1;
        }
    }
    named
}

fn exists(root: &Path, test: &str) -> bool {
    let (module, function) = test.rsplit_once("::").unwrap();
    let path = module.replace("::", "/");
    let files = match path.ends_with(".rs") {
        true => vec![root.join(path)],
        false => ["", "/mod"]
            .map(|end| root.join(format!("http/tests/suite/{path}{end}.rs")))
            .into(),
    };
    files
        .iter()
        .filter_map(|file| fs::read_to_string(file).ok())
        .any(|text| text.contains(&format!("fn {function}(")))
}
