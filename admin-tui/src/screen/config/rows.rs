//! Conversion between a configuration and the rows of its form.

use doorward_shared::{admin::ConfigProblem, config::TenantConfig};
use serde_json::Value as Json;

use super::{
    config_field::{ANY, ConfigField, Kind},
    trust_fields::all_fields,
};
use crate::ui::TextInput;

#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(TextInput),
    /// Choices, and the index of the chosen one.
    Choice(Vec<&'static str>, usize),
}

#[derive(Debug, Clone)]
pub(super) struct ConfigRow {
    pub(super) field: &'static ConfigField,
    pub(super) value: Value,
}

impl ConfigRow {
    /// Creates a row with a value. A text that is not among the choices selects the first choice.
    pub(super) fn new(field: &'static ConfigField, text: &str) -> Self {
        let choices = match field.kind {
            Kind::YesNo => vec!["no", "yes"],
            Kind::OptionalYesNo => vec![ANY, "no", "yes"],
            Kind::Choice(choices) => choices(),
            Kind::OptionalChoice(choices) => [vec![ANY], choices()].concat(),
            _ => return Self { field, value: Value::Text(TextInput::new(text)) },
        };
        let chosen = choices.iter().position(|choice| *choice == text).unwrap_or(0);
        Self { field, value: Value::Choice(choices, chosen) }
    }

    pub(super) fn text(&self) -> &str {
        match &self.value {
            Value::Text(input) => input.text(),
            Value::Choice(choices, chosen) => choices.get(*chosen).copied().unwrap_or_default(),
        }
    }

    pub(super) fn is_blank(&self) -> bool {
        self.text().trim().is_empty()
    }

    pub(super) fn is_of(&self, field: &ConfigField) -> bool {
        self.field.path == field.path
    }
}

/// Returns the JSON form of a configuration.
pub(super) fn to_json(config: &TenantConfig) -> Json {
    serde_json::to_value(config).unwrap_or_default()
}

/// Returns the texts of a value: one for each item of a list, none for an absent value, otherwise one.
pub(super) fn texts_of(json: Option<&Json>) -> Vec<String> {
    match json {
        None | Some(Json::Null) => Vec::new(),
        Some(Json::Bool(yes)) => vec![if *yes { "yes" } else { "no" }.to_owned()],
        Some(Json::String(text)) => vec![text.clone()],
        Some(Json::Array(items)) => items.iter().flat_map(|item| texts_of(Some(item))).collect(),
        Some(other) => vec![other.to_string()],
    }
}

/// Returns the values in the rows of a field, without blank values.
pub(super) fn texts_in(rows: &[ConfigRow], field: &ConfigField) -> Vec<String> {
    let rows = rows.iter().filter(|row| row.is_of(field) && !row.is_blank());
    rows.map(|row| row.text().trim().to_owned()).collect()
}

/// Returns the rows of a configuration, in the order of the form. A list ends with a blank row.
pub(super) fn from_config(config: &TenantConfig) -> Vec<ConfigRow> {
    let json = to_json(config);
    let rows_of = |field: &'static ConfigField| {
        let value = field.path.split('.').try_fold(&json, |json, name| json.get(name));
        let mut texts = texts_of(value);
        if field.is_list() || texts.is_empty() {
            texts.push(String::new());
        }
        texts.into_iter().map(move |text| ConfigRow::new(field, &text))
    };
    all_fields().flat_map(rows_of).collect()
}

/// Returns the configuration in the rows. Fails if a value cannot be parsed, such as a timeout that is not a number.
pub(super) fn to_config(rows: &[ConfigRow], saved: &TenantConfig) -> Result<TenantConfig, ConfigProblem> {
    let mut json = to_json(saved);
    for field in all_fields() {
        let texts: Vec<&str> = rows.iter().filter(|row| row.is_of(field)).map(|row| row.text().trim()).collect();
        let value = parse(field, &texts)?;
        let mut names = field.path.split('.');
        let place =
            names.try_fold(&mut json, |json, name| Some(json.as_object_mut()?.entry(name).or_insert(Json::Null)));
        if let Some(place) = place {
            *place = value;
        }
    }
    serde_json::from_value(json).map_err(|error| ConfigProblem { field: String::new(), message: error.to_string() })
}

fn parse(field: &ConfigField, texts: &[&str]) -> Result<Json, ConfigProblem> {
    let text = texts.first().copied().unwrap_or_default();
    Ok(match field.kind {
        Kind::List => texts.iter().copied().filter(|text| !text.is_empty()).collect(),
        Kind::OptionalListOf(_) | Kind::OptionalModels if texts.iter().all(|text| text.is_empty()) => Json::Null,
        Kind::ListOf(choices) | Kind::OptionalListOf(choices) => {
            let choices = choices();
            list(field, texts, |text| choices.contains(&text), || format!("must be one of {}", choices.join(", ")))?
        }
        Kind::Models | Kind::OptionalModels => {
            let wanted = || "must be an AAGUID, such as ee882879-721c-4913-9775-3dfcce97072a".to_owned();
            list(field, texts, |text| uuid::Uuid::parse_str(text).is_ok(), wanted)?
        }
        Kind::OptionalChoice(_) | Kind::OptionalYesNo if text == ANY => Json::Null,
        Kind::YesNo | Kind::OptionalYesNo => Json::from(text == "yes"),
        Kind::OptionalText | Kind::OptionalMilliseconds if text.is_empty() => Json::Null,
        Kind::Text | Kind::OptionalText | Kind::Choice(_) | Kind::OptionalChoice(_) => Json::from(text),
        Kind::Milliseconds | Kind::OptionalMilliseconds => {
            number(field, text, "a number of milliseconds, such as 60000")?
        }
        Kind::Number => number(field, text, "a whole number")?,
    })
}

