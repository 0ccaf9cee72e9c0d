//! The search language of an audit log: `type:mfa* code:origin_mismatch ip:10.0.0.0/8 !user:alice since:2h words`.
//!
//! A term is a field with a value, or a word. `!` excludes a value. `*part*` matches a part of a user or an address.
//! Values with spaces or `*` are written in double quotes, and parts with spaces or `*` as `*"part"*`. Words are
//! searched for in users and addresses.

use std::net::IpAddr;

use doorward_shared::{ApiKeyId, AuditType, Timestamp, audit::AuditOutcome};

use crate::{api::AuditQuery, time_format, time_parse, zone::Zone};

/// Fields, each with the query parameter for its exact values.
pub(super) const FIELDS: [(&str, &str); 11] = [
    ("type", "type"),
    ("code", "error_code"),
    ("ip", "source_ip"),
    ("user", "actor"),
    ("outcome", "outcome"),
    ("since", ""),
    ("until", ""),
    ("req", "request_id"),
    ("cred", "credential_id"),
    ("tx", "transaction_id"),
    ("key", "api_key_id"),
];

/// Maximum number of values of a field that the server accepts.
const MAX_VALUES: usize = 32;
/// Maximum number of characters of a value that the server accepts.
const MAX_CHARS: usize = 256;

/// The current time and the zone for parsing times.
#[derive(Debug, Clone)]
pub(super) struct Reference {
    pub(super) now: Timestamp,
    pub(super) zone: Zone,
}

/// A term of a search text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Term {
    /// Byte offset of the term in the search text.
    pub(super) start: usize,
    pub(super) excludes: bool,
    pub(super) field: Option<String>,
    pub(super) value: String,
    is_quoted: bool,
    /// `true` if the term has the form `*"part"*`. `value` contains neither the stars nor the quotes.
    is_quoted_part: bool,
}

/// Splits a text into terms. A quoted value without a closing quote ends at the end of the text.
pub(super) fn terms(text: &str) -> Vec<Term> {
    let mut terms = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return terms;
        }
        let start = text.len() - rest.len();
        let (excludes, after) = rest.strip_prefix('!').map_or((false, rest), |after| (true, after));
        let (field, after) = split_field(after);
        let quoted_part = after.strip_prefix('*').filter(|quoted| quoted.starts_with('"'));
        let is_quoted_part = quoted_part.is_some();
        let (value, is_quoted, after) = split_value(quoted_part.unwrap_or(after));
        terms.push(Term { start, excludes, field, value, is_quoted, is_quoted_part });
        rest = after.strip_prefix('*').filter(|_| is_quoted_part).unwrap_or(after);
    }
}

/// Splits off a field name. A name of hexadecimal digits is not split off, because it begins an IPv6 address.
fn split_field(text: &str) -> (Option<String>, &str) {
    let name = text.trim_start_matches(|symbol: char| symbol.is_ascii_lowercase());
    let name = text.strip_suffix(name).unwrap_or_default();
    let is_address = name.chars().all(|symbol| symbol.is_ascii_hexdigit());
    match text.strip_prefix(name).and_then(|rest| rest.strip_prefix(':')) {
        Some(rest) if !is_address => (Some(name.to_owned()), rest),
        _ => (None, text),
    }
}

/// Splits off a value, and returns whether it was in quotes.
fn split_value(text: &str) -> (String, bool, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        let (value, rest) = text.split_at_checked(end).unwrap_or((text, ""));
        return (value.to_owned(), false, rest);
    };
    let mut value = String::new();
    let mut symbols = quoted.char_indices();
    while let Some((at, symbol)) = symbols.next() {
        match symbol {
            '"' => return (value, true, quoted.get(at + 1..).unwrap_or_default()),
            '\\' => value.extend(symbols.next().map(|(_, symbol)| symbol)),
            _ => value.push(symbol),
        }
    }
    (value, true, "")
}

/// Writes a value in the syntax of the search text.
pub(super) fn quote(value: &str) -> String {
    let is_plain = |symbol: char| !symbol.is_whitespace() && !matches!(symbol, '"' | '*' | '\\');
    if !value.is_empty() && value.chars().all(is_plain) {
        return value.to_owned();
    }
    in_quotes(value)
}

