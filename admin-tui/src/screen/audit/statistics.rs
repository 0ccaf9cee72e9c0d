//! Statistics of the loaded entries: their distribution over time, and the most frequent values.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

use doorward_shared::{Timestamp, audit::AdminAuditLogItem};

/// A property of audit entries whose most frequent values can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Property {
    Code,
    User,
    Address,
    Type,
    Credential,
    ApiKey,
    Model,
}

impl Property {
    pub(super) const ALL: [Self; 7] =
        [Self::Code, Self::User, Self::Address, Self::Type, Self::Credential, Self::ApiKey, Self::Model];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::User => "user",
            Self::Address => "address",
            Self::Type => "type",
            Self::Credential => "credential",
            Self::ApiKey => "key",
            Self::Model => "model",
        }
    }

    /// Returns the field of the search language; `None` if entries cannot be filtered by this property.
    pub(super) const fn field(self) -> Option<&'static str> {
        match self {
            Self::Code => Some("code"),
            Self::User => Some("user"),
            Self::Address => Some("ip"),
            Self::Type => Some("type"),
            Self::Credential => Some("cred"),
            Self::ApiKey => Some("key"),
            Self::Model => None,
        }
    }

    fn value(self, row: &AdminAuditLogItem) -> Option<Cow<'_, str>> {
        let entry = &row.entry;
        let value = match self {
            Self::Code => entry.error_code.as_deref(),
            Self::User => entry.actor_user_id.as_deref(),
            Self::Address => Some(entry.meta_source_ip.as_str()),
            Self::Type => Some(entry.kind.as_str()),
            Self::Credential => entry.credential_id.as_deref(),
            Self::ApiKey => return entry.api_key_id.map(|id| id.to_string().into()),
            Self::Model => {
                let detail = entry.detail.as_ref()?;
                detail.get("model").or(detail.get("aaguid"))?.as_str()
            }
        };
        value.filter(|value| !value.is_empty()).map(Cow::Borrowed)
    }
}

/// Returns the values of a property, each with the number of its entries, most frequent first.
pub(super) fn top<'a>(
    rows: impl IntoIterator<Item = &'a AdminAuditLogItem>,
    property: Property,
) -> Vec<(Cow<'a, str>, u64)> {
    let mut counts: HashMap<Cow<'a, str>, u64> = HashMap::new();
    for value in rows.into_iter().filter_map(|row| property.value(row)) {
        *counts.entry(value).or_default() += 1;
    }
    let mut top: Vec<_> = counts.into_iter().collect();
    top.sort_by(|(a, more), (b, less)| less.cmp(more).then(a.cmp(b)));
    top
}

/// Numbers of entries in intervals of equal length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Histogram {
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
    /// Length of an interval in milliseconds.
    pub(super) interval: i64,
    /// Numbers of succeeded and refused entries in each interval, oldest interval first.
    pub(super) counts: Vec<(u64, u64)>,
}

impl Histogram {
    /// Counts entries in at most `intervals` intervals. `None` without entries.
    pub(super) fn of<'a>(
        rows: impl IntoIterator<Item = &'a AdminAuditLogItem> + Clone,
        intervals: usize,
    ) -> Option<Self> {
        let times = rows.clone().into_iter().map(|row| row.entry.created_at.millis());
        let (start, end) = times.fold(None, |range: Option<(i64, i64)>, at| {
            Some(range.map_or((at, at), |(start, end)| (start.min(at), end.max(at))))
        })?;
        let intervals = i64::try_from(intervals.max(1)).unwrap_or(i64::MAX);
        let interval = (end - start) / intervals + 1;
        let mut counts: BTreeMap<i64, (u64, u64)> = BTreeMap::new();
        for row in rows {
            let at = (row.entry.created_at.millis() - start) / interval;
            let (succeeded, refused) = counts.entry(at).or_default();
            *(if row.entry.kind.is_failure() { refused } else { succeeded }) += 1;
        }
        let last = (end - start) / interval;
        let counts = (0..=last).map(|at| counts.get(&at).copied().unwrap_or_default()).collect();
        Some(Self { start: Timestamp::from_millis(start), end: Timestamp::from_millis(end), interval, counts })
    }

    pub(super) fn totals(&self) -> (u64, u64) {
        self.counts.iter().fold((0, 0), |(a, b), (succeeded, refused)| (a + succeeded, b + refused))
    }
}

#[cfg(test)]
mod tests {
    use doorward_shared::{AuditId, AuditType, TenantId, audit::AuditLogItem};
    use uuid::Uuid;

    use super::*;

    fn entry(at: i64, user: &str, code: Option<&str>) -> AdminAuditLogItem {
        let kind = match code {
            Some(_) => AuditType::MfaAuthenticationFinalFailed,
            None => AuditType::MfaAuthenticationFinalSucceeded,
        };
        let entry = AuditLogItem {
            id: AuditId::new(Uuid::nil()),
            kind,
            error: None,
            error_code: code.map(str::to_owned),
            meta_http_request_id: String::new(),
            meta_source_ip: "192.0.2.1".to_owned(),
            meta_user_agent: String::new(),
            actor_user_id: Some(user.to_owned()),
            credential_id: None,
            api_key_id: None,
            detail: code.map(|_| serde_json::json!({ "aaguid": "ee88" })),
            created_at: Timestamp::from_millis(at),
            updated_at: Timestamp::from_millis(at),
            tenant_id: TenantId::INSTALLATION,
            transaction_id: None,
        };
        AdminAuditLogItem { entry, tenant_name: None }
    }

    #[test]
    fn most_frequent_values_come_first() {
        let rows =
            [entry(0, "bob", None), entry(1, "alice", Some("x")), entry(2, "carol", None), entry(3, "bob", None)];
        assert_eq!(top(&rows, Property::User), [("bob".into(), 3 - 1), ("alice".into(), 1), ("carol".into(), 1)]);
        assert_eq!(top(&rows, Property::Code), [("x".into(), 1)]);
        assert_eq!(top(&rows, Property::Model), [("ee88".into(), 1)]);
        assert_eq!(top(&rows, Property::Credential), []);
    }

    #[test]
    fn every_entry_is_in_one_interval() {
        for count in [1_usize, 2, 7, 60] {
            let rows: Vec<_> = (0..100).map(|at| entry(at * 13, "a", (at % 3 == 0).then_some("x"))).collect();
            let histogram = Histogram::of(&rows, count).unwrap();
            assert_eq!(histogram.totals(), (66, 34));
            assert!(histogram.counts.len() <= count, "{count}");
        }
        assert_eq!(Histogram::of(&[], 9), None);
        assert_eq!(Histogram::of(&[entry(5, "a", None)], 9).unwrap().counts, [(1, 0)]);
    }
}
