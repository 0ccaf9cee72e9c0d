//! The time zone in which times are shown and entered.

use doorward_shared::Timestamp;
use jiff::tz::TimeZone;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Default for Zone {
    fn default() -> Self {
        Self::utc()
    }
}

impl Zone {
    pub const fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// The time zone of this system (`TZ` or `/etc/localtime`), or UTC if it is unknown.
    pub fn system() -> Self {
        Self(TimeZone::try_system().unwrap_or(TimeZone::UTC))
    }

    /// A time zone as POSIX describes it, such as `CET-1CEST,M3.5.0,M10.5.0/3`. `None` if the text is invalid.
    pub fn posix(text: &str) -> Option<Self> {
        TimeZone::posix(text).ok().map(Self)
    }

    /// Returns the offset from UTC in milliseconds at the given time.
    fn offset_ms(&self, at: Timestamp) -> i64 {
        let at = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or_default();
        i64::from(self.0.to_offset(at).seconds()).saturating_mul(1_000)
    }

    /// Shifts a time so that its UTC form shows the time of day in this zone.
    pub fn to_local(&self, at: Timestamp) -> Timestamp {
        at.plus_millis(self.offset_ms(at))
    }

    /// Reverses [`Self::to_local`]. If a clock change skips or repeats `local`, the zone determines whether the offset
    /// before or after the change is used.
    pub fn from_local(&self, local: Timestamp) -> Timestamp {
        let about = local.plus_millis(-self.offset_ms(local));
        local.plus_millis(-self.offset_ms(about))
    }

    /// Returns `UTC`, or the offset at the given time, such as `+01:00`.
    pub fn label(&self, at: Timestamp) -> String {
        if *self == Self::utc() {
            return "UTC".to_owned();
        }
        let minutes = self.offset_ms(at) / 60_000;
        let sign = if minutes < 0 { '-' } else { '+' };
        format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shifted_by_the_offset_of_their_season() {
        let zone = Zone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        for (utc, local, label) in [
            ("2026-11-25T23:30:00Z", "2026-11-26T00:30:00Z", "+01:00"),
            ("2026-07-01T23:30:00Z", "2026-07-02T01:30:00Z", "+02:00"),
        ] {
            let (utc, local): (Timestamp, Timestamp) = (utc.parse().unwrap(), local.parse().unwrap());
            assert_eq!(zone.to_local(utc), local);
            assert_eq!(zone.from_local(local), utc);
            assert_eq!(zone.label(utc), label);
        }
        assert_eq!(Zone::utc().label(Timestamp::from_millis(0)), "UTC");
        assert_eq!(Zone::posix("NST3:30").unwrap().label(Timestamp::from_millis(0)), "-03:30");
    }
}
