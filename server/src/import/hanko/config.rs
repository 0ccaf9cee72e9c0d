//! Converts the configuration of a tenant. Values that Doorward's rules refuse are left out or replaced, and reported.

use std::str::FromStr;

use doorward_shared::{
    config::AttestationPreference,
    config::{Attachment, Cors, DEFAULT_TIMEOUT_MS, Mfa, RelyingParty, ResidentKey, TenantConfig, UserVerification},
};

use super::{super::report::TenantReport, rows::ConfigRow};
use crate::domain::{
    config_rules::{self, TIMEOUT_RANGE_MS},
    cors,
};

/// Maximum number of characters of a name.
const NAME_CHARS: usize = 128;
/// Maximum number of origins in a list.
const MAX_ORIGINS: usize = 32;
/// Maximum value of the tenant's limit `credentials_per_user`.
const MAX_CREDENTIALS: u32 = 256;
/// Maximum value of the tenant's limit `transaction_data_bytes`.
const MAX_DATA_BYTES: u32 = 32 * 1024;

/// The configuration of a tenant in the source, including its lists of origins. If the tenant's limits in
/// Doorward are below `most_credentials` and `largest_data`, they are raised to these values or to their maximum.
#[derive(Debug, Clone)]
pub(super) struct Parts {
    pub(super) row: ConfigRow,
    pub(super) origins: Vec<String>,
    pub(super) cors_origins: Vec<String>,
    /// Largest number of credentials that one user has.
    pub(super) most_credentials: u64,
    /// Largest size of a transaction's data in bytes.
    pub(super) largest_data: u64,
}

/// Returns the configuration. `None` if Doorward cannot accept it; the report then names the reasons.
pub(super) fn convert(parts: &Parts, tenant_name: &str, report: &mut TenantReport) -> Option<TenantConfig> {
    let row = &parts.row;
    let (Some(rp_id), Some(timeout)) = (&row.rp_id, row.timeout) else {
        report.skip("its configuration is incomplete in the source: it has no relying party or no ceremony settings");
        return None;
    };
    let display_name = name(row.rp_name.as_deref().unwrap_or_default(), tenant_name, "relying party", report);
    let mut relying_party = RelyingParty::new(rp_id.clone(), display_name, Vec::new());
    relying_party.icon = row.icon.clone().filter(|icon| !icon.is_empty());
    add_origins(&mut relying_party, &parts.origins, report);
    let mut config = TenantConfig::for_relying_party(relying_party);
    config.cors = cors_of(parts, &config, report);
    let webauthn = &mut config.webauthn;
    webauthn.timeout = timeout_of(timeout, "passkey timeout", report);
    webauthn.user_verification = word(row.user_verification.as_deref(), UserVerification::Preferred, report);
    webauthn.attachment = attachment(row.attachment.as_deref(), None, report);
    webauthn.attestation_preference = word(row.attestation.as_deref(), AttestationPreference::None, report);
    webauthn.resident_key_requirement = word(row.resident_key.as_deref(), ResidentKey::Required, report);
    config.mfa = mfa(row, config.webauthn.timeout, report);
    limits(&mut config, parts, report);
    without_refused(config, report)
}

/// Returns a name of 1 to 128 characters. An empty name is replaced with `other`.
pub(super) fn name(text: &str, other: &str, what: &str, report: &mut TenantReport) -> String {
    let used = if text.trim().is_empty() { other } else { text };
    let short: String = used.chars().filter(|symbol| !symbol.is_control()).take(NAME_CHARS).collect();
    if short != text {
        report.problem(format!("name of the {what}"), format!("{text:?} was changed to {short:?}"));
    }
    short
}

