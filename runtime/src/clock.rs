//! Time at the rim: one monotonic clock that all processes of a host share, and the wall clock.
//!
//! The core takes the time as a parameter; only the daemon's loops read it, and they read it here.

use fieldrun_device::Micros;
use std::time::{SystemTime, UNIX_EPOCH};

/// Time on the host's monotonic clock (`CLOCK_MONOTONIC`).
///
/// All processes of one host read the same clock, so time stamps of several daemons on one host can
/// be compared. It never goes back.
pub fn now_micros() -> Micros {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let micros = u64::try_from(time.tv_nsec).unwrap_or(0) / 1_000;
    Micros(seconds.saturating_mul(1_000_000).saturating_add(micros))
}

/// Milliseconds since 1970 on the wall clock: for people, never for decisions.
pub fn wall_millis() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// A date and time in UTC such as `2026-11-21T08:30:00Z`.
///
/// `seconds` counts from 1970 without leap seconds; the proleptic Gregorian calendar applies.
pub fn utc(seconds: i64) -> String {
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil_date(days);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Year, month and day of a number of days since 1970-01-01.
///
/// Counts from a 1st of March, so that the leap day is the last of its year, in eras of 400 years.
fn civil_date(days: i64) -> (i64, i64, i64) {
    const DAYS_FROM_MARCH_OF_YEAR_0: i64 = 719_468;
    const DAYS_PER_ERA: i64 = 146_097;
    let days = days.saturating_add(DAYS_FROM_MARCH_OF_YEAR_0);
    let (era, day_of_era) = (days.div_euclid(DAYS_PER_ERA), days.rem_euclid(DAYS_PER_ERA));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_the_calendar() {
        assert_eq!(utc(0), "1970-01-01T00:00:00Z");
        assert_eq!(utc(951_782_399), "2000-02-28T23:59:59Z");
        assert_eq!(utc(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(utc(1_795_220_188), "2026-11-21T00:16:28Z");
        assert_eq!(utc(-1), "1969-12-31T23:59:59Z");
        assert_eq!(utc(4_107_542_400), "2100-03-01T00:00:00Z");
    }

    #[test]
    fn the_clock_moves_forward() {
        let first = now_micros();
        assert!(first.0 > 0);
        assert!(now_micros() >= first);
    }
}
