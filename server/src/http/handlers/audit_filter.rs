//! Parses the filters of audit logs in query strings.

use std::{collections::BTreeSet, net::IpAddr};

use doorward_shared::{ApiKeyId, AuditType, Timestamp, audit::AuditOutcome};
use ipnet::{IpNet, Ipv4Net};

use crate::{
    domain::audit::{AuditFilter, ShownEntries, Values},
    http::{ApiError, extract::Query},
};

/// Query parameter in links to the next page: the ids of the oldest and the newest entry of a range. The next page
/// skips this range, because an earlier page contained its entries.
pub const SHOWN: &str = "shown";
/// Maximum number of characters in the value of a text filter. Credential ids have their own maximum.
const MAX_CHARS: usize = 256;
/// Maximum number of characters of a credential id: 1 023 bytes in base64url.
const MAX_CREDENTIAL_CHARS: usize = 1_364;
/// Maximum number of values of an exact filter.
const MAX_VALUES: usize = 32;

const NEGATABLE: [&str; 9] = [
    "type",
    "outcome",
    "actor",
    "source_ip",
    "error_code",
    "request_id",
    "credential_id",
    "transaction_id",
    "api_key_id",
];

pub fn read(query: &Query) -> Result<AuditFilter, ApiError> {
    check_names(query)?;
    let (outcome, contradictory) = outcome(query)?;
    let none_of = if contradictory { AuditType::ALL.to_vec() } else { kinds(query, "not_type")? };
    Ok(AuditFilter {
        start: time(query, "start_time")?,
        end: time(query, "end_time")?,
        kinds: Values { any_of: kinds(query, "type")?, none_of },
        outcome,
        actor: texts(query, "actor", MAX_CHARS)?,
        source_ip: values(query, "source_ip", network)?,
        error_code: texts(query, "error_code", MAX_CHARS)?,
        request_id: texts(query, "request_id", MAX_CHARS)?,
        credential_id: texts(query, "credential_id", MAX_CREDENTIAL_CHARS)?,
        transaction_id: texts(query, "transaction_id", MAX_CHARS)?,
        api_key_id: values(query, "api_key_id", key_id)?,
        actor_part: part(query, "actor_user_id")?,
        source_ip_part: part(query, "meta_source_ip")?,
        text: part(query, "q")?,
        shown: shown(query)?,
    })
}

/// Refuses negated filters that are not supported. If they were ignored, the result would contain entries that the
/// caller has excluded.
fn check_names(query: &Query) -> Result<(), ApiError> {
    let negated = query.pairs().iter().filter_map(|(name, _)| name.strip_prefix("not_"));
    match negated.into_iter().find(|name| !NEGATABLE.contains(name)) {
        Some(name) => {
            Err(ApiError::query(format!("not_{name} is not a filter; these can be negated: {}", NEGATABLE.join(", "))))
        }
        None => Ok(()),
    }
}

/// Reads the parameter [`SHOWN`]: the range of entries that an earlier page contained.
fn shown(query: &Query) -> Result<Option<ShownEntries>, ApiError> {
    let Some(text) = query.get(SHOWN).filter(|text| !text.is_empty()) else { return Ok(None) };
    let range = text
        .split_once("..")
        .and_then(|(oldest, newest)| Some(ShownEntries { oldest: oldest.parse().ok()?, newest: newest.parse().ok()? }));
    range.map(Some).ok_or_else(|| ApiError::query(format!("{SHOWN} must be from the link of a page")))
}

fn time(query: &Query, name: &str) -> Result<Option<Timestamp>, ApiError> {
    let text = query.get(name).filter(|text| !text.is_empty());
    // If the `+` of a time zone is not escaped, it arrives as a space.
    let parse = |text: &str| text.replace(' ', "+").parse();
    text.map(parse).transpose().map_err(|error| ApiError::query(format!("{name}: {error}")))
}

fn kinds(query: &Query, name: &str) -> Result<Vec<AuditType>, ApiError> {
    if query.all(name).any(|text| text.trim().is_empty()) {
        return Err(ApiError::query(format!("{name} is empty: give a value, or leave the parameter out")));
    }
    let mut seen = BTreeSet::new();
    let kind = |word: &str| {
        let kind =
            word.parse().map_err(|_| ApiError::query(format!("{name}: `{word}` is not a type of audit entry")))?;
        if seen.insert(word.to_owned()) {
            Ok(kind)
        } else {
            Err(ApiError::query(format!("{name}: `{word}` is repeated")))
        }
    };
    query.list(name).map(kind).collect()
}