/// Adds the origins that Doorward accepts. Origins of other domains become related origins. The source compares origins
/// without regard to case, so web origins are imported in lower case.
fn add_origins(rp: &mut RelyingParty, origins: &[String], report: &mut TenantReport) {
    for origin in origins {
        let is_app = origin.starts_with("android:");
        let text = if is_app { origin.clone() } else { origin.to_lowercase() };
        if rp.origins.len() + rp.related_origins.len() >= MAX_ORIGINS {
            report.problem(
                format!("origin {origin:?}"),
                format!("not imported: at most {MAX_ORIGINS} origins are allowed"),
            );
            continue;
        }
        let with = |origins: Vec<String>, related: Vec<String>| {
            let candidate = RelyingParty { origins, related_origins: related, ..rp.clone() };
            config_rules::problems(&TenantConfig::for_relying_party(candidate))
        };
        // First check whether the origin is valid for the RP ID. If it is not, check it as a related origin. The rules
        // require at least one entry in `origins`, so the second check adds `https://` and the RP ID.
        let own_problems = with(vec![text.clone()], Vec::new());
        let origin_problem = own_problems.iter().find(|problem| problem.field.contains(".origins["));
        let Some(problem) = origin_problem else {
            rp.origins.push(text);
            continue;
        };
        let related = with(vec![format!("https://{}", rp.id)], vec![text.clone()]);
        if related.iter().any(|problem| problem.field.contains("related_origins[")) {
            report.problem(format!("origin {origin:?}"), format!("not imported: {}", problem.message));
        } else {
            report.problem(
                format!("origin {origin:?}"),
                format!("imported as related origin: https://{}/.well-known/webauthn must list it", rp.id),
            );
            rp.related_origins.push(text);
        }
    }
}

/// Returns the CORS settings. Ceremonies work only on pages of the tenant's own origins, so these origins replace `*`
/// unless the source allows `*` explicitly.
fn cors_of(parts: &Parts, config: &TenantConfig, report: &mut TenantReport) -> Cors {
    let allow_unsafe_wildcard = parts.row.allow_unsafe.unwrap_or(false);
    let mut own = Cors::for_relying_party(&config.webauthn.relying_party).allowed_origins;
    let everything = parts.cors_origins.is_empty() || parts.cors_origins.iter().any(|origin| origin == "*");
    if everything && !allow_unsafe_wildcard {
        report.problem("CORS origin \"*\"", "replaced with the relying party's origins: `*` needs the unsafe switch");
    }
    let mut allowed = Vec::new();
    if parts.cors_origins.is_empty() && allow_unsafe_wildcard {
        allowed.push("*".to_owned());
    }
    for origin in &parts.cors_origins {
        match cors::check(origin, allow_unsafe_wildcard) {
            _ if origin == "*" && !allow_unsafe_wildcard => {}
            _ if allowed.contains(origin) => {}
            _ if allowed.len() >= MAX_ORIGINS => {
                let reason = format!("not imported: at most {MAX_ORIGINS} are allowed");
                report.problem(format!("CORS origin {origin:?}"), reason);
            }
            Ok(()) => allowed.push(origin.clone()),
            Err(reason) => report.problem(format!("CORS origin {origin:?}"), format!("not imported: {reason}")),
        }
    }
    if everything && !allow_unsafe_wildcard {
        own.retain(|origin| !allowed.contains(origin));
        allowed.extend(own.into_iter().take(MAX_ORIGINS - allowed.len()));
    }
    Cors { allowed_origins: allowed, allow_unsafe_wildcard }
}

fn timeout_of(milliseconds: i64, what: &str, report: &mut TenantReport) -> u32 {
    let (least, most) = (*TIMEOUT_RANGE_MS.start(), *TIMEOUT_RANGE_MS.end());
    let accepted = match u32::try_from(milliseconds) {
        Err(_) if milliseconds < 0 => DEFAULT_TIMEOUT_MS,
        Err(_) => most,
        Ok(number) => number.clamp(least, most),
    };
    if i64::from(accepted) != milliseconds {
        report.problem(what, format!("{milliseconds} ms was changed to {accepted} ms"));
    }
    accepted
}

/// Parses a word of the WebAuthn specification, such as `preferred`. An unknown word is replaced with `default` and
/// reported.
fn word<T: FromStr + std::fmt::Display>(text: Option<&str>, default: T, report: &mut TenantReport) -> T {
    let Some(text) = text else { return default };
    text.parse().unwrap_or_else(|_| {
        report.problem(format!("setting {text:?}"), format!("it is unknown and was replaced with {default}"));
        default
    })
}