fn in_quotes(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Parses a search text into a query for the log that `log` selects. An error is a message for the user.
pub(super) fn parse(text: &str, log: &AuditQuery, reference: &Reference) -> Result<AuditQuery, String> {
    let mut query = AuditQuery { tenant: log.tenant, ..AuditQuery::default() };
    let mut words = Vec::new();
    for term in terms(text) {
        if term.value.chars().count() > MAX_CHARS {
            return Err(format!("a value may have at most {MAX_CHARS} characters"));
        }
        match &term.field {
            Some(field) if term.value.is_empty() => return Err(format!("{field}: needs a value")),
            Some(field) => add_field(&mut query, field, &term, reference)?,
            None if term.excludes => {
                return Err(format!("!{}: only fields can be excluded, such as !user:{}", term.value, term.value));
            }
            None => words.push(part(&term).unwrap_or(&term.value).to_owned()),
        }
    }
    query.text = Some(words.join(" ")).filter(|text| !text.is_empty());
    if let (Some(start), Some(end)) = (query.start, query.end)
        && start >= end
    {
        return Err("since must be before until".to_owned());
    }
    for (field, parameter) in FIELDS {
        for name in [parameter.to_owned(), format!("not_{parameter}")] {
            if query.exact.iter().filter(|(other, _)| *other == name).count() > MAX_VALUES {
                return Err(format!("{field}: at most {MAX_VALUES} values are possible"));
            }
        }
    }
    Ok(query)
}

/// Returns `part` if the term has the form `*part*` or `*"part"*`.
fn part(term: &Term) -> Option<&str> {
    if term.is_quoted_part {
        return Some(&term.value);
    }
    let inside = term.value.strip_prefix('*').and_then(|rest| rest.strip_suffix('*')).filter(|_| !term.is_quoted);
    inside.filter(|inside| !inside.is_empty() && !inside.contains('*'))
}

fn add_field(query: &mut AuditQuery, field: &str, term: &Term, reference: &Reference) -> Result<(), String> {
    let value = term.value.as_str();
    match field {
        "type" => add_types(query, term),
        "outcome" => {
            let outcome: AuditOutcome =
                value.parse().map_err(|_| format!("outcome:{value}: write succeeded or failed"))?;
            match (term.excludes, query.outcome) {
                (true, _) => query.exact.push(("not_outcome", value.to_owned())),
                (false, None) => query.outcome = Some(outcome),
                (false, Some(other)) if other == outcome => {}
                (false, Some(_)) => query.outcome = None,
            }
            Ok(())
        }
        "since" | "until" => add_time(query, field, term, reference),
        "user" | "ip" if part(term).is_some() => {
            if term.excludes {
                return Err(format!("{field}:{value}: only whole values can be excluded"));
            }
            let target = if field == "user" { &mut query.actor } else { &mut query.source_ip };
            if target.is_some() {
                return Err(format!("{field}: only one part is possible"));
            }
            *target = part(term).map(str::to_owned);
            Ok(())
        }
        "key" if value.parse::<ApiKeyId>().is_err() => {
            Err(format!("key:{value}: write the id of an API key, a UUID; the list of API keys opens this search"))
        }
        "ip" if !is_network(value) => {
            Err(format!("ip:{value}: write an address, a network such as 10.0.0.0/8, or a part such as ip:*{value}*"))
        }
        _ if value.contains('*') && !term.is_quoted && field == "user" => {
            Err(format!("user:{value}: write user:*part* for a part, or quotes around a name with *"))
        }
        _ if term.is_quoted_part || (value.contains('*') && !term.is_quoted) => {
            Err(format!("{field}:{value}: only whole values are possible"))
        }
        _ => {
            query.exact.push((exact_parameter(field, term.excludes)?, value.to_owned()));
            Ok(())
        }
    }
}

fn exact_parameter(field: &str, excludes: bool) -> Result<&'static str, String> {
    Ok(match (field, excludes) {
        ("code", false) => "error_code",
        ("code", true) => "not_error_code",
        ("ip", false) => "source_ip",
        ("ip", true) => "not_source_ip",
        ("user", false) => "actor",
        ("user", true) => "not_actor",
        ("req", false) => "request_id",
        ("req", true) => "not_request_id",
        ("cred", false) => "credential_id",
        ("cred", true) => "not_credential_id",
        ("tx", false) => "transaction_id",
        ("tx", true) => "not_transaction_id",
        ("key", false) => "api_key_id",
        ("key", true) => "not_api_key_id",
        _ => {
            let known = FIELDS.map(|(field, _)| field).join(" ");
            return Err(format!("{field}: is not a field; the fields are {known}"));
        }
    })
}

