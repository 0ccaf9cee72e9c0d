//! The bodies of finalize requests: read, not yet verified.

use std::borrow::Cow;

use aws_lc_rs::digest;
use doorward_shared::Base64Url;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{attestation::AttestationObject, auth_data::AuthData, client_data::ClientData};
use crate::domain::{ChallengeValue, CredentialId};

/// The most transports that are kept of a registration, and the longest name of one.
const MAX_TRANSPORTS: usize = 8;
const MAX_TRANSPORT_BYTES: usize = 32;

/// A body that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// What is wrong with it, for a person.
    pub reason: String,
}

impl From<&str> for Malformed {
    fn from(reason: &str) -> Self {
        Self { reason: reason.to_owned() }
    }
}

/// What `navigator.credentials.create()` answered: read, not yet verified.
#[derive(Debug, Clone)]
pub struct ParsedRegistration {
    pub(super) credential_id: CredentialId,
    pub(super) client_data: ClientData,
    pub(super) client_data_json: Vec<u8>,
    pub(super) attestation: AttestationObject,
    transports: Vec<String>,
}

impl ParsedRegistration {
    /// The challenge the client says it answers.
    #[must_use]
    pub const fn challenge(&self) -> &ChallengeValue {
        &self.client_data.challenge
    }

    /// The new credential's id.
    #[must_use]
    pub const fn credential_id(&self) -> &CredentialId {
        &self.credential_id
    }

    /// How the authenticator can be reached, as the client says.
    #[must_use]
    pub fn transports(&self) -> &[String] {
        &self.transports
    }
}

/// What `navigator.credentials.get()` answered: read, not yet verified.
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
    /// The challenge the client says it answers.
    #[must_use]
    pub const fn challenge(&self) -> &ChallengeValue {
        &self.client_data.challenge
    }

    /// The credential that was used.
    #[must_use]
    pub const fn credential_id(&self) -> &CredentialId {
        &self.credential_id
    }

    /// What the signature is over: authenticator data, then the hash of the client data (WebAuthn §7.2).
    pub(super) fn signed(&self) -> Vec<u8> {
        let hash = digest::digest(&digest::SHA256, &self.client_data_json);
        [self.auth_data_bytes.as_slice(), hash.as_ref()].concat()
    }

    /// Whose credential it is, as the authenticator says; an empty handle counts as none.
    #[must_use]
    pub fn user_handle(&self) -> Option<&[u8]> {
        self.user_handle.as_deref()
    }
}

/// A text that borrows from the body where nothing in it is escaped.
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

// Everything is optional here, so that reasons can name the field that is missing.
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
    // Where older clients put it; not in assertions.
    #[serde(default)]
    transports: Option<Vec<String>>,
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

/// The response, which must be an object: an array would be taken for its members in order.
fn object<'a, R: Deserialize<'a>>(response: Option<&'a RawValue>) -> Result<R, Malformed> {
    let text = response.ok_or("response is missing")?.get();
    if !text.starts_with('{') {
        return Err("response is not a JSON object".into());
    }
    serde_json::from_str(text).map_err(|_| "a member of response has the wrong type, or is repeated".into())
}

/// Where the authenticator says it is: a short text or nothing, and not kept.
fn attachment(text: &Text<'_>) -> Result<(), Malformed> {
    match &text.0 {
        Some(text) if text.len() > 32 => Err("authenticatorAttachment is too long".into()),
        _ => Ok(()),
    }
}

/// Reads the body of a registration finalize: one JSON object and nothing behind it; unknown members are ignored.
///
/// # Errors
/// [`Malformed`] when a field is missing or is not what it should be, down to the attestation object's structure.
pub fn parse_registration(body: &[u8]) -> Result<ParsedRegistration, Malformed> {
    let body: Body<'_> = read_json(body)?;
    let credential_id = credential_id(body.id, body.raw_id, &body.kind)?;
    let response: AttestationBody<'_> = object(body.response)?;
    attachment(&body.authenticator_attachment)?;
    let client_data_json = response.client_data_json.decode("response.clientDataJSON")?;
    let attestation_object = response.attestation_object.decode("response.attestationObject")?;
    Ok(ParsedRegistration {
        credential_id,
        client_data: ClientData::read(&client_data_json)?,
        client_data_json,
        attestation: AttestationObject::read(&attestation_object)?,
        transports: known_transports(response.transports.or(body.transports).unwrap_or_default()),
    })
}

/// Reads the body of a login, second-factor or transaction finalize: one JSON object and nothing behind it; unknown
/// members are ignored.
///
/// # Errors
/// [`Malformed`] when a field is missing or is not what it should be, down to the authenticator data's structure.
pub fn parse_assertion(body: &[u8]) -> Result<ParsedAssertion, Malformed> {
    let body: Body<'_> = read_json(body)?;
    let credential_id = credential_id(body.id, body.raw_id, &body.kind)?;
    let response: AssertionBody<'_> = object(body.response)?;
    attachment(&body.authenticator_attachment)?;
    let client_data_json = response.client_data_json.decode("response.clientDataJSON")?;
    let auth_data_bytes = response.authenticator_data.decode("response.authenticatorData")?;
    let auth_data = AuthData::read(&auth_data_bytes)?;
    if auth_data.attested.is_some() {
        return Err("the authenticator data of an assertion carries a new credential".into());
    }
    let user_handle = match response.user_handle {
        Text(None) => None,
        handle => Some(handle.decode("response.userHandle")?).filter(|handle| !handle.is_empty()),
    };
    Ok(ParsedAssertion {
        credential_id,
        client_data: ClientData::read(&client_data_json)?,
        client_data_json,
        auth_data,
        auth_data_bytes,
        signature: response.signature.decode("response.signature")?,
        user_handle,
    })
}

fn read_json<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Malformed> {
    let text = std::str::from_utf8(body).map_err(|_| "the body is not UTF-8")?;
    // serde would also take an array that holds the members in order.
    if !text.trim_start().starts_with('{') {
        return Err("the body is no JSON object".into());
    }
    serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let reason = match error.classify() {
            serde_json::error::Category::Data => "a member is repeated or has the wrong type",
            _ => "the body is not valid JSON",
        };
        Malformed { reason: format!("{reason} (line {line}, column {column})") }
    })
}

/// The credential's id, which the body carries twice.
fn credential_id(id: Text<'_>, raw_id: Text<'_>, kind: &Text<'_>) -> Result<CredentialId, Malformed> {
    if kind.0.as_deref() != Some("public-key") {
        return Err("type is not \"public-key\"".into());
    }
    let id = id.decode("id")?;
    if id != raw_id.decode("rawId")? {
        return Err("id and rawId differ".into());
    }
    CredentialId::new(id).ok_or_else(|| "a credential id has 1 to 1023 bytes".into())
}

/// The transports without repetition, and without what cannot be the name of one.
fn known_transports(transports: Vec<String>) -> Vec<String> {
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
