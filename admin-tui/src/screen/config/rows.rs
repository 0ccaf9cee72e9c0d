//! Conversion between a configuration and the rows of its form.

use doorward_shared::{admin::ConfigProblem, config::TenantConfig};
use serde_json::Value as Json;

use super::config_field::{ANY, ConfigField, FIELDS, Kind};
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

/// Returns the JSON form of a configuration. If `mfa` is absent, it contains the default MFA settings.
pub(super) fn to_json(config: &TenantConfig) -> Json {
    let mfa = Some(config.mfa.clone().unwrap_or_default());
    serde_json::to_value(TenantConfig { mfa, ..config.clone() }).unwrap_or_default()
}

/// Returns a value as text: several texts for a list, none for an absent value.
pub(super) fn texts_of(json: Option<&Json>) -> Vec<String> {
    match json {
        None | Some(Json::Null) => Vec::new(),
        Some(Json::Bool(yes)) => vec![if *yes { "yes" } else { "no" }.to_owned()],
        Some(Json::String(text)) => vec![text.clone()],
        Some(Json::Array(items)) => items.iter().flat_map(|item| texts_of(Some(item))).collect(),
        Some(other) => vec![other.to_string()],
    }
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
    FIELDS.iter().flat_map(rows_of).collect()
}

/// Returns the configuration in the rows. Fails if a value cannot be parsed, such as a timeout that is not a number.
pub(super) fn to_config(rows: &[ConfigRow], saved: &TenantConfig) -> Result<TenantConfig, ConfigProblem> {
    let mut json = to_json(saved);
    for field in &FIELDS {
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
        Kind::YesNo => Json::from(text == "yes"),
        Kind::OptionalText | Kind::OptionalMilliseconds if text.is_empty() => Json::Null,
        Kind::OptionalChoice(_) if text == ANY => Json::Null,
        Kind::Text | Kind::OptionalText | Kind::Choice(_) | Kind::OptionalChoice(_) => Json::from(text),
        Kind::Milliseconds | Kind::OptionalMilliseconds => {
            let number: Option<u32> = text.parse().ok();
            Json::from(number.ok_or_else(|| ConfigProblem {
                field: field.path.to_owned(),
                message: format!("`{text}` is not a number of milliseconds, such as 60000"),
            })?)
        }
    })
}

#[cfg(test)]
mod tests {
    use doorward_shared::config::{Cors, Mfa, RelyingParty, Webauthn};

    use super::*;

    #[test]
    fn rows_contain_the_whole_configuration() {
        let origins = vec!["https://a.example".to_owned(), "https://b.example".to_owned()];
        let relying_party =
            RelyingParty { id: "a.example".to_owned(), display_name: "A".to_owned(), icon: None, origins };
        let config = TenantConfig {
            cors: Cors { allowed_origins: Vec::new(), allow_unsafe_wildcard: true },
            webauthn: Webauthn::for_relying_party(relying_party),
            mfa: Some(Mfa { timeout: None, attachment: None, ..Mfa::default() }),
            limits: None,
        };
        let rows = from_config(&config);
        assert_eq!(rows.len(), FIELDS.len() + 2);
        assert_eq!(to_config(&rows, &TenantConfig { mfa: None, ..config.clone() }), Ok(config));
    }
}
