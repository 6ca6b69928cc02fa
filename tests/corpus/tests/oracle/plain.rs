//! Responses that nobody may refuse, told by a reader of their own.

use crate::Question;

/// Whether a response is as ordinary as can be: one head, perhaps one interim before, simple fields, at
/// most one that frames, and a body that is complete, whose chunks have neither extensions nor trailers.
pub(crate) fn is_plain(question: &Question) -> bool {
    let text = String::from_utf8_lossy(&question.bytes);
    let text = text
        .strip_prefix("HTTP/1.1 100 Continue\r\n\r\n")
        .unwrap_or(&text);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let mut lines = head.split("\r\n");
    let Some((version, status)) = lines.next().and_then(status_line) else {
        return false;
    };
    let (mut lengths, mut codings, mut count) = (Vec::new(), 0, 0);
    for line in lines {
        let Some((name, value)) = field(line) else {
            return false;
        };
        count += 1;
        match name.to_ascii_lowercase().as_str() {
            "content-length" => match value.len() <= 19 && value.bytes().all(is_digit) {
                true => lengths.push(value.parse::<usize>().unwrap_or(usize::MAX)),
                false => return false,
            },
            "transfer-encoding" if version == '1' && value == "chunked" => codings += 1,
            "transfer-encoding" => return false,
            _ => {}
        }
    }
    let is_bodiless = question.method == "HEAD" || matches!(status, 204 | 304);
    count <= 100
        && match (lengths[..].as_ref(), codings) {
            ([] | [_], 0) | ([], 1) if is_bodiless => body.is_empty(),
            ([], 0) => true,
            ([length], 0) => body.len() == *length,
            ([], 1) => is_plain_chunked(body),
            _ => false,
        }
}

/// Minor version and status of `HTTP/1.x NNN Reason`.
fn status_line(line: &str) -> Option<(char, u16)> {
    let rest = line.strip_prefix("HTTP/1.")?;
    let version = rest.chars().next().filter(|digit| "01".contains(*digit))?;
    let (status, reason) = rest.get(1..)?.strip_prefix(' ')?.split_once(' ')?;
    let plain = status.len() == 3
        && reason
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == ' ');
    let status = status
        .parse()
        .ok()
        .filter(|status| (200..=999).contains(status))?;
    plain.then_some((version, status))
}

fn field(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    let value = value.trim_matches([' ', '\t']);
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let plain = !name.is_empty()
        && name.bytes().all(is_name)
        && value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    plain.then_some((name, value))
}

fn is_plain_chunked(mut body: &str) -> bool {
    loop {
        let Some((size, rest)) = body.split_once("\r\n") else {
            return false;
        };
        if !(1..=8).contains(&size.len()) || !size.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return false;
        }
        let size = usize::from_str_radix(size, 16).unwrap_or(usize::MAX);
        if size == 0 {
            return rest == "\r\n";
        }
        match rest.get(size..).and_then(|rest| rest.strip_prefix("\r\n")) {
            Some(next) => body = next,
            None => return false,
        }
    }
}

fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit()
}
