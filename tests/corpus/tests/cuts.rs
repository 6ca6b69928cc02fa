//! Every response of the corpus, cut off at every byte.

use std::path::Path;

use wskhttp_core::io::Kind;
use wskhttp_corpus::{Ending, Write, files, play, read_file};
use wskhttp_http::CloseReason;

#[test]
fn fin_and_rst_at_every_byte() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let (mut cases, mut cuts) = (0, 0);
    for file in files(&directory).unwrap() {
        for case in read_file(&file, &file.display().to_string()).unwrap() {
            let length = case.sent().len();
            if length > 2000 {
                continue;
            }
            let Some(open) = case.cut(length, Ending::Open) else {
                continue;
            };
            // Kept: all that came is of a complete response, so that less of it is none.
            let is_sized = play(&open, Write::All).seen[0].kept;
            let ends_at_fin = {
                let case = case.cut(length, Ending::Fin).unwrap();
                play(&case, Write::All).seen[0].closed == Some(CloseReason::UntilClose)
            };
            if !is_sized && !ends_at_fin {
                continue;
            }
            cases += 1;
            for at in 0..length {
                cuts += 1;
                let name = format!("{} cut at {at}", case.name);
                let fin = play(&case.cut(at, Ending::Fin).unwrap(), Write::All)
                    .seen
                    .remove(0);
                let expected = match (fin.status, at, ends_at_fin) {
                    (Some(_), _, true) => None,
                    (Some(_), ..) => Some(Kind::BodyTruncated),
                    (None, 0, _) => Some(Kind::EmptyResponse),
                    (None, ..) => Some(Kind::HeadTruncated),
                };
                assert_eq!(fin.error.map(|error| error.kind), expected, "{name}, FIN");
                assert!(!fin.kept, "{name}, FIN");
                let rst = play(&case.cut(at, Ending::Reset).unwrap(), Write::All)
                    .seen
                    .remove(0);
                let kind = rst.error.map(|error| error.kind);
                assert_eq!(kind, Some(Kind::ConnectionReset), "{name}, RST");
                assert!(!rst.kept, "{name}, RST");
            }
        }
    }
    assert!(cases >= 60 && cuts >= 4000, "{cases} cases, {cuts} cuts");
}