/// Returns the outcome that the query accepts; `None` if it accepts both outcomes or neither. The second value is
/// `true` if the query accepts neither.
fn outcome(query: &Query) -> Result<(Option<AuditOutcome>, bool), ApiError> {
    let Values { any_of, none_of } = values(query, "outcome", |name, word| {
        word.parse::<AuditOutcome>().map_err(|_| ApiError::query(format!("{name} must be succeeded or failed")))
    })?;
    let accepted =
        |outcome: &AuditOutcome| (any_of.is_empty() || any_of.contains(outcome)) && !none_of.contains(outcome);
    Ok(match (accepted(&AuditOutcome::Succeeded), accepted(&AuditOutcome::Failed)) {
        (true, true) => (None, false),
        (true, false) => (Some(AuditOutcome::Succeeded), false),
        (false, true) => (Some(AuditOutcome::Failed), false),
        (false, false) => (None, true),
    })
}

fn texts(query: &Query, name: &str, max_chars: usize) -> Result<Values<String>, ApiError> {
    values(query, name, |name, text| bounded(name, text, max_chars))
}

fn part(query: &Query, name: &str) -> Result<Option<String>, ApiError> {
    let text = query.get(name).filter(|text| !text.is_empty());
    text.map(|text| bounded(name, text, MAX_CHARS)).transpose()
}

fn bounded(name: &str, text: &str, max_chars: usize) -> Result<String, ApiError> {
    if text.chars().nth(max_chars).is_some() {
        return Err(ApiError::query(format!("{name} must have at most {max_chars} characters")));
    }
    Ok(text.to_owned())
}

fn key_id(name: &str, text: &str) -> Result<ApiKeyId, ApiError> {
    text.parse().map_err(|_| ApiError::query(format!("{name} must be the id of an API key, which is a UUID")))
}

/// Parses an address or a network. Converts IPv4-mapped IPv6 to IPv4, because such source addresses are stored as IPv4.
fn network(name: &str, text: &str) -> Result<IpNet, ApiError> {
    let address = text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
    address
        .or_else(|_| text.parse())
        .map(|network| canonical(network.trunc()))
        .map_err(|_| ApiError::query(format!("{name} must be an IP address or a network like 192.0.2.0/24")))
}

/// Returns the IPv4 form of a network of IPv4-mapped IPv6 addresses (`::ffff:0:0/96`, RFC 4291, section 2.5.5.2).
fn canonical(network: IpNet) -> IpNet {
    let IpNet::V6(mapped) = network else { return network };
    let v4 = mapped.addr().to_ipv4_mapped().zip(mapped.prefix_len().checked_sub(96));
    v4.and_then(|(address, length)| Ipv4Net::new(address, length).ok()).map_or(network, IpNet::V4)
}

