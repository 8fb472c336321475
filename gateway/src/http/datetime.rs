//! Dates as the legacy МАК writes and reads them: naive ISO, always UTC.

use engine::Moment;
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

/// `2022-02-03T16:31:16`, and the suffix that the installation wants after it.
pub fn write(at: Moment, suffix: &str) -> String {
    let nanos = i128::from(at.0) * 1_000_000;
    let Ok(t) = OffsetDateTime::from_unix_timestamp_nanos(nanos) else {
        return String::new();
    };
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{suffix}",
        t.year(),
        u8::from(t.month()),
        t.day(),
        t.hour(),
        t.minute(),
        t.second()
    )
}

/// Reads `2022-02-03`, `2022-02-03 16:31`, `2022-02-03T16:31:16.5`, with or without `Z` or an
/// offset; without one it is UTC. `None` for anything else and for dates that do not exist.
pub fn read(text: &str) -> Option<Moment> {
    let text = text.trim();
    // Every separator stands at a fixed place; what is not ASCII cannot be a date.
    if !text.is_ascii() || text.len() < 10 || text.len() > 40 {
        return None;
    }
    let (date, rest) = text.split_at(10);
    let date = read_date(date)?;
    let (time, offset) = match rest.strip_prefix(['T', 't', ' ']) {
        Some(rest) => split_offset(rest)?,
        None if rest.is_empty() => ("00:00", UtcOffset::UTC),
        None => return None,
    };
    let at = PrimitiveDateTime::new(date, read_time(time)?).assume_offset(offset);
    i64::try_from(at.unix_timestamp_nanos().div_euclid(1_000_000)).ok().map(Moment)
}

fn read_date(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let year = digits(parts.next()?, 4)?;
    let month = Month::try_from(u8::try_from(digits(parts.next()?, 2)?).ok()?).ok()?;
    let day = u8::try_from(digits(parts.next()?, 2)?).ok()?;
    let year = i32::try_from(year).ok()?;
    parts.next().is_none().then(|| Date::from_calendar_date(year, month, day).ok())?
}

fn read_time(text: &str) -> Option<Time> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let mut parts = clock.split(':');
    let mut two = |required: bool| match parts.next() {
        Some(part) => u8::try_from(digits(part, 2)?).ok(),
        None => (!required).then_some(0),
    };
    let (hour, minute, second) = (two(true)?, two(true)?, two(false)?);
    if parts.next().is_some() || fraction.is_empty() || fraction.len() > 9 {
        return None;
    }
    let nanos = digits(fraction, fraction.len())?;
    let scale = 10_u32.pow(9 - u32::try_from(fraction.len()).ok()?);
    Time::from_hms_nano(hour, minute, second, nanos * scale).ok()
}

/// The time and its offset; a `+` that a query turned into a space is an offset too.
fn split_offset(text: &str) -> Option<(&str, UtcOffset)> {
    if let Some(time) = text.strip_suffix(['Z', 'z']) {
        return Some((time, UtcOffset::UTC));
    }
    let Some(at) = text.find(['+', '-', ' ']) else { return Some((text, UtcOffset::UTC)) };
    let (time, offset) = text.split_at(at);
    let sign: i8 = if offset.starts_with('-') { -1 } else { 1 };
    let plain: String = offset[1..].chars().filter(|c| *c != ':').collect();
    let hours = i8::try_from(digits(plain.get(..2)?, 2)?).ok()?;
    let minutes = match plain.get(2..)? {
        "" => 0,
        minutes => i8::try_from(digits(minutes, 2)?).ok()?,
    };
    let offset = UtcOffset::from_hms(sign * hours, sign * minutes, 0).ok()?;
    Some((time, offset))
}

fn digits(text: &str, len: usize) -> Option<u32> {
    let plain = text.len() == len && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_every_reasonable_form() {
        for text in [
            "2022-02-03T16:31:16",
            "2022-02-03 16:31:16",
            " 2022-02-03t16:31:16z ",
            "2022-02-03T16:31:16Z",
            "2022-02-03T16:31:16.000",
            "2022-02-03T19:31:16+03:00",
            "2022-02-03T19:31:16 03:00",
            "2022-02-03T19:31:16+0300",
            "2022-02-03T19:31:16+03",
            "2022-02-03T11:01:16-05:30",
        ] {
            assert_eq!(read(text), Some(Moment(1_643_905_876_000)), "{text}");
        }
        assert_eq!(read("2022-02-03"), Some(Moment(1_643_846_400_000)));
        assert_eq!(read("2022-02-03T16:31"), Some(Moment(1_643_905_860_000)));
        assert_eq!(read("2022-02-03T16:31:16.25"), Some(Moment(1_643_905_876_250)));
        assert_eq!(read("1969-12-31T23:59:59.9"), Some(Moment(-100)));
    }

    #[test]
    fn refuses_what_is_no_date() {
        for text in [
            "",
            "now",
            "1643905876",
            "2022-02-30",
            "2022-13-01",
            "2022-2-3",
            "2022-02-03T",
            "2022-02-03T25:00",
            "2022-02-03T16",
            "2022-02-03T16:31:60",
            "2022-02-03T16:31:16.",
            "2022-02-03T16:31:16.1234567890",
            "2022-02-03T16:31:16+3",
            "2022-02-03T16:31:16+99:00",
            "2022-02-03T16:31:16:00",
            "2022-02-03T+6:31:16",
            "２０２２-02-03",
            "02022-02-03T16:31:16",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(seconds in 0..4_102_444_800_i64) {
            let at = Moment(seconds * 1_000);
            prop_assert_eq!(read(&write(at, "")), Some(at));
            prop_assert_eq!(read(&write(at, "Z")), Some(at));
        }

        #[test]
        fn nothing_brings_it_down(text in "\\PC{0,40}|[0-9T: .+Z-]{0,30}") {
            let _ = read(&text);
        }
    }
}
