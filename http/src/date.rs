//! HTTP dates (RFC 9110 section 5.6.7).

use core::time::Duration;

/// The time since 1970 that an `HTTP-date` means: IMF-fixdate, or one of the two obsolete forms. The
/// day of the week is not checked. `now`, of the same clock, decides the century of two digits.
pub(crate) fn parse(text: &[u8], now: Duration) -> Option<Duration> {
    let text = core::str::from_utf8(text).ok()?;
    match text.split_once(", ") {
        Some((_, date)) => match date.split_once('-') {
            Some(_) => rfc850(date, now),
            None => imf_fixdate(date),
        },
        None => asctime(text),
    }
}

/// `06 Nov 1994 08:49:37 GMT`
fn imf_fixdate(date: &str) -> Option<Duration> {
    let mut words = date.strip_suffix(" GMT")?.split(' ');
    let (day, month, year) = (words.next()?, words.next()?, words.next()?);
    let time = words.next()?;
    let date = (number(year, 4)?, month_of(month)?, number(day, 2)?);
    words
        .next()
        .is_none()
        .then(|| seconds(date, clock(time)?))?
}

/// `06-Nov-94 08:49:37 GMT`
fn rfc850(date: &str, now: Duration) -> Option<Duration> {
    let (date, time) = date.strip_suffix(" GMT")?.split_once(' ')?;
    let mut parts = date.split('-');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let (day, month, year) = (number(day, 2)?, month_of(month)?, number(year, 2)?);
    if parts.next().is_some() {
        return None;
    }
    // More than 50 years in the future is the past.
    let this_year = now.as_secs().checked_div(YEAR)?.checked_add(1970)?;
    let century = this_year.checked_div(100)?.checked_mul(100)?;
    let mut full = century.checked_add(year)?;
    if full > this_year.checked_add(50)? {
        full = full.checked_sub(100)?;
    }
    seconds((full, month, day), clock(time)?)
}

/// `Sun Nov  6 08:49:37 1994`
fn asctime(text: &str) -> Option<Duration> {
    let mut words = text.split(' ').filter(|word| !word.is_empty());
    let (_, month, day) = (words.next()?, words.next()?, words.next()?);
    let (time, year) = (words.next()?, words.next()?);
    let date = (number(year, 4)?, month_of(month)?, number(day, day.len())?);
    words
        .next()
        .is_none()
        .then(|| seconds(date, clock(time)?))?
}

/// `hh:mm:ss`
fn clock(time: &str) -> Option<(u64, u64, u64)> {
    let mut parts = time.split(':').map(|part| number(part, 2));
    let time = (parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some(time)
}

/// The time since 1970 of a year, month (from 1) and day and an hour, minute and second.
pub(crate) fn seconds(
    (year, month, day): (u64, u64, u64),
    (hour, minute, second): (u64, u64, u64),
) -> Option<Duration> {
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let days = days(year, month, day)?;
    let hours = days.checked_mul(24)?.checked_add(hour)?;
    let minutes = hours.checked_mul(60)?.checked_add(minute)?;
    let seconds = minutes.checked_mul(60)?.checked_add(second)?;
    Some(Duration::from_secs(seconds))
}

/// Days from 1970-01-01 to a date of the Gregorian calendar that is not before it.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let length = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1970..=9999).contains(&year) || day == 0 || day > length {
        return None;
    }
    let before = year.checked_sub(1)?;
    let leaps = before
        .checked_div(4)?
        .checked_sub(before.checked_div(100)?)?
        .checked_add(before.checked_div(400)?)?;
    let index = usize::try_from(month.checked_sub(1)?).ok()?;
    let leap_day = u64::from(leap && month > 2);
    let in_year = BEFORE_MONTH.get(index)?.checked_add(leap_day)?;
    let years = before.checked_mul(365)?;
    let total = years.checked_add(leaps)?.checked_add(in_year)?;
    total.checked_add(day)?.checked_sub(DAYS_TO_1970)
}

/// The number of an English month's first three letters.
pub(crate) fn month_of(name: &str) -> Option<u64> {
    let at = MONTHS.iter().position(|month| *month == name)?;
    u64::try_from(at).ok()?.checked_add(1)
}

/// A number of exactly `digits` digits.
fn number(text: &str, digits: usize) -> Option<u64> {
    let is_number = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
/// Days of a common year before each month.
const BEFORE_MONTH: [u64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
/// Days from 0001-01-01, counted as 1, to 1970-01-01.
const DAYS_TO_1970: u64 = 719_163;
/// Seconds of a year of the Gregorian calendar, on average.
const YEAR: u64 = 31_556_952;
