//! Rules for a tenant's configuration. Each message names the problem and a correction.

use doorward_shared::{
    CoseAlgorithm,
    admin::ConfigProblem,
    config::{self, AcrNames, AssuranceLevel, Limits, TenantConfig},
};
use serde_json::{Value, json};

use super::{
    config_shape::{self, Shape},
    cors, extensions,
    tenant::MAX_LIFETIME_MS,
    trust,
};

mod found;
mod relying_party;

use found::{MAX_ORIGINS, Message, Problems, short_origin};

/// Allowed timeouts of a ceremony, in milliseconds.
pub const TIMEOUT_RANGE_MS: std::ops::RangeInclusive<u32> = 1_000..=3_600_000;
/// Allowed lifetimes of a challenge, in milliseconds.
const LIFETIME_RANGE_MS: std::ops::RangeInclusive<u32> = 1_000..=MAX_LIFETIME_MS;
/// Allowed values of the setting `limits.credentials_per_user`.
const CREDENTIALS_RANGE: std::ops::RangeInclusive<u32> = 1..=256;
/// Allowed values of the setting `limits.transaction_data_bytes`, in bytes.
const TRANSACTION_DATA_RANGE: std::ops::RangeInclusive<u32> = 1..=32 * 1024;
/// Maximum length of a name in the setting `acr`, in characters. Every token contains such a name.
const MAX_ACR_CHARS: usize = 128;

/// A change of a tenant's configuration: JSON that can be parsed as a configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigChange(Value);

impl From<TenantConfig> for ConfigChange {
    fn from(config: TenantConfig) -> Self {
        Self(json!(config))
    }
}

impl ConfigChange {
    /// Returns the configuration after the change. The settings of [`config::KEPT`] that the change omits keep their
    /// current values.
    ///
    /// # Errors
    /// All problems of the new configuration.
    pub fn complete(&self, current: &TenantConfig) -> Result<TenantConfig, Vec<ConfigProblem>> {
        let unreadable = |error: serde_json::Error| vec![problem("", error.to_string())];
        valid(config::with_omitted(self.0.clone(), Some(current)).map_err(unreadable)?)
    }
}

/// Returns the configuration if it is valid.
///
/// # Errors
/// All problems.
pub fn valid(config: TenantConfig) -> Result<TenantConfig, Vec<ConfigProblem>> {
    let problems = problems(&config);
    if problems.is_empty() { Ok(config) } else { Err(problems) }
}

/// Validates a JSON value as a configuration in which omitted settings have their defaults. `parsed` is the
/// configuration that serde read from the same JSON; `None` if serde returned an error.
///
/// # Errors
/// All problems: unknown, missing and mistyped settings, then the invalid values of the other settings.
pub fn check(value: Value, parsed: Option<TenantConfig>) -> Result<ConfigChange, Vec<ConfigProblem>> {
    let Shape { mut problems, readable } = config_shape::check(&value);
    match (parsed, problems.is_empty()) {
        (Some(config), true) => return valid(config).map(|_| ConfigChange(value)),
        // The JSON value has no problem, but serde could not read a configuration from the JSON text. The only possible
        // cause is a setting that occurs twice in the text; the JSON value contains it only once.
        (None, true) => problems.push(problem("", "a setting is repeated")),
        (_, false) => {
            let readable = serde_json::from_value(readable).ok();
            problems.extend(readable.iter().flat_map(self::problems));
        }
    }
    Err(problems)
}

fn problem(field: &str, message: impl Into<String>) -> ConfigProblem {
    ConfigProblem { field: field.to_owned(), message: message.into() }
}

pub fn problems(config: &TenantConfig) -> Vec<ConfigProblem> {
    let mut found = Problems::default();
    let refused_origins = relying_party::check(&mut found, &config.webauthn.relying_party);
    found.add("webauthn.timeout", timeout(config.webauthn.timeout));
    if let Some(value) = config.mfa.timeout {
        found.add("mfa.timeout", timeout(value));
    }
    let patterns = &config.cors.allowed_origins;
    if patterns.len() > MAX_ORIGINS {
        found.add("cors.allowed_origins", Err(format!("at most {MAX_ORIGINS} are allowed")));
    }
    for (index, pattern) in patterns.iter().take(MAX_ORIGINS).enumerate() {
        // The check of the relying party has already refused this origin and reported its problem.
        if refused_origins.contains(&pattern) {
            continue;
        }
        let unsafe_wildcard = config.cors.allow_unsafe_wildcard;
        let checked = short_origin(pattern).and_then(|()| cors::check(pattern, unsafe_wildcard));
        found.add(format!("cors.allowed_origins[{index}]"), checked);
    }
    ceremonies(&mut found, config);
    acr(&mut found, &config.acr);
    limits(&mut found, config.limits);
    found.add("webauthn.algorithms", algorithms(&config.webauthn.algorithms));
    found.0.extend(trust::conflicts::problems(config));
    found.0
}