fn is_network(text: &str) -> bool {
    let (address, prefix) = text.split_once('/').unwrap_or((text, "0"));
    let bits = match address.parse() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    prefix.parse::<u8>().is_ok_and(|prefix| prefix <= bits)
}

fn add_types(query: &mut AuditQuery, term: &Term) -> Result<(), String> {
    let matching: Vec<AuditType> =
        AuditType::ALL.iter().copied().filter(|kind| matches_glob(&term.value, kind.as_str())).collect();
    if matching.is_empty() {
        return Err(format!("type:{}: no event type has this name; Tab completes names", term.value));
    }
    if term.excludes {
        query.exact.extend(matching.iter().map(|kind| ("not_type", kind.as_str().to_owned())));
    } else {
        query.kinds.extend(matching.iter().filter(|kind| !query.kinds.contains(kind)).copied().collect::<Vec<_>>());
    }
    if query.kinds.len() > MAX_VALUES {
        return Err(format!("type:{}: matches more than {MAX_VALUES} event types", term.value));
    }
    Ok(())
}

/// Returns whether a text matches a pattern in which `*` stands for any text.
fn matches_glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len()).any(|at| rest.get(at..).is_some_and(|rest| matches_glob(after, rest)))
        }),
    }
}

fn add_time(query: &mut AuditQuery, field: &str, term: &Term, reference: &Reference) -> Result<(), String> {
    let value = &term.value;
    if term.excludes {
        return Err(format!("{field}: times cannot be excluded"));
    }
    let at = time_parse::parse_past_in(value, reference.now, &reference.zone)
        .map_err(|_| format!("{field}:{value}: write 15m, 2h, 7d, today, 2026-11-25 or 2026-11-25T10:00"))?;
    let target = if field == "since" { &mut query.start } else { &mut query.end };
    if target.is_some() {
        return Err(format!("{field}: only one time is possible"));
    }
    *target = at;
    Ok(())
}

/// Writes the filters of a query as a search text. The inverse of [`parse`].
pub(super) fn format(query: &AuditQuery, zone: &Zone) -> String {
    let time = |at: Timestamp| time_format::date_time(zone.to_local(at)).replace(' ', "T");
    let mut terms: Vec<String> = query.kinds.iter().map(|kind| format!("type:{kind}")).collect();
    terms.extend(query.outcome.map(|outcome| format!("outcome:{outcome}")));
    terms.extend(query.exact.iter().map(|(parameter, value)| {
        let (not, name) = parameter.strip_prefix("not_").map_or(("", *parameter), |name| ("!", name));
        let field = FIELDS.iter().find(|(_, parameter)| *parameter == name).map_or(name, |(field, _)| field);
        format!("{not}{field}:{}", quote(value))
    }));
    terms.extend(query.actor.as_ref().map(|part| format!("user:*{}*", quote(part))));
    terms.extend(query.source_ip.as_ref().map(|part| format!("ip:*{}*", quote(part))));
    terms.extend(query.start.map(|at| format!("since:{}", time(at))));
    terms.extend(query.end.map(|at| format!("until:{}", time(at))));
    terms.extend(query.text.as_deref().map(format_words));
    terms.join(" ")
}

