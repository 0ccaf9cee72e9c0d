//! Values for queries: entries, tenants and users from all parts of a log or list.

use doorward_shared::{
    TenantId, Timestamp,
    admin::{TenantItem, UserItem},
    audit::AuditLogItem,
};

use super::{Api, ReportError};

/// Number of pages that are read from a log or list.
const PAGES: u64 = 8;
/// Rows per page.
const ROWS: u64 = 100;

/// A sample of the entries of a log.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) entries: Vec<AuditLogItem>,
    /// Number of entries in the log.
    pub(super) total: u64,
}

/// A sample of the names and ids of a list.
#[derive(Debug, Clone)]
pub(super) struct Names {
    /// Display names.
    pub(super) names: Vec<String>,
    /// Ids.
    pub(super) ids: Vec<String>,
    /// Number of items in the list.
    pub(super) total: u64,
}

impl Sample {
    /// Reads entries from all parts of a log. Cursors reach the entries that numbered pages do not.
    pub(super) async fn of(api: &Api, log: &str) -> Result<Self, ReportError> {
        let (mut entries, total): (Vec<AuditLogItem>, _) = api.read(&format!("{log}?per_page={ROWS}")).await?;
        let total = total
            .ok_or_else(|| ReportError::Response { path: log.to_owned(), reason: "no X-Total-Count".to_owned() })?;
        let oldest = format!("{log}?after={}&per_page={ROWS}", uuid::Uuid::nil());
        let oldest: Vec<AuditLogItem> = api.read(&oldest).await?.0;
        if let (Some(first), Some(last)) = (oldest.first(), entries.first()) {
            let (first, last) = (first.id.time().millis(), last.id.time().millis());
            for place in 1..i64::try_from(PAGES).unwrap_or(1) {
                let millis = first + (last - first) / i64::try_from(PAGES).unwrap_or(1) * place;
                let time = u64::try_from(millis).unwrap_or(0);
                let id = uuid::Builder::from_unix_timestamp_millis(time, &[0; 10]).into_uuid();
                let page: Vec<AuditLogItem> = api.read(&format!("{log}?before={id}&per_page={ROWS}")).await?.0;
                entries.extend(page);
            }
        }
        Ok(Self { entries, total })
    }

    /// Returns the entry for a number; consecutive numbers give different entries.
    pub(super) fn entry(&self, number: u32) -> Option<&AuditLogItem> {
        one(&self.entries, number)
    }

    /// Returns the actor for a number.
    pub(super) fn actor(&self, number: u32) -> Option<&str> {
        let actors: Vec<&str> = self.entries.iter().filter_map(|entry| entry.actor_user_id.as_deref()).collect();
        one(&actors, number).copied()
    }

    /// Returns the time of the entry for a number.
    pub(super) fn time(&self, number: u32) -> Option<Timestamp> {
        self.entry(number).map(|entry| entry.created_at)
    }
}

impl Names {
    /// Reads tenants.
    pub(super) async fn of_tenants(api: &Api) -> Result<Self, ReportError> {
        let (tenants, total) = spread::<TenantItem>(api, "/tenants").await?;
        let (names, ids): (_, Vec<TenantId>) =
            tenants.into_iter().map(|tenant| (tenant.display_name, tenant.id)).unzip();
        Ok(Self { names, ids: ids.iter().map(ToString::to_string).collect(), total })
    }

    /// Reads the users of a tenant.
    pub(super) async fn of_users(api: &Api, tenant: &str) -> Result<Self, ReportError> {
        let (users, total) = spread::<UserItem>(api, &format!("{tenant}/users")).await?;
        let (names, ids) = users.into_iter().map(|user| (user.display_name, user.user_id)).unzip();
        Ok(Self { names, ids, total })
    }

    /// Returns the name for a number.
    pub(super) fn name(&self, number: u32) -> Option<&str> {
        one(&self.names, number).map(String::as_str)
    }

    /// Returns the id for a number.
    pub(super) fn id(&self, number: u32) -> Option<&str> {
        one(&self.ids, number).map(String::as_str)
    }
}

/// Reads evenly spread pages of a list; returns the rows and the total.
async fn spread<T: serde::de::DeserializeOwned>(api: &Api, list: &str) -> Result<(Vec<T>, u64), ReportError> {
    let page = |number: u64| format!("{list}?page={number}&per_page={ROWS}");
    let (mut rows, total): (Vec<T>, _) = api.read(&page(1)).await?;
    let total =
        total.ok_or_else(|| ReportError::Response { path: list.to_owned(), reason: "no X-Total-Count".to_owned() })?;
    let pages = total.div_ceil(ROWS);
    let mut numbers: Vec<u64> = (1..PAGES).map(|place| place * pages / PAGES).filter(|number| *number > 1).collect();
    numbers.dedup();
    for number in numbers {
        rows.extend(api.read::<Vec<T>>(&page(number)).await?.0);
    }
    Ok((rows, total))
}

/// Returns the element for a number. Increasing numbers use all elements, in large steps.
fn one<T>(list: &[T], number: u32) -> Option<&T> {
    // Multiples of the golden ratio are spread evenly (Fibonacci hashing).
    let leap = u64::from(number.wrapping_mul(0x9e37_79b9));
    let place = (leap * list.len() as u64) >> 32;
    list.get(usize::try_from(place).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::one;

    #[test]
    fn all_elements_are_used_and_an_empty_list_gives_none() {
        let list: Vec<u32> = (0..100).collect();
        let used: BTreeSet<u32> = (0..200).filter_map(|number| one(&list, number).copied()).collect();
        assert!(used.len() >= 95, "{used:?}");
        assert!((0..20).all(|number| one(&list, number) != one(&list, number + 1)));
        assert_eq!(one::<u32>(&[], 7), None);
    }
}
