//! h11, in a Python that has it: Debian's python3-h11, which `cargo xtask test` installs.

use std::io::Write;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::{Question, Response, View, compare, responses};

#[test]
fn the_corpus_and_by_chance() {
    let python = PYTHONS.iter().find(|python| has_h11(python));
    let python = python.expect("no Python here has h11: apt-get install python3-h11");
    let mut questions = responses::corpus();
    questions.extend(responses::random(3000));
    let views = ask(python, &questions);
    compare("h11", &questions, &views);
}

fn has_h11(python: &str) -> bool {
    let found = Command::new(python).args(["-c", "import h11"]).output();
    found.is_ok_and(|output| output.status.success())
}

fn ask(python: &str, questions: &[Question]) -> Vec<View> {
    let mut child = Command::new(python)
        .args(["-c", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines: Vec<_> = questions
        .iter()
        .map(|question| {
            let bytes = STANDARD.encode(&question.bytes);
            json!([question.method, bytes]).to_string()
        })
        .collect();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        stdin
            .write_all((lines.join("\n") + "\n").as_bytes())
            .unwrap();
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| view(&serde_json::from_str(line).unwrap()))
        .collect()
}

fn view(value: &Value) -> View {
    let decode = |value: &Value| STANDARD.decode(value.as_str().unwrap()).unwrap();
    let headers = value["headers"].as_array()?;
    Some(Response::new(
        u16::try_from(value["status"].as_u64()?).ok()?,
        headers.iter().map(|pair| {
            let name = String::from_utf8(decode(&pair[0])).unwrap();
            (name, decode(&pair[1]))
        }),
        decode(&value["body"]),
    ))
}

/// Another one than Debian's may come first.
const PYTHONS: &[&str] = &["python3", "/usr/bin/python3"];

/// Reads lines `["METHOD", "base64"]`, writes a line with the response or `null` for each.
const SCRIPT: &str = r#"
import base64, json, sys
import h11

def view(method, data):
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=65536)
    connection.send(h11.Request(method=method, target="/", headers=[("Host", "a.test")]))
    connection.send(h11.EndOfMessage())
    response, body = None, b""
    try:
        connection.receive_data(data)
        ended = False
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                if ended:
                    return None
                connection.receive_data(b"")
                ended = True
            elif type(event) is h11.Response:
                response = event
            elif type(event) is h11.Data:
                body += bytes(event.data)
            elif type(event) is h11.EndOfMessage:
                break
            elif type(event) is not h11.InformationalResponse:
                return None
    except h11.RemoteProtocolError:
        return None
    encode = lambda part: base64.b64encode(bytes(part)).decode()
    headers = [[encode(name), encode(value)] for name, value in response.headers]
    return {"status": response.status_code, "headers": headers, "body": encode(body)}

for line in sys.stdin:
    method, data = json.loads(line)
    print(json.dumps(view(method, base64.b64decode(data))))
"#;
