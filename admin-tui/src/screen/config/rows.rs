//! Conversion between a configuration and the rows of its form.

use std::str::FromStr;

use doorward_shared::{
    admin::ConfigProblem,
    config::{
        Attachment, AttestationPreference, Cors, Mfa, RelyingParty, ResidentKey, TenantConfig, UserVerification,
        Webauthn,
    },
};

use super::config_field::ConfigField as Field;
use crate::ui::TextInput;

/// Choice that stands for no restriction.
const ANY: &str = "any";

/// The value of a row.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(TextInput),
    /// Choices, and the index of the chosen one.
    Choice(Vec<&'static str>, usize),
}

/// A row of the form.
#[derive(Debug, Clone)]
pub(super) struct ConfigRow {
    pub(super) field: Field,
    pub(super) value: Value,
}

impl ConfigRow {
    pub(super) fn text_row(field: Field, value: &str) -> Self {
        Self { field, value: Value::Text(TextInput::new(value)) }
    }

    fn choice_row(field: Field, choices: Vec<&'static str>, value: &str) -> Self {
        let chosen = choices.iter().position(|choice| *choice == value).unwrap_or(0);
        Self { field, value: Value::Choice(choices, chosen) }
    }

    /// Returns the value as text.
    pub(super) fn text(&self) -> &str {
        match &self.value {
            Value::Text(input) => input.text(),
            Value::Choice(choices, chosen) => choices.get(*chosen).copied().unwrap_or_default(),
        }
    }

    /// Returns whether the value is empty or only spaces.
    pub(super) fn is_blank(&self) -> bool {
        self.text().trim().is_empty()
    }
}

/// Returns the rows of a configuration, in the order of the form. A list ends with a blank row.
pub(super) fn from_config(config: &TenantConfig) -> Vec<ConfigRow> {
    let TenantConfig { cors, webauthn, mfa } = config;
    let (rp, mfa) = (&webauthn.relying_party, mfa.clone().unwrap_or_default());
    let text = ConfigRow::text_row;
    let list = |field, values: &[String]| {
        values.iter().map(String::as_str).chain([""]).map(|value| text(field, value)).collect::<Vec<_>>()
    };
    let verification = |field, value: UserVerification| {
        ConfigRow::choice_row(field, UserVerification::ALL.iter().map(|it| it.as_str()).collect(), value.as_str())
    };
    let resident_key = |field, value: ResidentKey| {
        ConfigRow::choice_row(field, ResidentKey::ALL.iter().map(|it| it.as_str()).collect(), value.as_str())
    };
    let attestation = |field, value: AttestationPreference| {
        ConfigRow::choice_row(field, AttestationPreference::ALL.iter().map(|it| it.as_str()).collect(), value.as_str())
    };
    let attachment = |field, value: Option<Attachment>| {
        let choices = std::iter::once(ANY).chain(Attachment::ALL.iter().map(|it| it.as_str())).collect();
        ConfigRow::choice_row(field, choices, value.map_or(ANY, Attachment::as_str))
    };
    let mut rows = vec![
        text(Field::RpId, &rp.id),
        text(Field::RpName, &rp.display_name),
        text(Field::RpIcon, rp.icon.as_deref().unwrap_or_default()),
    ];
    rows.extend(list(Field::Origin, &rp.origins));
    rows.extend([
        text(Field::Timeout, &webauthn.timeout.to_string()),
        verification(Field::Verification, webauthn.user_verification),
        attachment(Field::Attachment, webauthn.attachment),
        attestation(Field::Attestation, webauthn.attestation_preference),
        resident_key(Field::ResidentKey, webauthn.resident_key_requirement),
        text(Field::MfaTimeout, &mfa.timeout.map(|timeout| timeout.to_string()).unwrap_or_default()),
        verification(Field::MfaVerification, mfa.user_verification),
        attachment(Field::MfaAttachment, mfa.attachment),
        attestation(Field::MfaAttestation, mfa.attestation_preference),
        resident_key(Field::MfaResidentKey, mfa.resident_key_requirement),
    ]);
    rows.extend(list(Field::CorsOrigin, &cors.allowed_origins));
    let wildcard = if cors.allow_unsafe_wildcard { "yes" } else { "no" };
    rows.push(ConfigRow::choice_row(Field::CorsWildcard, vec!["no", "yes"], wildcard));
    rows
}

/// Returns the configuration in the rows. Choices that cannot be parsed keep their saved value.
///
/// # Errors
/// A timeout that is not a number.
pub(super) fn to_config(rows: &[ConfigRow], saved: &TenantConfig) -> Result<TenantConfig, ConfigProblem> {
    let form = Values(rows);
    let webauthn = &saved.webauthn;
    let mfa = saved.mfa.clone().unwrap_or_default();
    Ok(TenantConfig {
        cors: Cors {
            allowed_origins: form.list(Field::CorsOrigin),
            allow_unsafe_wildcard: form.text(Field::CorsWildcard) == "yes",
        },
        webauthn: Webauthn {
            relying_party: RelyingParty {
                id: form.text(Field::RpId),
                display_name: form.text(Field::RpName),
                icon: Some(form.text(Field::RpIcon)).filter(|icon| !icon.is_empty()),
                origins: form.list(Field::Origin),
            },
            timeout: form.milliseconds(Field::Timeout)?,
            user_verification: form.parse(Field::Verification).unwrap_or(webauthn.user_verification),
            attachment: form.parse(Field::Attachment),
            attestation_preference: form.parse(Field::Attestation).unwrap_or(webauthn.attestation_preference),
            resident_key_requirement: form.parse(Field::ResidentKey).unwrap_or(webauthn.resident_key_requirement),
        },
        mfa: Some(Mfa {
            timeout: match form.text(Field::MfaTimeout).as_str() {
                "" => None,
                _ => Some(form.milliseconds(Field::MfaTimeout)?),
            },
            user_verification: form.parse(Field::MfaVerification).unwrap_or(mfa.user_verification),
            attachment: form.parse(Field::MfaAttachment),
            attestation_preference: form.parse(Field::MfaAttestation).unwrap_or(mfa.attestation_preference),
            resident_key_requirement: form.parse(Field::MfaResidentKey).unwrap_or(mfa.resident_key_requirement),
        }),
    })
}

/// Access to the values of rows by field.
struct Values<'a>(&'a [ConfigRow]);

impl Values<'_> {
    fn all(&self, field: Field) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |row| row.field == field).map(|row| row.text().trim())
    }

    fn text(&self, field: Field) -> String {
        self.all(field).next().unwrap_or_default().to_owned()
    }

    fn list(&self, field: Field) -> Vec<String> {
        self.all(field).filter(|text| !text.is_empty()).map(str::to_owned).collect()
    }

    fn parse<T: FromStr>(&self, field: Field) -> Option<T> {
        self.all(field).next().and_then(|text| text.parse().ok())
    }

    fn milliseconds(&self, field: Field) -> Result<u32, ConfigProblem> {
        self.parse(field).ok_or_else(|| ConfigProblem {
            field: field.path().to_owned(),
            message: format!("`{}` is not a number of milliseconds, such as 60000", self.text(field)),
        })
    }
}
