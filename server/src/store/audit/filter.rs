//! Conditions of a filter on `audit_logs`, for both engines.

use std::net::IpAddr;

use crate::domain::audit::{AuditFilter, Values};

/// Adds the conditions of a filter, but for networks, to a boxed query.
macro_rules! filtered {
    ($query:expr, $filter:expr) => {{
        use diesel::prelude::*;
        use $crate::store::{schema::audit_logs, text_match::contains};

        let (mut query, filter): (_, &$crate::domain::audit::AuditFilter) = ($query, $filter);
        if let Some(start) = filter.start {
            query = query.filter(audit_logs::created_at.ge(start.millis()));
        }
        if let Some(end) = filter.end {
            query = query.filter(audit_logs::created_at.lt(end.millis()));
        }
        if let Some(kinds) = filter.accepted_kinds() {
            query = query.filter(audit_logs::kind.eq_any(kinds.into_iter().map(|kind| kind.as_str())));
        }
        $crate::store::audit::filter::values!(query, audit_logs::request_id, &filter.request_id);
        if let Some((any_of, none_of)) = $crate::store::audit::filter::addresses(&filter.source_ip) {
            let addresses = $crate::domain::audit::Values { any_of, none_of };
            $crate::store::audit::filter::values!(query, audit_logs::source_ip, &addresses);
        }
        $crate::store::audit::filter::nullable_values!(query, audit_logs::actor, &filter.actor);
        $crate::store::audit::filter::nullable_values!(query, audit_logs::error_code, &filter.error_code);
        $crate::store::audit::filter::nullable_values!(query, audit_logs::credential_id, &filter.credential_id);
        $crate::store::audit::filter::nullable_values!(query, audit_logs::transaction_id, &filter.transaction_id);
        if let Some(part) = &filter.actor_part {
            query = query.filter(contains!(audit_logs::actor, part));
        }
        if let Some(part) = &filter.source_ip_part {
            query = query.filter(contains!(audit_logs::source_ip, part));
        }
        if let Some(part) = &filter.text {
            query = query.filter(contains!(audit_logs::actor, part).or(contains!(audit_logs::source_ip, part)));
        }
        query
    }};
}
pub(super) use filtered;

/// Adds the conditions on a column that is never null.
macro_rules! values {
    ($query:ident, $column:expr, $values:expr) => {{
        let values = $values;
        if !values.any_of.is_empty() {
            $query = $query.filter($column.eq_any(values.any_of.clone()));
        }
        if !values.none_of.is_empty() {
            $query = $query.filter($column.ne_all(values.none_of.clone()));
        }
    }};
}
pub(super) use values;

/// Adds the conditions on a nullable column: null is none of the excluded values.
macro_rules! nullable_values {
    ($query:ident, $column:expr, $values:expr) => {{
        let values = $values;
        if !values.any_of.is_empty() {
            $query = $query.filter($column.eq_any(values.any_of.clone()));
        }
        if !values.none_of.is_empty() {
            $query = $query.filter($column.is_null().or($column.ne_all(values.none_of.clone())));
        }
    }};
}
pub(super) use nullable_values;

/// Returns the texts of accepted and excluded addresses, `None` when the filter contains a network, which SQL cannot match.
pub(super) fn addresses(networks: &Values<ipnet::IpNet>) -> Option<(Vec<String>, Vec<String>)> {
    let texts = |networks: &[ipnet::IpNet]| {
        let text = |network: &ipnet::IpNet| is_address(network).then(|| network.addr().to_string());
        networks.iter().map(text).collect::<Option<Vec<_>>>()
    };
    Some((texts(&networks.any_of)?, texts(&networks.none_of)?))
}

fn is_address(network: &ipnet::IpNet) -> bool {
    network.prefix_len() == network.max_prefix_len()
}

/// Returns whether an entry's address matches the networks of a filter.
pub(super) fn matches_networks(filter: &AuditFilter, source_ip: &str) -> bool {
    let Values { any_of, none_of } = &filter.source_ip;
    let address = source_ip.parse::<IpAddr>().ok();
    let one_of = |networks: &[ipnet::IpNet]| {
        address.is_some_and(|address| networks.iter().any(|network| network.contains(&address)))
    };
    (any_of.is_empty() || one_of(any_of)) && !one_of(none_of)
}