/// Reads all values of a filter and of its negated form.
fn values<T>(
    query: &Query,
    name: &str,
    parse: impl Fn(&str, &str) -> Result<T, ApiError>,
) -> Result<Values<T>, ApiError> {
    let read = |name: &str| {
        let texts: Vec<&str> = query.all(name).collect();
        // If an empty value were ignored, entries that do not match the filter would be returned.
        if texts.iter().any(|text| text.is_empty()) {
            return Err(ApiError::query(format!("{name} is empty: give a value, or leave the parameter out")));
        }
        if texts.len() > MAX_VALUES {
            return Err(ApiError::query(format!("{name} can be repeated {MAX_VALUES} times")));
        }
        texts.into_iter().map(|text| parse(name, text)).collect()
    };
    Ok(Values { any_of: read(name)?, none_of: read(&format!("not_{name}"))? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(query: &str) -> Option<AuditFilter> {
        read(&Query::parse(query)).ok()
    }

    #[test]
    fn exact_filters_are_repeated_and_negated() {
        let found = filter("actor=a&actor=b,c&not_actor=d&not_outcome=failed").unwrap();
        assert_eq!(found.actor.any_of, ["a", "b,c"]);
        assert_eq!(found.actor.none_of, ["d"]);
        assert_eq!(found.error_code, Values::default());
        assert_eq!(found.outcome, Some(AuditOutcome::Succeeded));
        assert_eq!(filter("outcome=failed&outcome=succeeded").unwrap(), AuditFilter::default());
        // If two filters on the same member contradict each other, nothing matches.
        let nothing = filter("outcome=failed&not_outcome=failed").unwrap();
        assert_eq!(nothing.kinds.none_of, AuditType::ALL);
    }

    #[test]
    fn filters_that_would_be_ignored_are_refused() {
        for query in ["not_q=a", "not_actor_user_id=a", "not_start_time=x"] {
            assert_eq!(filter(query), None, "{query}");
        }
        for name in NEGATABLE {
            for query in [format!("{name}="), format!("not_{name}="), format!("{name}=&actor=a")] {
                assert_eq!(filter(&query), None, "{query}");
            }
        }
    }

    #[test]
    fn addresses_and_networks_are_normalised() {
        let texts = |query: &str| -> Option<Vec<String>> {
            Some(filter(query)?.source_ip.any_of.iter().map(IpNet::to_string).collect())
        };
        let query = "source_ip=192.0.2.7&source_ip=::ffff:192.0.2.8&source_ip=2001:DB8:0::7/32&source_ip=10.1.2.3/8";
        let expected = ["192.0.2.7/32", "192.0.2.8/32", "2001:db8::/32", "10.0.0.0/8"];
        assert_eq!(texts(query).unwrap(), expected);
        let mapped =
            "source_ip=::ffff:10.1.2.3/104&source_ip=::ffff:10.1.2.3/128&source_ip=::ffff:0:0/96&source_ip=::/64";
        assert_eq!(texts(mapped).unwrap(), ["10.0.0.0/8", "10.1.2.3/32", "0.0.0.0/0", "::/64"]);
        for wrong in ["localhost", "10.0.0", "10.0.0.0/33", "::/129", "10.0.0.0/"] {
            assert_eq!(texts(&format!("source_ip={wrong}")), None, "{wrong}");
        }
    }

    #[test]
    fn ids_of_keys_are_uuids() {
        let (one, other) = ("019c0000-0000-7000-8000-000000000000", "019C0000-0000-7000-8000-000000000001");
        let found = filter(&format!("api_key_id={one}&not_api_key_id={other}")).unwrap().api_key_id.texts();
        assert_eq!((found.any_of, found.none_of), (vec![one.to_owned()], vec![other.to_lowercase()]));
        for wrong in ["api_key_id=ci", "not_api_key_id=dw_019c"] {
            assert_eq!(filter(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn shown_entries_are_a_range_of_ids() {
        let (oldest, newest) = ("019c0000-0000-7000-8000-000000000000", "019c0000-0000-7000-8000-000000000001");
        let shown = filter(&format!("shown={oldest}..{newest}")).unwrap().shown.unwrap();
        assert_eq!((shown.oldest.to_string(), shown.newest.to_string()), (oldest.to_owned(), newest.to_owned()));
        assert_eq!(filter("shown=").unwrap(), AuditFilter::default());
        for wrong in [oldest, "..", "a..b"] {
            assert_eq!(filter(&format!("shown={wrong}")), None, "{wrong}");
        }
    }

    #[test]
    fn long_and_repeated_values_are_rejected() {
        for name in ["q", "actor_user_id", "meta_source_ip", "actor", "not_actor", "request_id", "transaction_id"] {
            assert!(filter(&format!("{name}={}", "é".repeat(256))).is_some(), "{name}");
            assert!(filter(&format!("{name}={}", "é".repeat(257))).is_none(), "{name}");
        }
        assert!(filter(&format!("credential_id={}", "A".repeat(1_364))).is_some());
        assert!(filter(&format!("credential_id={}", "A".repeat(1_365))).is_none());
        assert!(filter("type=user_deleted,tenant_created").is_some());
        assert!(filter("type=user_deleted&type=user_deleted").is_none());
        assert!(filter(&"actor=a&".repeat(32)).is_some());
        assert!(filter(&"actor=a&".repeat(33)).is_none());
    }
}
