//! Kinds of queries. Each kind has many requests, whose values a caller would know.

use doorward_shared::audit::AuditLogItem;
use serde_json::Value;
use url::form_urlencoded;

use super::sample::{Names, Sample};
use crate::load::http::Response;

const HOUR: i64 = 3_600_000;
/// Lengths of the queried time ranges.
const SPANS: [i64; 4] = [HOUR, 24 * HOUR, 7 * 24 * HOUR, 30 * 24 * HOUR];
/// Default number of entries on a page of a log.
const ROWS: u64 = 20;

/// Number of rows of a log that numbered pages reach.
const NUMBERED_ROWS: u64 = 10_000;

/// A kind of query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) name: &'static str,
    /// Paths with query strings, one per request.
    pub(super) paths: Vec<String>,
    pub(super) total: Total,
}

/// Path of the log of all tenants.
pub(super) const ALL_LOGS: &str = "/audit_logs";

/// Place of the total in a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Total {
    /// `X-Total-Count`; the number of rows on the page must match it.
    Field,
    /// `X-Total-Count`, possibly a lower bound. A page that examined its maximum number of entries has fewer rows.
    Bounded,
    /// `total` in the body.
    Body,
    /// The response is not a list.
    None,
}

impl Total {
    /// Checks the total of a response. Returns a description of an error.
    pub(super) fn check(self, path: &str, answer: &Response<'_>) -> Result<(), String> {
        let body = || serde_json::from_slice::<Value>(answer.body).map_err(|error| error.to_string());
        match self {
            Self::None => body().map(drop),
            Self::Body => match body()?.get("total").and_then(Value::as_u64) {
                Some(_) => Ok(()),
                None => Err("no total".to_owned()),
            },
            Self::Field | Self::Bounded => {
                let rows = body()?.as_array().map_or(0, Vec::len) as u64;
                let total = answer.total.ok_or("no X-Total-Count")?;
                let expected = total.saturating_sub((page_of(path) - 1) * ROWS).min(ROWS);
                let is_bounded = self == Self::Bounded && rows < expected;
                if rows == expected || is_bounded { Ok(()) } else { Err(format!("{rows} rows, of {total} in all")) }
            }
        }
    }
}

/// Page number in a path.
fn page_of(path: &str) -> u64 {
    let query = path.split_once('?').map_or("", |(_, query)| query);
    let page = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "page");
    page.and_then(|(_, number)| number.parse().ok()).unwrap_or(1_u64).max(1)
}

/// Builds a path with a query string. Returns `None` if a value is missing.
fn path(base: &str, pairs: &[(&str, Option<&str>)]) -> Option<String> {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs {
        query.append_pair(name, (*value)?);
    }
    let query = query.finish();
    Some(if query.is_empty() { base.to_owned() } else { format!("{base}?{query}") })
}

fn last(text: &str, characters: usize) -> &str {
    let start = text.char_indices().rev().nth(characters.saturating_sub(1)).map_or(0, |(start, _)| start);
    text.get(start..).unwrap_or(text)
}

fn first(text: &str, characters: usize) -> &str {
    let end = text.char_indices().nth(characters).map_or(text.len(), |(end, _)| end);
    text.get(..end).unwrap_or(text)
}

/// First two groups of an address, which many addresses share.
fn neighbourhood(address: &str) -> &str {
    let mut ends = address.char_indices().filter(|(_, character)| matches!(character, '.' | ':'));
    ends.nth(1).and_then(|(end, _)| address.get(..=end)).unwrap_or(address)
}

