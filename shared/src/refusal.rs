//! `detail` of a refusal's audit entry: the check that failed, and the values that it compared.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

mod check;
mod text;

pub use check::Check;

/// Maximum size of a detail as JSON, in bytes.
pub const MAX_DETAIL_BYTES: usize = 1_024;
/// Maximum size of a received value in JSON, in bytes.
const MAX_RECEIVED_BYTES: usize = 240;
/// Maximum size of all expected values in JSON, in bytes.
const MAX_EXPECTED_BYTES: usize = 280;
/// Maximum size of a path in JSON, in bytes.
const MAX_PATH_BYTES: usize = 240;

/// The failed check of a refused request. Fields that do not apply to the refusal are `None` or empty. All texts are
/// short and contain no control characters and no secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalDetail {
    /// The check that failed. `None` if this version does not know the check.
    #[serde(skip_serializing_if = "Option::is_none", default, deserialize_with = "known_check")]
    pub check: Option<Check>,
    /// The values that the check accepts.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub expected: Vec<String>,
    /// Number of accepted values that were left out because of the size limit.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub expected_left_out: u32,
    /// The value that was refused.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub received: Option<String>,
    /// Public id of the presented API key or admin token, even if no such key or token exists.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub key_id: Option<Uuid>,
    /// The stored challenge of a finalize request.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub challenge: Option<StoredChallenge>,
    /// Flags and signature counter of the authenticator data.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub authenticator: Option<AuthenticatorState>,
    /// The stored credential of an assertion.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub credential: Option<StoredCredential>,
    /// HTTP method of a refused administrative change.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub method: Option<String>,
    /// Path of the request of a refused administrative change.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub path: Option<String>,
    /// Number of refused changes before this one for which no entry was written, because of the limit of entries per
    /// minute. `None` if there were none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub left_out_before: Option<u64>,
}

/// A stored challenge at the time of a finalize request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredChallenge {
    /// The ceremony that created the challenge, such as `login` or `mfa_registration`.
    pub ceremony: Cow<'static, str>,
    /// Milliseconds since the initialize request.
    pub age_ms: i64,
    /// Milliseconds for which the challenge was valid.
    pub lifetime_ms: i64,
}

/// Flags and counter of authenticator data (WebAuthn §6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthenticatorState {
    /// User presence: flag UP.
    pub up: bool,
    /// User verification: flag UV.
    pub uv: bool,
    /// Backup eligibility: flag BE.
    pub be: bool,
    /// Backup state: flag BS.
    pub bs: bool,
    /// Signature counter.
    pub sign_count: u32,
}

/// A stored credential before the refused assertion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredCredential {
    /// Signature counter of the last accepted assertion.
    pub sign_count: u32,
    /// Whether the credential is eligible for backup.
    pub be: bool,
    /// Whether the credential is only a second factor.
    pub is_mfa: bool,
}

impl RefusalDetail {
    /// Creates a detail without values.
    #[must_use]
    pub fn new(check: Check) -> Self {
        Self { check: Some(check), ..Self::default() }
    }

    /// Adds accepted values, as far as the size limit allows.
    #[must_use]
    pub fn expected<T: AsRef<str>>(mut self, values: impl IntoIterator<Item = T>) -> Self {
        let mut left = MAX_EXPECTED_BYTES;
        for value in values {
            let value = text::bounded(value.as_ref(), MAX_RECEIVED_BYTES);
            // Each value also needs two quotation marks and a comma.
            match left.checked_sub(text::json_bytes(&value) + 3) {
                Some(rest) if self.expected_left_out == 0 => {
                    left = rest;
                    self.expected.push(value);
                }
                _ => self.expected_left_out = self.expected_left_out.saturating_add(1),
            }
        }
        self
    }

    /// Sets the refused value. It is escaped and shortened.
    #[must_use]
    pub fn received(self, value: impl AsRef<str>) -> Self {
        Self { received: Some(text::bounded(value.as_ref(), MAX_RECEIVED_BYTES)), ..self }
    }

    /// Sets the public id of the presented key.
    #[must_use]
    pub fn key(self, id: Option<Uuid>) -> Self {
        Self { key_id: id, ..self }
    }

