//! Dates of cookies.

use core::ops::RangeInclusive;
use core::time::Duration;

use crate::date;

/// RFC 6265 section 5.1.1: day, month, year and time in any order. What was before 1970 is 1970.
pub(crate) fn cookie_date(value: &str) -> Option<Duration> {
    let (mut day, mut month, mut year, mut time) = (None, None, None, None);
    for token in value.split(is_delimiter).filter(|token| !token.is_empty()) {
        match () {
            () if time.is_none() && clock_time(token).is_some() => time = clock_time(token),
            () if day.is_none() && leading(token, 1..=2).is_some() => day = leading(token, 1..=2),
            () if month.is_none() && token.get(..3).and_then(month_of).is_some() => {
                month = token.get(..3).and_then(month_of);
            }
            () if year.is_none() => year = leading(token, 2..=4),
            () => {}
        }
    }
    let year = match year? {
        year @ 70..=99 => year.checked_add(1900)?,
        year @ 0..=69 => year.checked_add(2000)?,
        year => year,
    };
    let (month, day, time) = (month?, day?, time?);
    match year {
        ..=1600 => None,
        // Only whether there is such a day.
        1601..=1969 => {
            date::seconds((year.checked_add(400)?, month, day), time).map(|_| Duration::ZERO)
        }
        _ => date::seconds((year, month, day), time),
    }
}

const fn is_delimiter(c: char) -> bool {
    matches!(c, '\t' | ' '..='/' | ';'..='@' | '['..='`' | '{'..='~')
}

/// `1*2DIGIT ":" 1*2DIGIT ":" 1*2DIGIT`, and then perhaps what does not begin with a digit.
fn clock_time(token: &str) -> Option<(u64, u64, u64)> {
    let mut parts = token.splitn(3, ':');
    let mut whole = || {
        let part = parts.next()?;
        leading(part, 1..=2).filter(|_| part.len() <= 2 && part.bytes().all(|b| b.is_ascii_digit()))
    };
    let (hour, minute) = (whole()?, whole()?);
    let second = leading(parts.next()?, 1..=2)?;
    (hour <= 23 && minute <= 59 && second <= 59).then_some((hour, minute, second))
}

/// The number of so many digits with which a token begins.
fn leading(token: &str, digits: RangeInclusive<usize>) -> Option<u64> {
    let count = token.bytes().take_while(u8::is_ascii_digit).count();
    let number = token.get(..count).filter(|_| digits.contains(&count))?;
    number.parse().ok()
}

/// The number of a month in any case.
fn month_of(name: &str) -> Option<u64> {
    let mut proper = [0; 3];
    for (at, (to, from)) in proper.iter_mut().zip(name.bytes()).enumerate() {
        *to = match at {
            0 => from.to_ascii_uppercase(),
            _ => from.to_ascii_lowercase(),
        };
    }
    date::month_of(core::str::from_utf8(&proper).ok()?)
}
