//! Parsing of the bodies of finalize requests, before verification.

use std::borrow::Cow;

use aws_lc_rs::digest;
use doorward_shared::{Base64Url, refusal::AuthenticatorState};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{attestation::AttestationObject, auth_data::AuthData, client_data::ClientData};
use crate::domain::{ChallengeValue, CredentialId};

/// Maximum number of transports that are stored for a credential.
const MAX_TRANSPORTS: usize = 8;
/// Maximum length of the name of a transport in bytes.
const MAX_TRANSPORT_BYTES: usize = 32;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    pub reason: String,
}

impl From<&str> for Malformed {
    fn from(reason: &str) -> Self {
        Self { reason: reason.to_owned() }
    }
}

/// Result of `navigator.credentials.create()`, not verified yet.
#[derive(Debug, Clone)]
pub struct ParsedRegistration {
    pub(super) credential_id: CredentialId,
    pub(super) client_data: ClientData,
    pub(super) client_data_json: Vec<u8>,
    pub(super) attestation: AttestationObject,
    transports: Vec<String>,
    discoverable: Option<bool>,
}

impl ParsedRegistration {
    pub const fn challenge(&self) -> &ChallengeValue {
        &self.client_data.challenge
    }

    pub const fn credential_id(&self) -> &CredentialId {
        &self.credential_id
    }

    pub fn transports(&self) -> &[String] {
        &self.transports
    }

    /// Returns whether the credential is discoverable, according to the output of the extension `credProps` (WebAuthn
    /// §10.1.3), which is not signed; `None` without this output.
    pub const fn discoverable(&self) -> Option<bool> {
        self.discoverable
    }

    pub const fn authenticator_state(&self) -> AuthenticatorState {
        self.attestation.auth_data.state()
    }
}

/// Result of `navigator.credentials.get()`, not verified yet.
#[derive(Debug, Clone)]
pub struct ParsedAssertion {
    pub(super) credential_id: CredentialId,
    pub(super) client_data: ClientData,
    pub(super) client_data_json: Vec<u8>,
    pub(super) auth_data: AuthData,
    pub(super) auth_data_bytes: Vec<u8>,
    pub(super) signature: Vec<u8>,
    user_handle: Option<Vec<u8>>,
}

impl ParsedAssertion {
    pub const fn challenge(&self) -> &ChallengeValue {
        &self.client_data.challenge
    }

    pub const fn credential_id(&self) -> &CredentialId {
        &self.credential_id
    }

    pub const fn authenticator_state(&self) -> AuthenticatorState {
        self.auth_data.state()
    }

    /// Returns the signed bytes: authenticator data and the hash of the client data (WebAuthn §7.2).
    pub(super) fn signed_bytes(&self) -> Vec<u8> {
        let hash = digest::digest(&digest::SHA256, &self.client_data_json);
        [self.auth_data_bytes.as_slice(), hash.as_ref()].concat()
    }

    /// Returns the user handle; `None` if it is missing or empty.
    pub fn user_handle(&self) -> Option<&[u8]> {
        self.user_handle.as_deref()
    }
}

/// An optional string. It borrows from the body unless it contains escapes.
#[derive(Deserialize, Default)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Option<Cow<'a, str>>);

impl Text<'_> {
    fn decode(self, field: &str) -> Result<Vec<u8>, Malformed> {
        let text = self.0.ok_or_else(|| Malformed { reason: format!("{field} is missing") })?;
        Base64Url::decode(&text)
            .map(|bytes| bytes.0)
            .map_err(|_| Malformed { reason: format!("{field} is not base64url") })
    }
}

// All fields are optional, so that the error message can name a missing field.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default)]
    raw_id: Text<'a>,
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    response: Option<&'a RawValue>,
    #[serde(borrow, default)]
    authenticator_attachment: Text<'a>,
    // Older clients send the transports of a registration here.
    #[serde(default)]
    transports: Option<Vec<String>>,
    #[serde(borrow, default)]
    client_extension_results: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AttestationBody<'a> {
    #[serde(borrow, default, rename = "clientDataJSON")]
    client_data_json: Text<'a>,
    #[serde(borrow, default)]
    attestation_object: Text<'a>,
    #[serde(default)]
    transports: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AssertionBody<'a> {
    #[serde(borrow, default, rename = "clientDataJSON")]
    client_data_json: Text<'a>,
    #[serde(borrow, default)]
    authenticator_data: Text<'a>,
    #[serde(borrow, default)]
    signature: Text<'a>,
    #[serde(borrow, default)]
    user_handle: Text<'a>,
}

/// Parses `response`, which must be an object. Arrays are rejected first, because serde would assign the items of an
/// array to the members in order.
fn parse_response<'a, R: Deserialize<'a>>(response: Option<&'a RawValue>) -> Result<R, Malformed> {
    let text = response.ok_or("response is missing")?.get();
    if !text.starts_with('{') {
        return Err("response is not a JSON object".into());
    }
    let wrong = |_| wrong_member("response.", text).unwrap_or_else(|| "a member of response is repeated".to_owned());
    serde_json::from_str(text).map_err(|error| Malformed { reason: wrong(error) })
}

/// Returns the member `rk` of the output of the extension `credProps`; `None` if it is missing or not a Boolean.
fn discoverable(client_outputs: Option<&RawValue>) -> Option<bool> {
    let outputs: serde_json::Value = serde_json::from_str(client_outputs?.get()).ok()?;
    outputs.get("credProps")?.get("rk")?.as_bool()
}

