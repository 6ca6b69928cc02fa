//! Request messages that break the contract.

use anyhow::{Context as _, Result, ensure};
use wskhttp_abi::{Request, RequestFlags, RequestHeader};

use super::output::untouched_by;
use crate::Context;
use crate::message::{encode, finish, send, status};
use crate::random::Random;

/// 2,000 mutations of valid messages. The parser of the contract says which must be refused.
pub(super) fn messages(context: &Context) -> Result<()> {
    let mut random = Random::new(context.seed);
    let templates = templates()?;
    let mut device = context.device()?;
    let (mut refused, mut taken) = (0, 0);
    while refused + taken < ROUNDS {
        let input = mutate(&templates[random.below(templates.len())], &mut random);
        let verdict = match Request::parse(&input) {
            // Only a target that refuses at once.
            Ok(request) if request.url != TARGET => continue,
            verdict => verdict.map(drop),
        };
        let sent = input.clone();
        let done = finish(&mut device, send(input, vec![POISON; 512]))
            .with_context(|| format!("message {sent:02x?}"))?;
        untouched_by(&done, POISON)?;
        ensure!(
            done.is_error() && done.information == 0,
            "status 0x{:08X}, {} bytes: {sent:02x?}",
            done.status,
            done.information
        );
        match verdict {
            Err(error) => {
                refused += 1;
                ensure!(
                    matches!(
                        done.status,
                        status::INVALID_PARAMETER | status::BUFFER_TOO_SMALL
                    ),
                    "status 0x{:08X} where {error}: {sent:02x?}",
                    done.status
                );
            }
            Ok(()) => {
                taken += 1;
                // Such a request has failed, not its message.
                ensure!(
                    device.failure()?.is_some(),
                    "refused without a reason, 0x{:08X}: {sent:02x?}",
                    done.status
                );
            }
        }
    }
    println!("{refused} refused, {taken} taken");
    ensure!(
        refused > ROUNDS / 2 && taken > 0,
        "the mutations are one-sided"
    );
    Ok(())
}

fn templates() -> Result<Vec<Vec<u8>>> {
    let plain = Request {
        method: "GET",
        url: TARGET,
        connect_timeout_ms: 5000,
        total_timeout_ms: 5000,
        ..Request::default()
    };
    let rich = Request {
        method: "POST",
        headers: b"Accept: */*\r\nX-One: 1\r\n",
        body: b"some body",
        roots: &[0x30, 0x03, 0x02, 0x01, 0x05],
        flags: RequestFlags::WHOLE_BODY,
        options: Some(wskhttp_client::abi::Options {
            flags: wskhttp_client::abi::OptionFlags::FOLLOW,
            bypass: "*",
            ..Default::default()
        }),
        ..plain
    };
    let streamed = Request {
        flags: RequestFlags::STREAM_BODY,
        body_length: RequestHeader::CHUNKED,
        body: b"",
        ..rich
    };
    [plain, rich, streamed].iter().map(encode).collect()
}

fn mutate(template: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = template.to_vec();
    for _ in 0..=random.below(3) {
        if bytes.is_empty() {
            break;
        }
        let fixed = size_of::<RequestHeader>().min(bytes.len());
        match random.below(8) {
            // A bit, a byte or a word of the fixed part.
            0 => bytes[random.below(fixed)] ^= 1 << random.below(8),
            1 => bytes[random.below(fixed)] = random.next() as u8,
            2 | 3 => {
                let at = random.below(fixed.div_ceil(4)) * 4;
                let value = EDGES[random.below(EDGES.len())].to_le_bytes();
                for (to, from) in bytes.iter_mut().skip(at).zip(value) {
                    *to = from;
                }
            }
            // The variable part.
            4 => {
                let at = random.below(bytes.len());
                bytes[at] = random.next() as u8;
            }
            // The length, with the size that tells it or without.
            5 => bytes.truncate(random.below(bytes.len())),
            6 => {
                bytes.truncate(random.below(bytes.len()));
                set_size(&mut bytes);
            }
            _ => {
                let more = random.below(64);
                bytes.extend(random.bytes(more));
                if random.below(2) == 0 {
                    set_size(&mut bytes);
                }
            }
        }
    }
    bytes
}

fn set_size(bytes: &mut [u8]) {
    let size = (bytes.len() as u32).to_le_bytes();
    for (to, from) in bytes.iter_mut().zip(size) {
        *to = from;
    }
}

const ROUNDS: usize = 2000;
const POISON: u8 = 0xA5;
/// Nothing listens on port 1.
const TARGET: &str = "http://127.0.0.1:1/";
const EDGES: [u32; 9] = [
    0,
    1,
    71,
    72,
    73,
    0x7FFF_FFFF,
    0x8000_0000,
    0xFFFF_FFFE,
    u32::MAX,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mutations_break_every_kind_of_rule() {
        let mut random = Random::new(1);
        let templates = templates().unwrap();
        for template in &templates {
            assert!(Request::parse(template).is_ok());
        }
        let (mut taken, mut refused) = (0, std::collections::HashSet::new());
        for _ in 0..ROUNDS {
            let input = mutate(&templates[random.below(templates.len())], &mut random);
            match Request::parse(&input) {
                Ok(_) => taken += 1,
                Err(error) => {
                    refused.insert(error.field.name());
                }
            }
        }
        assert!(taken > 0 && taken < ROUNDS / 2, "{taken} taken");
        for field in [
            "message", "size", "version", "flags", "method", "url", "roots", "options",
        ] {
            assert!(
                refused.contains(field),
                "{field} was never at fault: {refused:?}"
            );
        }
    }
}