fn attachment(text: Option<&str>, default: Option<Attachment>, report: &mut TenantReport) -> Option<Attachment> {
    let text = text.filter(|text| !text.is_empty())?;
    text.parse().map(Some).unwrap_or_else(|_| {
        report.problem(format!("attachment {text:?}"), "it is unknown and was replaced with the default");
        default
    })
}

/// Returns the settings of second factors. For a tenant without such settings, returns the settings that the Hanko
/// server would create at the next ceremony.
fn mfa(row: &ConfigRow, passkey_timeout: u32, report: &mut TenantReport) -> Mfa {
    let default = Mfa::default();
    let Some(timeout) = row.mfa_timeout else {
        return Mfa { timeout: Some(passkey_timeout), ..default };
    };
    Mfa {
        timeout: Some(timeout_of(timeout, "MFA timeout", report)),
        user_verification: word(row.mfa_user_verification.as_deref(), default.user_verification, report),
        attachment: attachment(row.mfa_attachment.as_deref(), default.attachment, report),
        attestation_preference: word(row.mfa_attestation.as_deref(), default.attestation_preference, report),
        resident_key_requirement: word(row.mfa_resident_key.as_deref(), default.resident_key_requirement, report),
        ..default
    }
}

/// Raises the tenant's limits to the largest values in its data, so that existing users can continue as before. Reports
/// data that exceeds the maximum of a limit.
fn limits(config: &mut TenantConfig, parts: &Parts, report: &mut TenantReport) {
    let raised = |current: u32, needed: u64, most: u32| current.max(u32::try_from(needed).unwrap_or(most)).min(most);
    let limits = &mut config.limits;
    limits.credentials_per_user = raised(limits.credentials_per_user, parts.most_credentials, MAX_CREDENTIALS);
    limits.transaction_data_bytes = raised(limits.transaction_data_bytes, parts.largest_data, MAX_DATA_BYTES);
    if parts.most_credentials > u64::from(MAX_CREDENTIALS) {
        let found = parts.most_credentials;
        let reason = format!(
            "a user has {found}: all are imported, but users with {MAX_CREDENTIALS} or more cannot register another one"
        );
        report.problem("credentials per user", reason);
    }
    if parts.largest_data > u64::from(MAX_DATA_BYTES) {
        let found = parts.largest_data;
        let reason = format!(
            "a transaction has {found} bytes: all are imported, but new ones have at most {MAX_DATA_BYTES} bytes"
        );
        report.problem("size of transactions", reason);
    }
}

/// Removes an icon that the rules refuse, and returns the configuration; `None` if other problems remain.
fn without_refused(mut config: TenantConfig, report: &mut TenantReport) -> Option<TenantConfig> {
    let mut problems = config_rules::problems(&config);
    if let Some(at) = problems.iter().position(|problem| problem.field == "webauthn.relying_party.icon") {
        let problem = problems.swap_remove(at);
        report.problem("icon of the relying party", format!("not imported: {}", problem.message));
        config.webauthn.relying_party.icon = None;
    }
    if problems.is_empty() {
        return Some(config);
    }
    let reasons: Vec<String> = problems.into_iter().map(|one| format!("{}: {}", one.field, one.message)).collect();
    report.skip(format!("Doorward cannot serve its configuration: {}", reasons.join("; ")));
    None
}

#[cfg(test)]
mod tests {
    use doorward_shared::TenantId;

    use super::*;

