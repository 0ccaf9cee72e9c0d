//! Structure of a tenant's configuration: the known settings, the required ones, and their JSON types. Unlike serde,
//! [`check`] reports all problems.

use doorward_shared::{
    AuthenticatorStatus, CertificationLevel, CoseAlgorithm,
    admin::ConfigProblem,
    config::{
        AssuranceLevel, Attachment, AttestationFormat, AttestationPreference, BackupEligibilityChange, CounterPolicy,
        Hint, ResidentKey, TokenAudience, TrustMode, UserVerification,
    },
    extensions::{CredentialProtection, Extension, LargeBlobSupport},
};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::json_reader;

enum Kind {
    Text,
    Texts,
    Flag,
    Millis,
    Number,
    OneOf(Vec<&'static str>),
    ListOf(Vec<&'static str>),
    Uuids,
    Section(Vec<Setting>),
}

struct Setting {
    name: &'static str,
    kind: Kind,
    presence: Presence,
}

#[derive(PartialEq, Eq)]
enum Presence {
    Required,
    /// May be missing, but not null.
    Optional,
    /// May be missing or null.
    Nullable,
}

use Presence::{Nullable, Optional, Required};

macro_rules! list_of {
    ($type:ident) => {
        Kind::ListOf($type::ALL.iter().map(|value| value.as_str()).collect())
    };
}
macro_rules! one_of {
    ($type:ident) => {
        Kind::OneOf($type::ALL.iter().map(|value| value.as_str()).collect())
    };
}

/// Returns the extensions that registrations can request. The inputs of `prf` belong to one user, so they are set in
/// requests and not in the configuration.
fn extensions() -> Vec<Setting> {
    let setting = |name, kind| Setting { name, kind, presence: Nullable };
    let support = Setting { name: "support", kind: one_of!(LargeBlobSupport), presence: Nullable };
    vec![
        setting("credProps", Kind::Flag),
        setting("credentialProtectionPolicy", one_of!(CredentialProtection)),
        setting("enforceCredentialProtectionPolicy", Kind::Flag),
        setting("minPinLength", Kind::Flag),
        setting("largeBlob", Kind::Section(vec![support])),
        setting("prf", Kind::Section(Vec::new())),
    ]
}

fn settings() -> Vec<Setting> {
    let setting = |name, presence, kind| Setting { name, kind, presence };
    let ceremony = |timeout: Presence| {
        vec![
            setting("timeout", timeout, Kind::Millis),
            setting("user_verification", Optional, one_of!(UserVerification)),
            setting("attachment", Nullable, one_of!(Attachment)),
            setting("attestation_preference", Optional, one_of!(AttestationPreference)),
            setting("resident_key_requirement", Optional, one_of!(ResidentKey)),
            setting("challenge_lifetime", Nullable, Kind::Millis),
            setting("hints", Nullable, list_of!(Hint)),
        ]
    };
    let relying_party = vec![
        setting("id", Required, Kind::Text),
        setting("display_name", Required, Kind::Text),
        setting("icon", Nullable, Kind::Text),
        setting("origins", Required, Kind::Texts),
        setting("related_origins", Nullable, Kind::Texts),
        setting("top_origins", Nullable, Kind::Texts),
    ];
    let cors =
        vec![setting("allowed_origins", Optional, Kind::Texts), setting("allow_unsafe_wildcard", Optional, Kind::Flag)];
    let mut webauthn = vec![setting("relying_party", Required, Kind::Section(relying_party))];
    webauthn.extend(ceremony(Optional));
    webauthn.push(setting("token_audience", Nullable, one_of!(TokenAudience)));
    webauthn.push(setting("backup_eligibility_change", Nullable, one_of!(BackupEligibilityChange)));
    webauthn.push(setting("algorithms", Nullable, list_of!(CoseAlgorithm)));
    let acr = AssuranceLevel::ALL.iter().map(|level| setting(level.as_str(), Nullable, Kind::Text)).collect();
    webauthn.push(setting("keep_attestation", Nullable, Kind::Flag));
    webauthn.push(setting("attestation_formats", Nullable, list_of!(AttestationFormat)));
    webauthn.push(setting("exclude_credentials", Nullable, Kind::Flag));
    webauthn.push(setting("extensions", Nullable, Kind::Section(extensions())));
    webauthn.push(setting("allowed_extensions", Nullable, list_of!(Extension)));
    webauthn.push(setting("counter_policy", Nullable, one_of!(CounterPolicy)));
    let limits = vec![
        setting("credentials_per_user", Nullable, Kind::Number),
        setting("transaction_data_bytes", Nullable, Kind::Number),
    ];
    let trust = || {
        let policy = vec![
            setting("registration", Nullable, one_of!(TrustMode)),
            setting("login", Nullable, one_of!(TrustMode)),
            setting("attestation_required", Nullable, Kind::Flag),
            setting("allow_aaguids", Nullable, Kind::Uuids),
            setting("deny_aaguids", Nullable, Kind::Uuids),
            setting("deny_statuses", Nullable, list_of!(AuthenticatorStatus)),
            setting("min_certification", Nullable, one_of!(CertificationLevel)),
            setting("device_bound_only", Nullable, Kind::Flag),
            setting("algorithms", Nullable, list_of!(CoseAlgorithm)),
        ];
        Kind::Section(policy)
    };
    let policies = vec![setting("passkeys", Nullable, trust()), setting("second_factors", Nullable, trust())];
    vec![
        setting("webauthn", Required, Kind::Section(webauthn)),
        setting("mfa", Nullable, Kind::Section(ceremony(Nullable))),
        setting("cors", Optional, Kind::Section(cors)),
        setting("acr", Nullable, Kind::Section(acr)),
        setting("limits", Nullable, Kind::Section(limits)),
        setting("trust", Nullable, Kind::Section(policies)),
    ]
}

/// Returns the paths of all settings, such as `webauthn.relying_party.id`. A section precedes its settings.
pub fn paths() -> Vec<String> {
    fn add(paths: &mut Vec<String>, parent: &str, settings: Vec<Setting>) {
        for Setting { name, kind, .. } in settings {
            let path = join(parent, name);
            paths.push(path.clone());
            if let Kind::Section(settings) = kind {
                add(paths, &path, settings);
            }
        }
    }
    let mut paths = Vec::new();
    add(&mut paths, "", settings());
    paths
}

/// Result of [`check`].
#[derive(Debug, PartialEq)]
pub struct Shape {
    /// Unknown settings, and all problems that prevent parsing the value.
    pub problems: Vec<ConfigProblem>,
    /// The value without the settings that have problems.
    pub readable: Value,
}

pub fn check(value: &Value) -> Shape {
    let mut problems = Vec::new();
    let readable = match value {
        Value::Object(members) => section(&mut problems, "", members, settings()),
        _ => {
            problems.push(problem("", "must be a JSON object"));
            Value::Null
        }
    };
    Shape { problems, readable }
}

fn problem(field: &str, message: impl Into<String>) -> ConfigProblem {
    ConfigProblem { field: field.to_owned(), message: message.into() }
}

fn join(parent: &str, name: &str) -> String {
    if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") }
}

/// Checks the members of a section and returns those without problems.
fn section(
    found: &mut Vec<ConfigProblem>,
    parent: &str,
    members: &Map<String, Value>,
    settings: Vec<Setting>,
) -> Value {
    let known: Vec<&str> = settings.iter().map(|setting| setting.name).collect();
    for name in members.keys().filter(|name| !known.contains(&name.as_str())) {
        found.push(problem(&join(parent, &json_reader::shown(name)), json_reader::unknown_member(name, &known)));
    }
    let mut readable = Map::new();
    for Setting { name, kind, presence } in settings {
        let field = join(parent, name);
        let checked = match members.get(name) {
            None => {
                if presence == Required {
                    found.push(problem(&field, "is required"));
                }
                None
            }
            Some(Value::Null) if presence == Nullable => Some(Value::Null),
            Some(Value::Null) => {
                found.push(problem(&field, "must not be null"));
                None
            }
            Some(value) => member(found, &field, value, kind),
        };
        readable.extend(checked.map(|value| (name.to_owned(), value)));
    }
    Value::Object(readable)
}

/// Checks the value of a setting and returns the value if it has no problem. A section is returned without the settings
/// that have problems.
fn member(found: &mut Vec<ConfigProblem>, field: &str, value: &Value, kind: Kind) -> Option<Value> {
    let message = match (kind, value) {
        (Kind::Section(settings), Value::Object(members)) => return Some(section(found, field, members, settings)),
        (Kind::Section(_), _) => "must be a JSON object".to_owned(),
        (Kind::Text, Value::String(_)) | (Kind::Flag, Value::Bool(_)) => return Some(value.clone()),
        (Kind::Text, _) => "must be a string".to_owned(),
        (Kind::Flag, _) => "must be true or false".to_owned(),
        (Kind::Texts, Value::Array(values)) => {
            for (index, _) in values.iter().enumerate().filter(|(_, value)| !value.is_string()) {
                found.push(problem(&format!("{field}[{index}]"), "must be a string"));
            }
            return values.iter().all(Value::is_string).then(|| value.clone());
        }
        (Kind::Texts, _) => "must be a list of strings".to_owned(),
        (Kind::ListOf(words), Value::Array(values)) => {
            let is_known = |value: &Value| value.as_str().is_some_and(|text| words.contains(&text));
            for (index, _) in values.iter().enumerate().filter(|(_, value)| !is_known(value)) {
                let message = format!("must be one of {}", words.join(", "));
                found.push(problem(&format!("{field}[{index}]"), message));
            }
            return values.iter().all(is_known).then(|| value.clone());
        }
        (Kind::Uuids, Value::Array(values)) => {
            let is_uuid = |value: &Value| value.as_str().is_some_and(|text| Uuid::parse_str(text).is_ok());
            for (index, _) in values.iter().enumerate().filter(|(_, value)| !is_uuid(value)) {
                found.push(problem(&format!("{field}[{index}]"), "must be a UUID"));
            }
            return values.iter().all(is_uuid).then(|| value.clone());
        }
        (Kind::Uuids, _) => "must be a list of UUIDs".to_owned(),
        (Kind::ListOf(words), _) => format!("must be a list of {}", words.join(", ")),
        (Kind::Millis | Kind::Number, value) if value.as_u64().is_some_and(|value| u32::try_from(value).is_ok()) => {
            return Some(value.clone());
        }
        (Kind::Millis, _) => "must be a number of milliseconds".to_owned(),
        (Kind::Number, _) => "must be a whole number".to_owned(),
        (Kind::OneOf(values), Value::String(text)) if values.contains(&text.as_str()) => return Some(value.clone()),
        (Kind::OneOf(values), _) => format!("must be one of {}", values.join(", ")),
    };
    found.push(problem(field, message));
    None
}

#[cfg(test)]
mod tests {
    use doorward_shared::{
        config::{AcrNames, KEPT, Limits, Mfa, RelyingParty, TenantConfig, TrustPolicies, TrustPolicy, Webauthn},
        extensions::{LargeBlobCreation, PrfCreation, RegistrationExtensions},
    };
    use serde_json::json;

    use super::*;

    fn problems(value: &Value) -> Vec<ConfigProblem> {
        check(value).problems
    }

    fn sample() -> Value {
        let relying_party = RelyingParty {
            id: "example.com".to_owned(),
            display_name: "Example".to_owned(),
            icon: Some("https://example.com/icon.png".to_owned()),
            related_origins: vec!["https://example.net".to_owned()],
            top_origins: vec!["https://partner.example".to_owned()],
            origins: vec!["https://example.com".to_owned()],
        };
        let mut webauthn = Webauthn::for_relying_party(relying_party);
        webauthn.attachment = Some(Attachment::Platform);
        webauthn.token_audience = TokenAudience::Ceremony;
        let mfa = Mfa { timeout: Some(5_000), challenge_lifetime: Some(90_000), ..Mfa::default() };
        webauthn.backup_eligibility_change = BackupEligibilityChange::Refuse;
        webauthn.algorithms = vec![CoseAlgorithm::MlDsa65, CoseAlgorithm::Es256];
        webauthn.challenge_lifetime = Some(90_000);
        webauthn.hints = vec![Hint::Hybrid];
        webauthn.attestation_formats = vec![AttestationFormat::Tpm];
        webauthn.extensions = RegistrationExtensions {
            cred_props: Some(true),
            credential_protection_policy: Some(CredentialProtection::UvRequired),
            enforce_credential_protection_policy: Some(true),
            min_pin_length: Some(true),
            large_blob: Some(LargeBlobCreation { support: Some(LargeBlobSupport::Preferred) }),
            prf: Some(PrfCreation::default()),
        };
        webauthn.counter_policy = CounterPolicy::Record;
        let policy = TrustPolicy {
            allow_aaguids: Some(vec![Uuid::from_u128(1)]),
            deny_aaguids: vec![Uuid::from_u128(2)],
            deny_statuses: vec![AuthenticatorStatus::Revoked],
            min_certification: Some(CertificationLevel::L2),
            algorithms: Some(vec![CoseAlgorithm::Es256]),
            ..TrustPolicy::default()
        };
        let trust = TrustPolicies { passkeys: policy.clone(), second_factors: policy };
        json!(TenantConfig {
            cors: Default::default(),
            webauthn,
            mfa,
            acr: AcrNames::default(),
            limits: Limits::default(),
            trust
        })
    }

    /// Returns the JSON pointers of all values, such as `/webauthn/timeout`.
    fn pointers(value: &Value, pointer: &str) -> Vec<String> {
        let inner: Vec<String> = match value {
            Value::Object(members) => {
                members.iter().flat_map(|(name, value)| pointers(value, &format!("{pointer}/{name}"))).collect()
            }
            Value::Array(values) => values
                .iter()
                .enumerate()
                .flat_map(|(index, value)| pointers(value, &format!("{pointer}/{index}")))
                .collect(),
            _ => Vec::new(),
        };
        std::iter::once(pointer.to_owned()).chain(inner).collect()
    }

    #[test]
    fn settings_that_keep_their_value_accept_null_and_are_marked_in_the_documents() {
        let document = include_str!("../../../docs/admin-api.md");
        for path in KEPT {
            let mut reset = sample();
            *reset.pointer_mut(&format!("/{}", path.replace('.', "/"))).unwrap() = Value::Null;
            assert_eq!(problems(&reset), [], "{path}");
            let is_section = document.contains(&format!("| `{path}."));
            assert!(is_section || document.contains(&format!("| `{path}` * |")), "{path} is not marked");
        }
        let marked = document.lines().filter(|line| line.contains("` * |")).count();
        let sections = KEPT.iter().filter(|path| document.contains(&format!("| `{path}."))).count();
        assert_eq!(marked + sections, KEPT.len());
    }

    #[test]
    fn problems_are_found_exactly_in_unparsable_values() {
        let sample = sample();
        assert_eq!(problems(&sample), []);
        let (mut read, mut refused) = (0, 0);
        for pointer in pointers(&sample, "") {
            let others = [
                json!(null),
                json!("x"),
                json!(5),
                json!(-1),
                json!(1.5),
                json!(true),
                json!([]),
                json!([7]),
                json!({}),
                json!("required"),
                json!("platform"),
                json!(4_294_967_296_u64),
            ];
            let mut changed: Vec<Value> = others
                .into_iter()
                .map(|other| {
                    let mut changed = sample.clone();
                    *changed.pointer_mut(&pointer).unwrap() = other;
                    changed
                })
                .collect();
            if let Some((parent, name)) = pointer.rsplit_once('/') {
                let mut without = sample.clone();
                if let Some(members) = without.pointer_mut(parent).unwrap().as_object_mut() {
                    members.remove(name);
                    changed.push(without);
                }
            }
            for value in changed {
                let (found, readable) = (problems(&value), serde_json::from_value::<TenantConfig>(value.clone()));
                // If a section is expected, `check` rejects an array, but serde accepts it and reads its items as the
                // members of the section.
                let is_array = found.len() == 1 && value.pointer(&pointer).is_some_and(Value::is_array);
                assert_eq!(
                    found.is_empty() || is_array,
                    readable.is_ok() || is_array,
                    "{value} {found:?} {readable:?}"
                );
                if readable.is_ok() { read += 1 } else { refused += 1 }
            }
        }
        assert!(read > 20 && refused > 100, "{read} {refused}");
    }

    #[test]
    fn unknown_settings_are_problems_with_the_nearest_name() {
        let mut value = sample();
        value["webauthn"]["relying_party"]["origin"] = json!([]);
        value["webauthn"]["user_verificaton"] = json!("required");
        value["colour"] = json!(null);
        let found: Vec<_> = problems(&value).into_iter().map(|one| (one.field, one.message)).collect();
        let expected = [
            ("colour", "is unknown; known names are webauthn, mfa, cors, acr, limits, trust"),
            ("webauthn.user_verificaton", "is unknown; did you mean `user_verification`?"),
            ("webauthn.relying_party.origin", "is unknown; did you mean `origins`?"),
        ];
        assert_eq!(found, expected.map(|(field, message)| (field.to_owned(), message.to_owned())));
        assert_eq!(check(&value).readable, sample());
    }

    #[test]
    fn problems_name_the_setting() {
        let value = json!({
            "webauthn": {
                "relying_party": { "id": 5, "origins": ["https://example.com", null] },
                "user_verification": "sometimes",
            },
            "mfa": [],
            "cors": { "allowed_origins": "*" },
        });
        let found: Vec<_> = problems(&value).into_iter().map(|one| (one.field, one.message)).collect();
        let expected = [
            ("webauthn.relying_party.id", "must be a string"),
            ("webauthn.relying_party.display_name", "is required"),
            ("webauthn.relying_party.origins[1]", "must be a string"),
            ("webauthn.user_verification", "must be one of required, preferred, discouraged"),
            ("mfa", "must be a JSON object"),
            ("cors.allowed_origins", "must be a list of strings"),
        ];
        assert_eq!(found, expected.map(|(field, message)| (field.to_owned(), message.to_owned())));
        assert_eq!(problems(&json!([])), [problem("", "must be a JSON object")]);
    }
}