    /// Sets the method and path of a refused change.
    #[must_use]
    pub fn request(self, method: &str, path: &str) -> Self {
        let method = Some(text::bounded(method, 16));
        Self { method, path: Some(text::bounded(path, MAX_PATH_BYTES)), ..self }
    }

    /// Sets the number of earlier refused changes for which no entry was written.
    #[must_use]
    pub fn left_out_before(self, count: u64) -> Self {
        Self { left_out_before: Some(count).filter(|&count| count > 0), ..self }
    }

    /// Returns the detail of an entry; `None` if the entry has no detail, or a detail of another form.
    #[must_use]
    pub fn of(detail: Option<&serde_json::Value>) -> Option<Self> {
        Self::deserialize(detail?).ok()
    }
}

fn known_check<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Check>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.and_then(|text| text.parse().ok()))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "\u{1b}]52;c;aGk=\u{7}\"\\\u{202e}\u{200b}\0\u{e0041}x";

    fn largest() -> RefusalDetail {
        let long = HOSTILE.repeat(1_000);
        let longest = Check::ALL.iter().copied().max_by_key(|check| check.as_str().len()).unwrap();
        let origins: Vec<String> = (0..32).map(|at| format!("https://{at}.{long}")).collect();
        RefusalDetail {
            key_id: Some(Uuid::max()),
            challenge: Some(StoredChallenge {
                ceremony: "mfa_registration".into(),
                age_ms: i64::MIN,
                lifetime_ms: 3_600_000,
            }),
            authenticator: Some(AuthenticatorState {
                up: false,
                uv: false,
                be: false,
                bs: false,
                sign_count: u32::MAX,
            }),
            credential: Some(StoredCredential { sign_count: u32::MAX, be: false, is_mfa: false }),
            ..RefusalDetail::new(longest).expected(origins).received(long)
        }
    }

    #[test]
    fn largest_details_have_at_most_one_kilobyte() {
        let ceremony = serde_json::to_string(&largest()).unwrap();
        assert!(ceremony.len() <= MAX_DETAIL_BYTES, "{} bytes: {ceremony}", ceremony.len());
        let long = HOSTILE.repeat(1_000);
        let short: Vec<String> = (0..1_000).map(|at| at.to_string()).collect();
        let change = RefusalDetail { challenge: None, authenticator: None, credential: None, ..largest() };
        let mut change = change.request(&long, &long);
        change.left_out_before = Some(u64::MAX);
        for values in [short, vec![long; 3]] {
            let change = RefusalDetail { expected: Vec::new(), expected_left_out: 0, ..change.clone() };
            let text = serde_json::to_string(&change.expected(values)).unwrap();
            assert!(text.len() <= MAX_DETAIL_BYTES, "{} bytes: {text}", text.len());
        }
    }

    #[test]
    fn control_and_invisible_characters_are_escaped() {
        let detail = RefusalDetail::new(Check::Origin).expected([HOSTILE]).received(HOSTILE).request(HOSTILE, HOSTILE);
        let escaped = "\\u{1b}]52;c;aGk=\\u{7}\"\\\\u{202e}\\u{200b}\\u{0}\\u{e0041}x";
        assert_eq!((detail.received.as_deref(), detail.expected[0].as_str()), (Some(escaped), escaped));
        assert!(!serde_json::to_string(&detail).unwrap().chars().any(text::needs_escape));
    }

    #[test]
    fn accepted_values_beyond_the_limit_are_counted() {
        let origins: Vec<String> = (0..32).map(|at| format!("https://shop-{at:02}.example.com")).collect();
        let detail = RefusalDetail::new(Check::Origin).expected(&origins);
        assert_eq!(detail.expected.len() + usize::try_from(detail.expected_left_out).unwrap(), 32);
        assert!(detail.expected.len() >= 8 && detail.expected_left_out > 0);
    }

    #[test]
    fn details_of_newer_versions_are_read_without_their_check() {
        let newer = serde_json::json!({ "check": "moon_phase", "received": "full", "other": [1] });
        let detail = RefusalDetail::of(Some(&newer)).unwrap();
        assert_eq!((detail.check, detail.received.as_deref()), (None, Some("full")));
        assert_eq!(RefusalDetail::of(Some(&serde_json::json!([1]))), None);
        assert_eq!(RefusalDetail::of(None), None);
        let written = largest();
        assert_eq!(RefusalDetail::of(Some(&serde_json::to_value(&written).unwrap())), Some(written));
    }
}