    fn parts(origins: &[&str], cors_origins: &[&str], allow_unsafe: bool) -> Parts {
        let texts = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect();
        let word = |text: &str| Some(text.to_owned());
        let row = ConfigRow {
            tenant_id: String::new(),
            config_id: String::new(),
            relying_party_id: word("r"),
            rp_id: word("example.com"),
            rp_name: word("Example"),
            icon: word(""),
            timeout: Some(60_000),
            user_verification: word("required"),
            attachment: None,
            attestation: word("direct"),
            resident_key: word("required"),
            cors_id: word("c"),
            allow_unsafe: Some(allow_unsafe),
            mfa_timeout: Some(30_000),
            mfa_user_verification: word("discouraged"),
            mfa_attachment: word("platform"),
            mfa_attestation: word("none"),
            mfa_resident_key: word("preferred"),
        };
        Parts {
            row,
            origins: texts(origins),
            cors_origins: texts(cors_origins),
            most_credentials: 40,
            largest_data: 9_000,
        }
    }

    fn converted(parts: &Parts) -> (Option<TenantConfig>, Vec<String>) {
        let mut report = TenantReport::new(TenantId::new(uuid::Uuid::nil()), "Example", false);
        let config = convert(parts, "Example", &mut report);
        (config, report.problems.into_iter().map(|problem| problem.subject).collect())
    }

    #[test]
    fn origins_are_imported_where_they_work() {
        let origins = ["https://EXAMPLE.com", "https://example.com/", "https://example.net", "http://example.com"];
        let (config, problems) = converted(&parts(&origins, &["https://*.example.com"], false));
        let config = config.unwrap();
        assert_eq!(config.webauthn.relying_party.origins, ["https://example.com"]);
        assert_eq!(config.webauthn.relying_party.related_origins, ["https://example.net"]);
        assert_eq!(config.cors.allowed_origins, ["https://*.example.com"]);
        assert_eq!(problems, origins.iter().skip(1).map(|origin| format!("origin {origin:?}")).collect::<Vec<_>>());
        let (none, problems) = converted(&parts(&["https://example.com/login"], &[], true));
        assert_eq!((none, problems.last().map(String::as_str)), (None, Some("tenant")));
    }

    #[test]
    fn cors_origins_are_kept_or_replaced() {
        let own = ["https://example.com"];
        for (cors_origins, allow_unsafe, expected, problems) in [
            (&["*"][..], false, &["https://example.com"][..], 1),
            (&[], false, &["https://example.com"], 1),
            (&["*"], true, &["*"], 0),
            (&[], true, &["*"], 0),
            (&["https://app?.example.com"], false, &[], 1),
            (&["https://app?.example.com"], true, &["https://app?.example.com"], 0),
        ] {
            let (config, found) = converted(&parts(&own, cors_origins, allow_unsafe));
            let cors = config.unwrap().cors;
            assert_eq!(
                (cors.allowed_origins, cors.allow_unsafe_wildcard),
                (expected.iter().map(ToString::to_string).collect(), allow_unsafe)
            );
            assert_eq!(found.len(), problems, "{cors_origins:?}: {found:?}");
        }
    }

    #[test]
    fn settings_and_limits_follow_the_source() {
        let (config, problems) = converted(&parts(&["https://example.com"], &["https://example.com"], false));
        let config = config.unwrap();
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!((config.mfa.timeout, config.mfa.attachment), (Some(30_000), Some(Attachment::Platform)));
        assert_eq!(config.mfa.user_verification, UserVerification::Discouraged);
        assert_eq!((config.limits.credentials_per_user, config.limits.transaction_data_bytes), (40, 9_000));
        let mut wrong = parts(&["https://example.com"], &["https://example.com"], false);
        (wrong.row.timeout, wrong.row.user_verification) = (Some(-5), Some("sometimes".to_owned()));
        (wrong.most_credentials, wrong.row.icon) = (300, Some("icon.png".to_owned()));
        let (config, problems) = converted(&wrong);
        let config = config.unwrap();
        assert_eq!((config.webauthn.timeout, config.limits.credentials_per_user), (60_000, 256));
        assert_eq!(
            problems,
            ["passkey timeout", "setting \"sometimes\"", "credentials per user", "icon of the relying party"]
        );
        let mut incomplete = parts(&["https://example.com"], &[], false);
        incomplete.row.rp_id = None;
        assert_eq!(converted(&incomplete), (None, vec!["tenant".to_owned()]));
    }
}