/// Writes a text as words, or in quotes if [`terms`] would read a part of it as something other than a word.
fn format_words(text: &str) -> String {
    let is_word = |term: &Term| term.field.is_none() && !term.excludes && !term.is_quoted && part(term).is_none();
    let terms = terms(text);
    let words: Vec<_> = terms.iter().map(|term| term.value.as_str()).collect();
    if terms.iter().all(is_word) && words.join(" ") == text { text.to_owned() } else { in_quotes(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference() -> Reference {
        Reference { now: "2026-11-25T10:30:00Z".parse().unwrap(), zone: Zone::utc() }
    }

    fn parsed(text: &str) -> Result<AuditQuery, String> {
        parse(text, &AuditQuery::default(), &reference())
    }

    #[test]
    fn fields_words_and_exclusions_are_parsed() {
        let query = parsed(
            "type:mfa_auth* code:origin_mismatch code:challenge_unknown ip:10.0.0.0/8 user:alice !code:x since:2h \
             req:r-1 cred:abc tx:\"a b\" outcome:failed zoe 203.0",
        );
        let query = query.unwrap();
        assert_eq!(query.kinds.len(), 4);
        assert_eq!(query.outcome, Some(AuditOutcome::Failed));
        let exact = [
            ("error_code", "origin_mismatch"),
            ("error_code", "challenge_unknown"),
            ("source_ip", "10.0.0.0/8"),
            ("actor", "alice"),
            ("not_error_code", "x"),
            ("request_id", "r-1"),
            ("credential_id", "abc"),
            ("transaction_id", "a b"),
        ];
        assert_eq!(query.exact, exact.map(|(name, value)| (name, value.to_owned())));
        assert_eq!(query.start.unwrap().to_string(), "2026-11-25T08:30:00.000Z");
        assert_eq!(query.text.as_deref(), Some("zoe 203.0"));
        let query = parsed("user:*ali* ip:*203.0* !type:webauthn_user* !outcome:failed").unwrap();
        assert_eq!((query.actor.as_deref(), query.source_ip.as_deref()), (Some("ali"), Some("203.0")));
        assert_eq!(query.exact.iter().filter(|(name, _)| *name == "not_type").count(), 2);
    }

    #[test]
    fn addresses_and_quoted_texts_are_words() {
        for text in ["fe80::1", "dead:beef", "\"cod:x\"", "\"a b\"", "a:b"] {
            let query = parsed(text).unwrap();
            assert_eq!(query.text.as_deref(), Some(text.trim_matches('"')), "{text}");
            assert!(query.exact.is_empty());
        }
        assert_eq!(parsed("ip:2001:db8::/32").unwrap().exact, [("source_ip", "2001:db8::/32".to_owned())]);
        assert_eq!(parsed("user:\"a*\"").unwrap().exact, [("actor", "a*".to_owned())]);
    }

    #[test]
    fn invalid_terms_are_explained() {
        for (text, problem) in [
            ("cod:x", "cod: is not a field; the fields are type code ip"),
            ("type:nothing", "no event type has this name"),
            ("ip:203.0", "ip:*203.0*"),
            ("key:ci", "write the id of an API key"),
            ("ip:10.0.0.0/33", "a network such as"),
            ("outcome:bad", "write succeeded or failed"),
            ("since:soon", "write 15m, 2h"),
            ("since:1h until:2h", "since must be before until"),
            ("since:1h since:2h", "only one time"),
            ("!alice", "!user:alice"),
            ("!user:*ali*", "only whole values can be excluded"),
            ("code:orig*", "only whole values"),
            ("user:ali*", "user:*part*"),
            ("user:", "user: needs a value"),
            ("!since:2h", "times cannot be excluded"),
            ("!type:*", "at most 32 values"),
        ] {
            let error = parsed(text).unwrap_err();
            assert!(error.contains(problem), "{text}: {error}");
        }
    }

    #[test]
    fn formatted_query_is_parsed_to_the_same_query() {
        for text in [
            "type:api_key_rejected outcome:failed code:a !code:b user:\"a \\\"b\\\"\" ip:::1 zoe",
            "key:019c0000-0000-7000-8000-000000000000 !key:019c0000-0000-7000-8000-000000000001",
            "user:*ali* ip:*203.0* since:2026-11-25T08:30:00 until:2026-11-25T09:00:00",
            "",
        ] {
            let query = parsed(text).unwrap();
            assert_eq!(parsed(&format(&query, &Zone::utc())).unwrap(), query, "{text}");
        }
        let zone = Zone::posix("CET-1").unwrap();
        let local = Reference { zone: zone.clone(), ..reference() };
        let query = parse("since:2026-11-25T11:00", &AuditQuery::default(), &local).unwrap();
        assert_eq!(query.start.unwrap().to_string(), "2026-11-25T10:00:00.000Z");
        assert_eq!(format(&query, &zone), "since:2026-11-25T11:00:00");
    }

    #[test]
    fn filters_of_the_form_keep_their_meaning_as_a_search_text() {
        let text = |text: &str| Some(text.to_owned());
        for query in [
            AuditQuery { text: text("code:x"), ..AuditQuery::default() },
            AuditQuery { text: text("!zoe"), ..AuditQuery::default() },
            AuditQuery { text: text("\"zoe"), ..AuditQuery::default() },
            AuditQuery { text: text("*zoe*"), ..AuditQuery::default() },
            AuditQuery { text: text("a  b"), ..AuditQuery::default() },
            AuditQuery { actor: text("zoe miller"), ..AuditQuery::default() },
            AuditQuery { actor: text("a*b"), ..AuditQuery::default() },
            AuditQuery { actor: text("\"zoe"), source_ip: text("203.0"), ..AuditQuery::default() },
        ] {
            let search = format(&query, &Zone::utc());
            assert_eq!(parsed(&search), Ok(query), "{search}");
        }
    }
}
