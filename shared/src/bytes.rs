//! Binary fields (RFC 4648 §5): written as base64url without padding, and read with or without padding.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_encode_padding(false).with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Bytes that are written as base64url text in JSON.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(
    feature = "openapi",
    schema(value_type = String, pattern = "^[A-Za-z0-9_-]*={0,2}$", example = "LFdoCFJTyB82ZzSJUHc-c72yraRc_1mPvGX8ToE8su8")
)]
pub struct Base64Url(pub Vec<u8>);

impl Base64Url {
    #[must_use]
    pub fn encode(bytes: &[u8]) -> String {
        ENGINE.encode(bytes)
    }

    /// Decodes base64url text with or without padding.
    ///
    /// # Errors
    /// Returns [`InvalidBase64Url`] for characters outside the alphabet or an impossible length.
    pub fn decode(text: &str) -> Result<Self, InvalidBase64Url> {
        ENGINE.decode(text).map(Self).map_err(|_| InvalidBase64Url)
    }

    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidBase64Url;

impl std::fmt::Display for InvalidBase64Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not base64url")
    }
}

impl std::error::Error for InvalidBase64Url {}

impl std::fmt::Display for Base64Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&Self::encode(&self.0))
    }
}

impl std::fmt::Debug for Base64Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Base64Url({self})")
    }
}

impl From<Vec<u8>> for Base64Url {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl Serialize for Base64Url {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Self::encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64Url {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::decode(&text).map_err(de::Error::custom)
    }
}

/// Returns the bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::Base64Url;

    #[test]
    fn padding_is_accepted_but_not_written() {
        assert_eq!(Base64Url::decode("-_8="), Base64Url::decode("-_8"));
        assert_eq!(Base64Url(vec![0xfb, 0xff]).to_string(), "-_8");
        assert!(Base64Url::decode("+/8").is_err());
    }
}