/// Checks the ceremony settings that are lists or that depend on each other.
fn ceremonies(found: &mut Problems, config: &TenantConfig) {
    let webauthn = &config.webauthn;
    let lifetime = |value: Option<u32>, timeout: u32| value.map_or(Ok(()), |value| lifetime(value, timeout));
    found.add("webauthn.challenge_lifetime", lifetime(webauthn.challenge_lifetime, webauthn.timeout));
    found.add("webauthn.hints", distinct(&webauthn.hints));
    found.add("webauthn.attestation_formats", distinct(&webauthn.attestation_formats));
    found.add("webauthn.extensions", extensions::consistent(&webauthn.extensions));
    found.add("webauthn.allowed_extensions", distinct(&webauthn.allowed_extensions));
    let mfa = &config.mfa;
    let timeout = mfa.timeout.unwrap_or(webauthn.timeout);
    found.add("mfa.challenge_lifetime", lifetime(mfa.challenge_lifetime, timeout));
    found.add("mfa.hints", distinct(&mfa.hints));
}

fn lifetime(value: u32, timeout: u32) -> Result<(), Message> {
    in_range(value, &LIFETIME_RANGE_MS, "milliseconds")?;
    if value < timeout.min(MAX_LIFETIME_MS) {
        return Err(format!(
            "{value} must not be less than the timeout of {timeout} milliseconds, or the browser waits too long"
        ));
    }
    Ok(())
}

/// Checks the names of the levels of assurance. OpenID Connect separates the names in `acr_values` by spaces, so a name
/// must not contain spaces.
fn acr(found: &mut Problems, names: &AcrNames) {
    for (index, &level) in AssuranceLevel::ALL.iter().enumerate() {
        let name = names.name(level);
        let is_valid = (1..=MAX_ACR_CHARS).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic());
        let repeated = AssuranceLevel::ALL.iter().take(index).find(|&&lower| names.name(lower) == name);
        let checked = match (is_valid, repeated) {
            (false, _) => Err(format!("must have 1 to {MAX_ACR_CHARS} visible ASCII characters without spaces")),
            (true, Some(lower)) => Err(format!("`{name}` is also the name of {lower}; each level needs its own name")),
            (true, None) => Ok(()),
        };
        found.add(format!("acr.{level}"), checked);
    }
}

fn algorithms(listed: &[CoseAlgorithm]) -> Result<(), Message> {
    if listed.is_empty() {
        return Err("must contain at least one algorithm; null means the default".to_owned());
    }
    distinct(listed)
}

/// Checks that a list contains no value twice.
pub fn distinct<T: PartialEq + std::fmt::Display>(list: &[T]) -> Result<(), Message> {
    let repeated = list.iter().enumerate().find(|(index, one)| list.iter().take(*index).any(|other| other == *one));
    repeated.map_or(Ok(()), |(_, one)| Err(format!("contains {one} twice")))
}

fn limits(found: &mut Problems, limits: Limits) {
    let Limits { credentials_per_user, transaction_data_bytes } = limits;
    found.add("limits.credentials_per_user", in_range(credentials_per_user, &CREDENTIALS_RANGE, "credentials"));
    found.add("limits.transaction_data_bytes", in_range(transaction_data_bytes, &TRANSACTION_DATA_RANGE, "bytes"));
}

fn timeout(value: u32) -> Result<(), Message> {
    in_range(value, &TIMEOUT_RANGE_MS, "milliseconds")
}

fn in_range(value: u32, range: &std::ops::RangeInclusive<u32>, unit: &str) -> Result<(), Message> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(format!("{value} must be between {} and {} {unit}", range.start(), range.end()))
}

#[cfg(test)]
mod tests {
    use doorward_shared::config::{Cors, Mfa, RelyingParty, TrustPolicies, Webauthn};

    use super::*;

    fn config(id: &str, origins: &[&str], cors: &[&str]) -> TenantConfig {
        TenantConfig {
            cors: Cors {
                allowed_origins: cors.iter().map(|&text| text.to_owned()).collect(),
                allow_unsafe_wildcard: false,
            },
            webauthn: Webauthn::for_relying_party(RelyingParty::new(
                id.to_owned(),
                "Example".to_owned(),
                origins.iter().map(|&text| text.to_owned()).collect(),
            )),
            mfa: Mfa::default(),
            acr: AcrNames::default(),
            limits: Limits::default(),
            trust: TrustPolicies::default(),
        }
    }