/// Kinds of queries of a log, for both APIs.
pub(super) fn of_log(log: &str, sample: &Sample, count: u32) -> Vec<Question> {
    let pages = sample.total.min(NUMBERED_ROWS).div_ceil(ROWS).max(1);
    let ask = |name, pairs: &dyn Fn(u32) -> Option<String>| Question {
        name,
        paths: (0..count).filter_map(pairs).collect(),
        total: Total::Bounded,
    };
    let with = |name, pair: &'static str, value: &dyn Fn(u32) -> Option<String>| {
        ask(name, &|number| path(log, &[(pair, value(number).as_deref())]))
    };
    let actor = |number| sample.actor(number);
    let address = |number| sample.entry(number).map(|entry| entry.meta_source_ip.as_str());
    // Values that not every entry has: entries of commands have no address.
    let all = |value: &dyn Fn(&AuditLogItem) -> Option<String>| -> Vec<String> {
        sample.entries.iter().filter_map(value).collect()
    };
    let addresses = all(&|entry| Some(entry.meta_source_ip.clone()).filter(|address| !address.is_empty()));
    let credentials = all(&|entry| entry.credential_id.clone());
    let pick = |values: &[String], number: u32| values.iter().cycle().nth(number as usize).cloned();
    let kind = |number| sample.entry(number).map(|entry| entry.kind.as_str());
    let times = |number: u32| {
        let end = sample.time(number)?;
        let span = SPANS.get(usize::try_from(number).ok()? % SPANS.len())?;
        Some((end.plus_millis(-span).to_string(), end.to_string()))
    };
    // Use the last page if there are fewer than 100.
    let deep = 100.min(pages).to_string();
    let outcome = |number: u32| if number.is_multiple_of(2) { "failed" } else { "succeeded" };
    vec![
        ask("first page", &|_| path(log, &[])),
        ask("page 100", &|_| path(log, &[("page", Some(&deep))])),
        ask("any page", &|number| {
            let page = 1 + u64::from(number.wrapping_mul(0x9e37_79b9)) * pages / (1 << 32);
            path(log, &[("page", Some(&page.to_string()))])
        }),
        with("by type", "type", &|number| kind(number).map(str::to_owned)),
        with("by outcome", "outcome", &|number| Some(outcome(number).to_owned())),
        ask("by time: an hour, a day, 7, 30", &|number| {
            let (start, end) = times(number)?;
            path(log, &[("start_time", Some(&start)), ("end_time", Some(&end))])
        }),
        ask("by time and type", &|number| {
            let (start, end) = times(number)?;
            path(log, &[("start_time", Some(&start)), ("end_time", Some(&end)), ("type", kind(number))])
        }),
        with("by a whole actor", "actor_user_id", &|number| actor(number).map(str::to_owned)),
        with("by the last 4 characters of an actor", "actor_user_id", &|number| {
            actor(number).map(|actor| last(actor, 4).to_owned())
        }),
        with("by the first 4 characters of an actor", "actor_user_id", &|number| {
            actor(number).map(|actor| first(actor, 4).to_owned())
        }),
        with("by a whole address", "meta_source_ip", &|number| address(number).map(str::to_owned)),
        with("by the beginning of an address", "meta_source_ip", &|number| {
            address(number).map(|address| neighbourhood(address).to_owned())
        }),
        with("q: a whole actor, or a whole address", "q", &|number| {
            let text = if number.is_multiple_of(2) { actor(number) } else { address(number) };
            text.map(str::to_owned)
        }),
        with("q: 5 last characters of either", "q", &|number| {
            let text = if number.is_multiple_of(2) { actor(number) } else { address(number) };
            text.map(|text| last(text, 5).to_owned())
        }),
        with("q: nothing has it", "q", &|number| Some(format!("~{number}~"))),
        with("by an exact actor", "actor", &|number| actor(number).map(str::to_owned)),
        with("by an exact address", "source_ip", &|number| pick(&addresses, number)),
        with("by a network", "source_ip", &|number| {
            pick(&addresses, number).map(|address| format!("{address}/{}", if address.contains(':') { 32 } else { 16 }))
        }),
        with("by an error code", "error_code", &|_| Some("challenge_expired".to_owned())),
        with("without an error code", "not_error_code", &|_| Some("challenge_expired".to_owned())),
        with("by a request id", "request_id", &|number| Some(sample.entry(number)?.meta_http_request_id.clone())),
        with("by a credential id", "credential_id", &|number| pick(&credentials, number)),
    ]
}