/// Checks that `authenticatorAttachment` is missing or has at most 32 bytes. The value is not stored.
fn check_attachment(text: &Text<'_>) -> Result<(), Malformed> {
    match &text.0 {
        Some(text) if text.len() > 32 => Err("authenticatorAttachment is too long".into()),
        _ => Ok(()),
    }
}

/// Parses the body of a registration finalize request: one JSON object without trailing data. Ignores unknown members.
///
/// # Errors
/// [`Malformed`] if a field is missing or invalid, or if the attestation object cannot be parsed.
pub fn parse_registration(body: &[u8]) -> Result<ParsedRegistration, Malformed> {
    let body: Body<'_> = parse_json(body)?;
    let credential_id = parse_credential_id(body.id, body.raw_id, &body.kind)?;
    let response: AttestationBody<'_> = parse_response(body.response)?;
    check_attachment(&body.authenticator_attachment)?;
    let client_data_json = response.client_data_json.decode("response.clientDataJSON")?;
    let attestation_object = response.attestation_object.decode("response.attestationObject")?;
    Ok(ParsedRegistration {
        credential_id,
        client_data: ClientData::parse(&client_data_json)?,
        client_data_json,
        attestation: AttestationObject::parse(&attestation_object)?,
        transports: valid_transports(response.transports.or(body.transports).unwrap_or_default()),
        discoverable: discoverable(body.client_extension_results),
    })
}

/// Parses the body of a finalize request that contains an assertion: a login, second-factor login or transaction. The
/// body must be one JSON object without trailing data. Unknown members are ignored.
///
/// # Errors
/// [`Malformed`] if a field is missing or invalid, or if the authenticator data cannot be parsed.
pub fn parse_assertion(body: &[u8]) -> Result<ParsedAssertion, Malformed> {
    let body: Body<'_> = parse_json(body)?;
    let credential_id = parse_credential_id(body.id, body.raw_id, &body.kind)?;
    let response: AssertionBody<'_> = parse_response(body.response)?;
    check_attachment(&body.authenticator_attachment)?;
    let client_data_json = response.client_data_json.decode("response.clientDataJSON")?;
    let auth_data_bytes = response.authenticator_data.decode("response.authenticatorData")?;
    // Attested credential data is allowed here (Chrome on macOS has sent it), and is ignored.
    let auth_data = AuthData::parse(&auth_data_bytes)?;
    let user_handle = match response.user_handle {
        Text(None) => None,
        handle => Some(handle.decode("response.userHandle")?).filter(|handle| !handle.is_empty()),
    };
    Ok(ParsedAssertion {
        credential_id,
        client_data: ClientData::parse(&client_data_json)?,
        client_data_json,
        auth_data,
        auth_data_bytes,
        signature: response.signature.decode("response.signature")?,
        user_handle,
    })
}

fn parse_json<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Malformed> {
    let text = std::str::from_utf8(body).map_err(|_| "the body is not UTF-8")?;
    // serde would also accept an array, and assign its items to the members in order.
    if !text.trim_start().starts_with('{') {
        return Err("the body is not a JSON object".into());
    }
    serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let reason = match error.classify() {
            serde_json::error::Category::Data => match wrong_member("", text) {
                Some(reason) => return Malformed { reason },
                None => "a member is repeated",
            },
            _ => "the body is not valid JSON",
        };
        Malformed { reason: format!("{reason} (line {line}, column {column})") }
    })
}

/// Returns a message about the first known member of `object` whose value has a wrong type; `None` if there is no such
/// member. serde_json's error does not name the member.
fn wrong_member(prefix: &str, object: &str) -> Option<String> {
    const TEXTS: [&str; 9] = [
        "id",
        "rawId",
        "type",
        "authenticatorAttachment",
        "clientDataJSON",
        "attestationObject",
        "authenticatorData",
        "signature",
        "userHandle",
    ];
    let value: serde_json::Value = serde_json::from_str(object).ok()?;
    let mut present = value.as_object()?.iter().filter(|(_, value)| !value.is_null());
    present.find_map(|(name, value)| match name.as_str() {
        text if TEXTS.contains(&text) && !value.is_string() => Some(format!("{prefix}{name} must be a string")),
        "transports" if !value.as_array().is_some_and(|list| list.iter().all(serde_json::Value::is_string)) => {
            Some(format!("{prefix}{name} must be a list of strings"))
        }
        _ => None,
    })
}

/// Parses the credential id. The body contains it twice, as `id` and as `rawId`, and the two ids must be equal.
fn parse_credential_id(id: Text<'_>, raw_id: Text<'_>, kind: &Text<'_>) -> Result<CredentialId, Malformed> {
    if kind.0.as_deref() != Some("public-key") {
        return Err("type is not \"public-key\"".into());
    }
    let id = id.decode("id")?;
    if id != raw_id.decode("rawId")? {
        return Err("id and rawId differ".into());
    }
    CredentialId::new(id).ok_or_else(|| "a credential id has 1 to 1023 bytes".into())
}

/// Returns the first [`MAX_TRANSPORTS`] valid names of transports, without duplicates.
fn valid_transports(transports: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for transport in transports {
        let is_name = (1..=MAX_TRANSPORT_BYTES).contains(&transport.len())
            && transport.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if is_name && kept.len() < MAX_TRANSPORTS && !kept.contains(&transport) {
            kept.push(transport);
        }
    }
    kept
}