    #[test]
    fn one_mistake_in_both_lists_of_origins_is_reported_once() {
        let text = "https://example.com/";
        let fields =
            |config: &TenantConfig| -> Vec<String> { problems(config).into_iter().map(|one| one.field).collect() };
        assert_eq!(fields(&config("example.com", &[text], &[text])), ["webauthn.relying_party.origins[0]"]);
        let other = config("example.com", &["https://example.com"], &[text]);
        assert_eq!(fields(&other), ["cors.allowed_origins[0]"]);
    }

    #[test]
    fn valid_configurations_are_accepted() {
        for (id, origin) in [
            ("example.com", "https://example.com"),
            ("example.com", "https://app.example.com"),
            ("example.com", "https://example.com:8443"),
            ("example.co.uk", "https://example.co.uk"),
            ("localhost", "http://localhost:8080"),
            ("intranet", "https://intranet"),
            ("example.com", "android:apk-key-hash:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ] {
            let config = config(id, &[origin], &["https://*.example.com"]);
            assert_eq!(valid(config.clone()), Ok(config), "{id} {origin}");
        }
    }

    #[test]
    fn problems_name_the_setting() {
        for (id, origin, cors, field) in [
            ("https://example.com", "https://example.com", "", "webauthn.relying_party.id"),
            ("Example.com", "https://example.com", "", "webauthn.relying_party.id"),
            ("com", "https://example.com", "", "webauthn.relying_party.id"),
            ("co.uk", "https://example.co.uk", "", "webauthn.relying_party.id"),
            ("127.0.0.1", "http://127.0.0.1", "", "webauthn.relying_party.id"),
            ("example.com", "https://example.com/", "", "webauthn.relying_party.origins[0]"),
            ("example.com", "https://example.com/login", "", "webauthn.relying_party.origins[0]"),
            ("example.com", "https://badexample.com", "", "webauthn.relying_party.origins[0]"),
            ("example.com", "https://user@example.com", "", "webauthn.relying_party.origins[0]"),
            ("example.com", "http://example.com", "", "webauthn.relying_party.origins[0]"),
            ("example.com", "https://EXAMPLE.com", "", "webauthn.relying_party.origins[0]"),
            ("example.com", "https://example.com:443", "", "webauthn.relying_party.origins[0]"),
            ("example.com", "android:apk-key-hash:short", "", "webauthn.relying_party.origins[0]"),
            ("example.com", "https://{tenant}.example.com", "", "webauthn.relying_party.origins[0]"),
            ("example.com", "https://a..example.com", "", "webauthn.relying_party.origins[0]"),
            ("example.com", "https://.example.com", "", "webauthn.relying_party.origins[0]"),
            ("example.com", "https://example.com:0", "", "webauthn.relying_party.origins[0]"),
            ("example.com", "https://%2A.example.com", "", "webauthn.relying_party.origins[0]"),
            ("*.example.com", "https://a.example.com", "", "webauthn.relying_party.id"),
            ("a..example.com", "https://a..example.com", "", "webauthn.relying_party.id"),
            ("example.com", "https://example.com", "*", "cors.allowed_origins[0]"),
            ("example.com", "https://example.com", "https://*example.com", "cors.allowed_origins[0]"),
            ("example.com", "https://example.com", "https://*.co.uk", "cors.allowed_origins[0]"),
            ("example.com", "https://example.com", "https://*", "cors.allowed_origins[0]"),
            ("example.com", "https://example.com", "https://example.com/", "cors.allowed_origins[0]"),
        ] {
            let cors: Vec<&str> = [cors].into_iter().filter(|text| !text.is_empty()).collect();
            let problems = valid(config(id, &[origin], &cors)).expect_err(origin);
            assert!(problems.iter().any(|problem| problem.field == field), "{id} {origin}: {problems:?}");
        }
    }

    #[test]
    fn all_problems_are_returned_together() {
        let origins = ["https://example.com", "https://example.com/", "http://example.com", "nonsense"];
        let mut wrong = config("example.com", &origins, &["https://*.example.com", "*"]);
        wrong.webauthn.relying_party.display_name = " ".to_owned();
        wrong.webauthn.relying_party.icon = Some("icon.png".to_owned());
        wrong.webauthn.timeout = 0;
        wrong.mfa.timeout = Some(u32::MAX);
        let fields: Vec<String> = problems(&wrong).into_iter().map(|problem| problem.field).collect();
        assert_eq!(
            fields,
            [
                "webauthn.relying_party.display_name",
                "webauthn.relying_party.icon",
                "webauthn.relying_party.origins[1]",
                "webauthn.relying_party.origins[2]",
                "webauthn.relying_party.origins[3]",
                "webauthn.timeout",
                "mfa.timeout",
                "cors.allowed_origins[1]",
            ]
        );
        assert_eq!(problems(&config("example.com", &["https://example.com"], &[])), []);
        let none = problems(&config("example.com", &[], &[]));
        assert_eq!(none.iter().map(|one| one.field.as_str()).collect::<Vec<_>>(), ["webauthn.relying_party.origins"]);
    }

    #[test]
    fn change_is_validated_with_the_values_that_it_keeps() {
        let mut current = config("example.com", &["https://example.com"], &[]);
        current.mfa.timeout = Some(5_000);
        let mut change = json!(current);
        change.as_object_mut().unwrap().remove("mfa");
        assert_eq!(check(change.clone(), None), Err(vec![problem("", "a setting is repeated")]));
        let change = ConfigChange(change);
        assert_eq!(change.complete(&current), Ok(current.clone()));
        current.mfa.timeout = Some(1);
        let [ConfigProblem { field, .. }] = change.complete(&current).unwrap_err().try_into().unwrap();
        assert_eq!(field, "mfa.timeout");
    }

    #[test]
    fn algorithms_are_not_empty_or_repeated() {
        let with = |algorithms: &[CoseAlgorithm]| {
            let mut config = config("example.com", &["https://example.com"], &[]);
            config.webauthn.algorithms = algorithms.to_vec();
            config
        };
        let current = with(&[CoseAlgorithm::MlDsa65, CoseAlgorithm::Es256]);
        assert_eq!(problems(&current), []);
        for wrong in [&[][..], &[CoseAlgorithm::Es256, CoseAlgorithm::EdDsa, CoseAlgorithm::Es256]] {
            let [ConfigProblem { field, .. }] = problems(&with(wrong)).try_into().unwrap();
            assert_eq!(field, "webauthn.algorithms");
        }
    }

    #[test]
    fn names_of_levels_are_short_visible_and_different() {
        let messages = |names: [&str; 3]| -> Vec<String> {
            let [aal1, aal2, aal3] = names.map(str::to_owned);
            let mut config = config("example.com", &["https://example.com"], &[]);
            config.acr = AcrNames { aal1, aal2, aal3 };
            problems(&config).into_iter().map(|problem| format!("{}: {}", problem.field, problem.message)).collect()
        };
        let longest = "x".repeat(MAX_ACR_CHARS);
        assert_eq!(messages(["urn:example:loa:1", "http://example.com/strong", &longest]), [""; 0]);
        let invalid = "must have 1 to 128 visible ASCII characters without spaces";
        let too_long = format!("{longest}x");
        for name in ["", "a b", "ä", "a\n", &too_long] {
            assert_eq!(messages(["low", name, "high"]), [format!("acr.aal2: {invalid}")]);
        }
        let repeated = "acr.aal3: `high` is also the name of aal2; each level needs its own name";
        assert_eq!(messages(["low", "high", "high"]), [repeated]);
    }

    #[test]
    fn large_values_are_rejected() {
        let field = |config: &TenantConfig| -> Vec<String> {
            problems(config).into_iter().map(|problem| problem.field).collect()
        };
        let mut large = config("example.com", &["https://example.com"], &["https://example.com"]);
        large.limits = Limits { credentials_per_user: 257, transaction_data_bytes: 32_769 };
        assert_eq!(field(&large), ["limits.credentials_per_user", "limits.transaction_data_bytes"]);
        large.limits = Limits { credentials_per_user: 0, transaction_data_bytes: 0 };
        assert_eq!(field(&large), ["limits.credentials_per_user", "limits.transaction_data_bytes"]);
        large.limits = Limits { credentials_per_user: 256, transaction_data_bytes: 32_768 };
        let rp = &mut large.webauthn.relying_party;
        rp.icon = Some(format!("data:image/png,{}", "x".repeat(2048 - 15)));
        rp.origins = vec!["https://example.com".to_owned(); 32];
        assert_eq!(field(&large), [""; 0]);
        large.webauthn.relying_party.icon = Some(format!("data:image/png,{}", "x".repeat(2049 - 15)));
        large.webauthn.relying_party.origins.push("https://example.com".to_owned());
        large.cors.allowed_origins = vec![format!("https://{}.example.com", "x".repeat(256))];
        let expected = ["webauthn.relying_party.icon", "webauthn.relying_party.origins", "cors.allowed_origins[0]"];
        assert_eq!(field(&large), expected);
        let label = "x".repeat(60);
        let long = format!("https://{label}.{label}.{label}.{label}.example.com");
        assert_eq!(problems(&config("example.com", &[&long], &[])).len(), 1);
    }
}