/// Kinds of queries of tenants, of the users of a tenant, and of the overview.
pub(super) fn of_lists(tenant: &str, tenants: &Names, users: &Names, count: u32) -> Vec<Question> {
    const SUMMARIES: &str = "/tenant_summaries";
    let people = format!("{tenant}/user_summaries");
    let ask = |name, total, pairs: &dyn Fn(u32) -> Option<String>| Question {
        name,
        paths: (0..count).filter_map(pairs).collect(),
        total,
    };
    let search = |name, base: &str, text: &dyn Fn(u32) -> Option<String>| {
        ask(name, Total::Body, &|number| path(base, &[("q", text(number).as_deref())]))
    };
    // A word of a name: what somebody would type.
    let word = |name: &str, number: u32| {
        let words: Vec<&str> = name.split_whitespace().collect();
        let place = usize::try_from(number).unwrap_or(0) % words.len().max(1);
        words.get(place).map(|word| (*word).to_owned())
    };
    let sorted = |name, by: &'static str| ask(name, Total::Body, &|_| path(SUMMARIES, &[("sort", Some(by))]));
    let pages = tenants.total.div_ceil(ROWS).max(1);
    vec![
        ask("tenants", Total::Body, &|_| path(SUMMARIES, &[])),
        sorted("tenants by activity", "activity"),
        sorted("tenants by users", "users"),
        search("tenants: a word of a name", SUMMARIES, &|number| word(tenants.name(number)?, number)),
        search("tenants: a whole name", SUMMARIES, &|number| tenants.name(number).map(str::to_owned)),
        search("tenants: an id", SUMMARIES, &|number| tenants.id(number).map(str::to_owned)),
        search("tenants: nothing has it", SUMMARIES, &|number| Some(format!("~{number}~"))),
        ask("tenants, any numbered page", Total::Field, &|number| {
            let page = 1 + u64::from(number.wrapping_mul(0x9e37_79b9)) * pages / (1 << 32);
            path("/tenants", &[("page", Some(&page.to_string()))])
        }),
        ask("a tenant's summary", Total::None, &|number| Some(format!("/tenants/{}/summary", tenants.id(number)?))),
        ask("users", Total::Body, &|_| path(&people, &[])),
        search("users: a word of a name", &people, &|number| word(users.name(number)?, number)),
        search("users: a whole name", &people, &|number| users.name(number).map(str::to_owned)),
        search("users: an id", &people, &|number| users.id(number).map(str::to_owned)),
        search("users: nothing has it", &people, &|number| Some(format!("~{number}~"))),
        ask("overview", Total::None, &|_| Some("/overview".to_owned())),
        ask("overview of 90 days", Total::None, &|_| path("/overview", &[("days", Some("90"))])),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;

    fn sample(total: u64) -> Sample {
        let entry = |number: u64| {
            serde_json::from_value(json!({
                "id": "01900000-0000-7000-8000-000000000000",
                "type": if number.is_multiple_of(2) { "api_key_rejected" } else { "mfa_authentication_final_succeeded" },
                "meta_http_request_id": "r",
                "meta_source_ip": if number.is_multiple_of(2) { format!("192.0.2.{number}") } else { format!("2001:db8::{number}") },
                "meta_user_agent": "a",
                "actor_user_id": format!("żółw & {number:04}"),
                "created_at": format!("2026-01-{:02}T12:00:00Z", number % 28 + 1),
                "updated_at": "2026-01-01T12:00:00Z",
                "tenant_id": "01900000-0000-7000-8000-000000000000",
                "transaction_id": null,
            }))
            .unwrap()
        };
        Sample { entries: (0..50).map(entry).collect(), total }
    }

    fn answer(total: Option<u64>, body: &str) -> Response<'_> {
        Response { status: 200, total, body: body.as_bytes() }
    }

    #[test]
    fn each_request_asks_for_something_else() {
        let questions = of_log("/t/audit_logs", &sample(1_000), 40);
        let forms = |name: &str| {
            let question = questions.iter().find(|question| question.name == name).unwrap();
            assert_eq!(question.paths.len(), 40);
            question.paths.iter().map(String::as_str).collect::<BTreeSet<&str>>()
        };
        assert_eq!(forms("first page"), BTreeSet::from(["/t/audit_logs"]));
        assert_eq!(forms("page 100"), BTreeSet::from(["/t/audit_logs?page=50"]), "there are 50");
        let pages: BTreeSet<u64> = forms("any page").into_iter().map(page_of).collect();
        assert!(pages.len() > 20 && pages.iter().all(|page| (1..=50).contains(page)), "{pages:?}");
        assert!(forms("by a whole actor").len() > 20);
        assert!(forms("by a whole actor").contains("/t/audit_logs?actor_user_id=%C5%BC%C3%B3%C5%82w+%26+0000"));
        assert_eq!(forms("by the first 4 characters of an actor").len(), 1);
        assert!(forms("by the last 4 characters of an actor").contains("/t/audit_logs?actor_user_id=0000"));
        assert!(forms("by the beginning of an address").contains("/t/audit_logs?meta_source_ip=2001%3Adb8%3A"));
        assert_eq!(forms("by type").len(), 2);
        let times = forms("by time: an hour, a day, 7, 30");
        assert!(
            times.iter().all(|form| form.contains("start_time=") && form.contains("end_time=")) && times.len() > 20
        );
        // Without entries there is nothing to ask for.
        let none = of_log("/t/audit_logs", &Sample { entries: Vec::new(), total: 0 }, 2);
        assert!(none.iter().any(|question| question.paths.is_empty()));
    }

    #[test]
    fn lists_are_asked_by_what_is_in_them() {
        let names = |word: &str| Names {
            names: (0..9).map(|number| format!("{word} {number}")).collect(),
            ids: (0..9).map(|number| format!("id-{number}")).collect(),
            total: 9,
        };
        let questions = of_lists("/tenants/t", &names("Bäckerei"), &names("Zoë"), 20);
        assert!(questions.iter().all(|question| question.paths.len() == 20), "{questions:?}");
        let of = |name: &str| &questions.iter().find(|question| question.name == name).unwrap().paths;
        assert!(of("users: a word of a name").contains(&"/tenants/t/user_summaries?q=Zo%C3%AB".to_owned()));
        assert!(of("tenants: a whole name").contains(&"/tenant_summaries?q=B%C3%A4ckerei+0".to_owned()));
    }

    #[test]
    fn bounded_pages_have_at_most_the_rows_of_their_total() {
        let check = |total, count| {
            let body = serde_json::to_string(&vec![0; count]).unwrap();
            Total::Bounded.check("/a", &answer(total, &body)).is_ok()
        };
        assert!(check(Some(3), 3) && check(Some(3), 0) && check(Some(10_000), 20));
        assert!(!check(Some(3), 4) && !check(Some(10_000), 21) && !check(None, 20));
    }

    #[test]
    fn totals_must_fit_the_pages() {
        let rows = |count: usize| serde_json::to_string(&vec![0; count]).unwrap();
        let check = |path: &str, total: Option<u64>, count| Total::Field.check(path, &answer(total, &rows(count)));
        assert_eq!(check("/a", Some(40), 20), Ok(()));
        assert_eq!(check("/a?q=x", Some(7), 7), Ok(()));
        assert_eq!(check("/a?page=3&q=x", Some(45), 5), Ok(()));
        assert_eq!(check("/a?page=9", Some(45), 0), Ok(()));
        assert_eq!(check("/a", None, 20), Err("no X-Total-Count".to_owned()));
        assert_eq!(check("/a", Some(19), 20), Err("20 rows, of 19 in all".to_owned()));
        assert_eq!(check("/a?page=3", Some(45), 6), Err("6 rows, of 45 in all".to_owned()));
        assert_eq!(check("/a", Some(3), 0), Err("0 rows, of 3 in all".to_owned()));
        assert!(Total::Field.check("/a", &answer(Some(0), "nonsense")).is_err());
        assert_eq!(Total::Body.check("/a", &answer(None, r#"{"items":[],"total":0}"#)), Ok(()));
        assert!(Total::Body.check("/a", &answer(None, r#"{"items":[]}"#)).is_err());
        assert_eq!(Total::None.check("/a", &answer(None, "{}")), Ok(()));
        assert!(Total::None.check("/a", &answer(None, "")).is_err());
    }

    #[test]
    fn parts_are_of_characters() {
        assert_eq!((first("żółw", 2), first("ab", 4), first("", 4)), ("żó", "ab", ""));
        assert_eq!((last("żółw", 2), last("ab", 4), last("", 4)), ("łw", "ab", ""));
        assert_eq!(neighbourhood("192.0.2.1"), "192.0.");
        assert_eq!((neighbourhood("2001:db8::1"), neighbourhood("::1"), neighbourhood("")), ("2001:db8:", "::", ""));
    }
}
