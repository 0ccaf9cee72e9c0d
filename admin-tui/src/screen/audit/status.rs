//! The status of a log, which says whether it follows the newest entries.

use doorward_shared::{AuditId, Timestamp};

use super::Audit;
use crate::{api::Total, time_format, ui::Tone};

/// Time without a response, in milliseconds, after which a log is no longer shown as live.
const SILENT_MS: i64 = 5_000;

impl Audit {
    /// Returns the time that the search for older entries has reached. `None` if the search has reached only the oldest
    /// row, or has reached the end of the log.
    pub(super) fn searched_back_to(&self) -> Option<Timestamp> {
        let last = self.log.oldest();
        self.older.filter(|older| Some(*older) != last).map(AuditId::time)
    }

    pub(super) fn live_status(&self) -> (String, Tone) {
        let (mut text, tone) = match self.missed.filter(|missed| missed.number() > 0) {
            _ if self.error.is_some() => ("not live: the last request failed".to_owned(), Tone::Bad),
            Some(missed) if self.paused => (format!("paused · {missed} new"), Tone::Warn),
            _ if self.paused => ("paused".to_owned(), Tone::Warn),
            _ if self.has_ended => ("not live: the filter ends in the past".to_owned(), Tone::Warn),
            _ if self.silence > SILENT_MS => {
                (format!("no response for {}", time_format::duration(self.silence)), Tone::Warn)
            }
            _ => ("live".to_owned(), Tone::Good),
        };
        if self.passed_over > 0 && !self.paused {
            text = format!("{text} · {} passed over", Total::Exact(self.passed_over));
        }
        if let Some(time) = self.searched_back_to() {
            let (at, zone) = (time_format::date_time(self.zone.to_local(time)), self.zone.label(time));
            text = format!("{text} · searched back to {at} {zone}");
        }
        (text, tone)
    }
}
