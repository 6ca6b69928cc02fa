//! Control codes and buffer lengths.

use anyhow::{Result, ensure};
use wskhttp_abi::{
    CookiesHeader, Failure, IOCTL_WSKHTTP_QUERY_COOKIES, IOCTL_WSKHTTP_QUERY_FAILURE,
    IOCTL_WSKHTTP_QUERY_PEER, IOCTL_WSKHTTP_QUERY_STATUS, IOCTL_WSKHTTP_RECEIVE_RESPONSE,
    IOCTL_WSKHTTP_SEND_REQUEST, RequestFlags, RequestHeader, Status,
};
use wskhttp_client::{Completion, Operation};

use super::output::untouched_by;
use crate::Context;
use crate::message::{FIXED, finish, get, send, status};
use crate::random::Random;

/// Every code with inputs and outputs at the edges of what it takes.
pub(super) fn lengths(context: &Context) -> Result<()> {
    let refusals = [status::INVALID_PARAMETER, status::BUFFER_TOO_SMALL];
    for input in edges(size_of::<RequestHeader>()) {
        for output in edges(FIXED) {
            let done = ioctl(context, IOCTL_WSKHTTP_SEND_REQUEST, input, output)?;
            one_of(&done, &refusals, "SEND_REQUEST of zeros")?;
            let done = ioctl(context, IOCTL_WSKHTTP_RECEIVE_RESPONSE, input, output)?;
            let idle = [status::INVALID_DEVICE_STATE, refusals[0], refusals[1]];
            one_of(&done, &idle, "RECEIVE_RESPONSE without a request")?;
        }
        for output in edges(size_of::<Status>()) {
            let done = ioctl(context, IOCTL_WSKHTTP_QUERY_STATUS, input, output)?;
            if output < size_of::<Status>() {
                one_of(&done, &refusals, "QUERY_STATUS, too short")?;
            } else if input == 0 {
                one_of(&done, &[status::SUCCESS], "QUERY_STATUS")?;
                ensure!(
                    done.information == size_of::<Status>(),
                    "QUERY_STATUS: length"
                );
            } else {
                one_of(
                    &done,
                    &[status::SUCCESS, refusals[0]],
                    "QUERY_STATUS with input",
                )?;
            }
        }
        for output in edges(size_of::<CookiesHeader>()) {
            let done = ioctl(context, IOCTL_WSKHTTP_QUERY_COOKIES, input, output)?;
            let (expected, written) = match output < size_of::<CookiesHeader>() {
                true => (status::BUFFER_TOO_SMALL, 0),
                false => (status::SUCCESS, size_of::<CookiesHeader>()),
            };
            one_of(&done, &[expected], "QUERY_COOKIES without cookies")?;
            ensure!(done.information == written, "QUERY_COOKIES: length");
        }
        for output in edges(size_of::<Failure>()) {
            let done = ioctl(context, IOCTL_WSKHTTP_QUERY_FAILURE, input, output)?;
            let none = [status::NOT_FOUND, refusals[0], refusals[1]];
            one_of(&done, &none, "QUERY_FAILURE without a failure")?;
        }
    }
    for output in edges(FIXED) {
        let input = get(context, "/bytes/10", RequestFlags::WHOLE_BODY)?;
        let done = finish(&mut context.device()?, send(input, vec![POISON; output]))?;
        untouched_by(&done, POISON)?;
        let expected = if output < FIXED {
            status::BUFFER_TOO_SMALL
        } else {
            status::BUFFER_OVERFLOW
        };
        one_of(&done, &[expected], "SEND_REQUEST with little room")?;
    }
    Ok(())
}

/// Codes that are not ours.
pub(super) fn unknown(context: &Context) -> Result<()> {
    let mut random = Random::new(context.seed);
    let mut codes: Vec<u32> = (0..4)
        .flat_map(|method| (0x806..0x810).map(move |function| code(0x12, 3, function, method)))
        .collect();
    // Our functions, but another method or access.
    for function in 0x800..0x806 {
        for (access, method) in (0..4).flat_map(|access| (0..4).map(move |m| (access, m))) {
            codes.push(code(0x12, access, function, method));
        }
    }
    for _ in 0..100 {
        let function = 0x800 + random.below(0x800) as u32;
        codes.push(code(0x22, 3, function, random.below(4) as u32));
    }
    codes.retain(|code| !OURS.contains(code));
    for code in codes {
        for length in [0, 1, 512] {
            let done = ioctl(context, code, length, length)?;
            one_of(
                &done,
                &[status::INVALID_DEVICE_REQUEST],
                &format!("code 0x{code:08X}"),
            )?;
        }
    }
    Ok(())
}

/// Runs a control code with zeros as input.
fn ioctl(context: &Context, code: u32, input: usize, output: usize) -> Result<Completion> {
    let operation = Operation::Ioctl {
        code,
        input: vec![0; input],
        output: vec![POISON; output],
    };
    let done = finish(&mut context.device()?, operation)?;
    ensure!(
        !done.is_error() || done.information == 0,
        "code 0x{code:08X}: an error with information {}",
        done.information
    );
    untouched_by(&done, POISON)?;
    Ok(done)
}

fn one_of(done: &Completion, expected: &[i32], what: &str) -> Result<()> {
    ensure!(
        expected.contains(&done.status),
        "{what}: status 0x{:08X}, input {}, output {}",
        done.status,
        done.input.len(),
        done.output.len()
    );
    Ok(())
}

const fn edges(length: usize) -> [usize; 5] {
    [0, 1, length - 1, length, length + 1]
}

const fn code(device: u32, access: u32, function: u32, method: u32) -> u32 {
    device << 16 | access << 14 | function << 2 | method
}

const POISON: u8 = 0xA5;
const OURS: [u32; 6] = [
    IOCTL_WSKHTTP_SEND_REQUEST,
    IOCTL_WSKHTTP_RECEIVE_RESPONSE,
    IOCTL_WSKHTTP_QUERY_FAILURE,
    IOCTL_WSKHTTP_QUERY_STATUS,
    IOCTL_WSKHTTP_QUERY_PEER,
    IOCTL_WSKHTTP_QUERY_COOKIES,
];
