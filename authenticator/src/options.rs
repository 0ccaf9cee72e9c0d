//! Parses the server's options as strictly as browsers do with `parse…OptionsFromJSON` (WebAuthn §5.1.9, §5.1.10).

use serde::Deserialize;
use serde_json::Value;

use crate::{Attachment, ClientError, from_base64url};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Creation {
    pub(crate) rp: Rp,
    pub(crate) user: User,
    pub(crate) challenge: String,
    pub(crate) pub_key_cred_params: Vec<Param>,
    #[serde(default)]
    pub(crate) exclude_credentials: Vec<Descriptor>,
    #[serde(default)]
    pub(crate) authenticator_selection: Selection,
    #[serde(default)]
    pub(crate) attestation: Option<String>,
    #[serde(default)]
    pub(crate) extensions: Value,
}

#[derive(Deserialize)]
pub(crate) struct Rp {
    /// Display name, required by the specification.
    #[serde(rename = "name")]
    _name: String,
    pub(crate) id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct User {
    pub(crate) id: String,
    #[serde(rename = "name")]
    _name: String,
    #[serde(rename = "displayName")]
    _display_name: String,
}

#[derive(Deserialize)]
pub(crate) struct Param {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) alg: i64,
}

#[derive(Deserialize)]
pub(crate) struct Descriptor {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) id: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Selection {
    pub(crate) authenticator_attachment: Option<Attachment>,
    #[serde(default)]
    pub(crate) require_resident_key: bool,
    pub(crate) resident_key: Option<String>,
    pub(crate) user_verification: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    pub(crate) challenge: String,
    pub(crate) rp_id: Option<String>,
    pub(crate) user_verification: Option<String>,
    #[serde(default)]
    pub(crate) allow_credentials: Vec<Descriptor>,
}

/// Returns whether the options request a registration without a dialog (`"mediation": "conditional"`).
pub(crate) fn is_conditional(options: &Value) -> bool {
    options.get("mediation").and_then(Value::as_str) == Some("conditional")
}

/// Parses `{"publicKey": …}`, or only the value of `publicKey`.
pub(crate) fn read<'a, T: Deserialize<'a>>(options: &'a Value) -> Result<T, ClientError> {
    T::deserialize(options.get("publicKey").unwrap_or(options)).map_err(|error| ClientError::Options(error.to_string()))
}

pub(crate) fn bytes(field: &str, text: &str) -> Result<Vec<u8>, ClientError> {
    from_base64url(text).ok_or_else(|| ClientError::Options(format!("{field} is not base64url")))
}

/// Returns the ids of the descriptors of type `public-key`. Browsers ignore descriptors of other types.
pub(crate) fn ids(field: &str, descriptors: &[Descriptor]) -> Result<Vec<Vec<u8>>, ClientError> {
    descriptors.iter().filter(|each| each.kind == "public-key").map(|each| bytes(field, &each.id)).collect()
}