/// Returns the texts that are not blank, as a JSON array. Fails at the first of these texts that `is_accepted` rejects.
fn list(
    field: &ConfigField,
    texts: &[&str],
    is_accepted: impl Fn(&str) -> bool,
    wanted: impl Fn() -> String,
) -> Result<Json, ConfigProblem> {
    let value = |(index, text): (usize, &&str)| match is_accepted(text) {
        true => Ok(Json::from(*text)),
        false => Err(ConfigProblem { field: format!("{}[{index}]", field.path), message: wanted() }),
    };
    texts.iter().filter(|text| !text.is_empty()).enumerate().map(value).collect()
}

fn number(field: &ConfigField, text: &str, wanted: &str) -> Result<Json, ConfigProblem> {
    let message = format!("`{text}` is not {wanted}");
    let number: Result<u32, _> = text.parse();
    number.map(Json::from).map_err(|_| ConfigProblem { field: field.path.to_owned(), message })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use doorward_shared::{
        AuthenticatorStatus, CertificationLevel, CoseAlgorithm,
        config::{Cors, Mfa, RelyingParty, TrustMode, TrustPolicy},
        extensions::{CredentialProtection, RegistrationExtensions},
    };

    use super::*;

    fn config() -> TenantConfig {
        let origins = vec!["https://a.example".to_owned(), "https://b.example".to_owned()];
        let icon = Some("https://a.example/icon.png".to_owned());
        let relying_party = RelyingParty { icon, ..RelyingParty::new("a.example".to_owned(), "A".to_owned(), origins) };
        let mut config = TenantConfig {
            cors: Cors { allowed_origins: vec!["https://a.example".to_owned()], allow_unsafe_wildcard: true },
            mfa: Mfa { timeout: Some(9_000), challenge_lifetime: Some(9_000), ..Mfa::default() },
            ..TenantConfig::for_relying_party(relying_party)
        };
        config.webauthn.challenge_lifetime = Some(300_000);
        config.trust.second_factors = TrustPolicy {
            registration: TrustMode::Enforce,
            deny_statuses: vec![AuthenticatorStatus::Revoked],
            min_certification: Some(CertificationLevel::L1Plus),
            algorithms: Some(vec![CoseAlgorithm::Es256]),
            allow_aaguids: Some(vec![uuid::Uuid::from_u128(7)]),
            ..TrustPolicy::default()
        };
        config.webauthn.extensions = RegistrationExtensions {
            cred_props: Some(false),
            credential_protection_policy: Some(CredentialProtection::UvRequired),
            enforce_credential_protection_policy: Some(true),
            min_pin_length: Some(true),
            ..RegistrationExtensions::default()
        };
        config
    }

    /// Returns the paths of all values. A list counts as one value.
    fn paths(path: &str, json: &Json) -> BTreeSet<String> {
        match json {
            Json::Object(members) => {
                members.iter().flat_map(|(name, value)| paths(&crate::config_diff::join(path, name), value)).collect()
            }
            _ => BTreeSet::from([path.to_owned()]),
        }
    }

    #[test]
    fn form_has_a_field_for_every_setting() {
        let mut full = config();
        full.webauthn.attachment = full.mfa.attachment;
        let fields: BTreeSet<String> = all_fields().map(|field| field.path.to_owned()).collect();
        assert_eq!(paths("", &to_json(&full)), fields);
    }

    #[test]
    fn rows_contain_the_whole_configuration() {
        let config = config();
        let rows = from_config(&config);
        // The trust policy of second factors contains one status, one algorithm and one model.
        let lists = config.webauthn.algorithms.len() + config.webauthn.allowed_extensions.len() + 3;
        assert_eq!(rows.len(), all_fields().count() + 3 + lists);
        let mut other = TenantConfig { mfa: Mfa::default(), ..config.clone() };
        other.webauthn.extensions = RegistrationExtensions::default();
        assert_eq!(to_config(&rows, &other), Ok(config));
        assert_eq!(to_config(&from_config(&other), &other), Ok(other));
    }

    #[test]
    fn invalid_model_is_refused_in_its_row() {
        let config = config();
        let mut rows = from_config(&config);
        let model = rows.iter_mut().find(|row| row.field.path == "trust.passkeys.deny_aaguids").unwrap();
        model.value = Value::Text(TextInput::new("yubikey"));
        let problem = to_config(&rows, &config).unwrap_err();
        assert_eq!(problem.field, "trust.passkeys.deny_aaguids[0]");
        assert!(problem.message.contains("must be an AAGUID"), "{}", problem.message);
    }
}
