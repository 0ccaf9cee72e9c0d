//! Reads a Rust type from a JSON value. An error names the member that caused it.
//!
//! This module exists because serde_json's errors contain neither the path of the member nor the names of known
//! members.

use std::fmt;

use serde::{
    Deserializer,
    de::{
        self, DeserializeOwned, DeserializeSeed, Expected, IntoDeserializer as _, MapAccess, SeqAccess, Unexpected,
        Visitor,
        value::{MapDeserializer, StrDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::{Map, Value};

/// Maximum number of characters of a client's text in an error.
const MAX_SHOWN_CHARS: usize = 64;
/// Name of the struct with which serde_json's `RawValue` requests the text of a value.
const RAW_VALUE: &str = "$serde_json::private::RawValue";
/// Minimum Jaro-Winkler similarity (0 to 1) between an unknown name and the known name that an error suggests.
const MIN_SIMILARITY: f64 = 0.8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownMembers {
    Ignored,
    Refused,
}

/// Error of one member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberError {
    /// Path of the member, such as `webauthn.relying_party.origins[1]`; empty for the whole value, `None` until the
    /// path is known.
    path: Option<String>,
    /// Name of the missing member, which [`Self::at`] adds to the path; `None` for all other errors.
    missing: Option<&'static str>,
    message: String,
    /// Whether the member is unknown. Otherwise, it is missing or has a wrong type or value.
    pub is_unknown: bool,
}

/// Reads the value.
///
/// # Errors
/// The first error in the order of the members.
pub fn read<T: DeserializeOwned>(value: &Value, unknown: UnknownMembers) -> Result<T, MemberError> {
    let path = Path::Root;
    T::deserialize(Reader { value, path, unknown }).map_err(|error| error.at(&path))
}

/// Returns the message for an unknown name. The message contains the most similar known name. If no known name is
/// similar, the message lists all known names.
pub fn unknown_member(name: &str, known: &[&str]) -> String {
    let name = name.to_lowercase();
    let similarity = |known: &str| strsim::jaro_winkler(&name, known);
    let nearest = known.iter().max_by(|a, b| similarity(a).total_cmp(&similarity(b)));
    match nearest.filter(|nearest| similarity(nearest) >= MIN_SIMILARITY) {
        Some(nearest) => format!("is unknown; did you mean `{nearest}`?"),
        None if known.is_empty() => "is unknown".to_owned(),
        None => format!("is unknown; known names are {}", known.join(", ")),
    }
}

/// Returns the beginning of a client's text, with control characters escaped.
pub fn shown(text: &str) -> String {
    let mut start: String = text.chars().take(MAX_SHOWN_CHARS).flat_map(char::escape_debug).collect();
    if text.chars().nth(MAX_SHOWN_CHARS).is_some() {
        start.push('…');
    }
    start
}

impl MemberError {
    fn new(message: impl Into<String>) -> Self {
        Self { path: None, missing: None, message: message.into(), is_unknown: false }
    }

    /// Sets the path; keeps a path that was already set for an inner value.
    fn at(self, path: &Path<'_>) -> Self {
        let path = match (&self.path, self.missing) {
            (Some(_), _) => return self,
            (None, Some(name)) => Path::Member(path, name).to_string(),
            (None, None) => path.to_string(),
        };
        Self { path: Some(path), ..self }
    }
}

impl fmt::Display for MemberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.as_deref().filter(|path| !path.is_empty()).unwrap_or("the body");
        write!(f, "{path} {}", self.message)
    }
}

impl std::error::Error for MemberError {}

impl de::Error for MemberError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(format!("is invalid: {message}"))
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(format!("must be {expected}"))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(format!("must be {expected}"))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("must be one of {}", expected.join(", ")))
    }

    fn missing_field(field: &'static str) -> Self {
        Self { missing: Some(field), ..Self::new("is a required field") }
    }
}

/// Path of a value in its document.
#[derive(Clone, Copy)]
enum Path<'a> {
    Root,
    Member(&'a Path<'a>, &'a str),
    Item(&'a Path<'a>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Member(Self::Root, name) => f.write_str(&shown(name)),
            Self::Member(parent, name) => write!(f, "{parent}.{}", shown(name)),
            Self::Item(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

#[derive(Clone, Copy)]
struct Reader<'de, 'p> {
    value: &'de Value,
    path: Path<'p>,
    unknown: UnknownMembers,
}

impl<'de> Reader<'de, '_> {
    fn mismatch<T>(&self, expected: &str) -> Result<T, MemberError> {
        Err(MemberError::new(format!("must be {expected}")))
    }

    fn object<V: Visitor<'de>>(self, members: &'de Map<String, Value>, visitor: V) -> Result<V::Value, MemberError> {
        visitor.visit_map(Members { reader: self, rest: members.iter(), value: None })
    }
}

macro_rules! whole_numbers {
    ($($method:ident)+) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, MemberError> {
            let read = match self.value {
                Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                    (Some(number), _) => visitor.visit_u64(number),
                    (None, Some(number)) => visitor.visit_i64(number),
                    (None, None) => return self.mismatch("a whole number"),
                },
                _ => return self.mismatch("a whole number"),
            };
            read.map_err(|_: MemberError| MemberError::new("is a number outside the allowed range"))
        }
    )+};
}

impl<'de> Deserializer<'de> for Reader<'de, '_> {
    type Error = MemberError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, MemberError> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), ..) => visitor.visit_u64(number),
                (None, Some(number), _) => visitor.visit_i64(number),
                (None, None, number) => visitor.visit_f64(number.unwrap_or(f64::NAN)),
            },
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(items) => visitor.visit_seq(Items { reader: self, rest: items.iter().enumerate() }),
            Value::Object(members) => self.object(members, visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, MemberError> {
        if self.value.is_boolean() { self.deserialize_any(visitor) } else { self.mismatch("true or false") }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, MemberError> {
        if self.value.is_string() { self.deserialize_any(visitor) } else { self.mismatch("a string") }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, MemberError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, MemberError> {
        if self.value.is_array() { self.deserialize_any(visitor) } else { self.mismatch("a list") }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, MemberError> {
        if self.value.is_object() { self.deserialize_any(visitor) } else { self.mismatch("a JSON object") }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, MemberError> {
        let Value::Object(members) = self.value else { return self.mismatch("a JSON object") };
        let unknown = members.keys().find(|name| !known.contains(&name.as_str()));
        if let Some(name) = unknown.filter(|_| self.unknown == UnknownMembers::Refused) {
            let path = Path::Member(&self.path, name);
            let error = MemberError { is_unknown: true, ..MemberError::new(unknown_member(name, known)) };
            return Err(error.at(&path));
        }
        self.object(members, visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, MemberError> {
        if self.value.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, MemberError> {
        if name == RAW_VALUE {
            return visitor.visit_map(MapDeserializer::new(std::iter::once((name, self.value.to_string()))));
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        values: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, MemberError> {
        let Some(text) = self.value.as_str() else { return self.mismatch(&format!("one of {}", values.join(", "))) };
        let text: StrDeserializer<'_, MemberError> = text.into_deserializer();
        visitor.visit_enum(text)
    }

    whole_numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
    }

    forward_to_deserialize_any! {
        i128 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

struct Items<'de, 'p> {
    reader: Reader<'de, 'p>,
    rest: std::iter::Enumerate<std::slice::Iter<'de, Value>>,
}

impl<'de> SeqAccess<'de> for Items<'de, '_> {
    type Error = MemberError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, MemberError> {
        let Some((index, value)) = self.rest.next() else { return Ok(None) };
        let path = Path::Item(&self.reader.path, index);
        let read = seed.deserialize(Reader { value, path, unknown: self.reader.unknown });
        read.map(Some).map_err(|error| error.at(&path))
    }
}

struct Members<'de, 'p> {
    reader: Reader<'de, 'p>,
    rest: serde_json::map::Iter<'de>,
    value: Option<(&'de str, &'de Value)>,
}

impl<'de> MapAccess<'de> for Members<'de, '_> {
    type Error = MemberError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, MemberError> {
        let Some((name, value)) = self.rest.next() else { return Ok(None) };
        self.value = Some((name, value));
        let name: StrDeserializer<'de, MemberError> = name.as_str().into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, MemberError> {
        let Some((name, value)) = self.value.take() else { return Err(MemberError::new("has no value")) };
        let path = Path::Member(&self.reader.path, name);
        seed.deserialize(Reader { value, path, unknown: self.reader.unknown }).map_err(|error| error.at(&path))
    }
}

#[cfg(test)]
mod tests {
    use doorward_shared::{
        admin::{CreateAdminTokenRequest, CreateTenantRequest},
        config::TenantConfig,
        public::{LoginInitRequest, TransactionInitRequest},
    };
    use serde_json::json;

    use super::*;

    fn problem<T: DeserializeOwned>(value: &Value) -> String {
        read::<T>(value, UnknownMembers::Refused).map(drop).expect_err("an error").to_string()
    }

    #[test]
    fn errors_name_the_path_of_the_member() {
        assert_eq!(problem::<LoginInitRequest>(&json!({ "user_id": 42 })), "user_id must be a string");
        let config = |part: Value| json!({ "display_name": "Shop", "config": { "webauthn": part } });
        let rp = json!({ "id": "a", "display_name": "A", "origins": ["https://a", 5] });
        for (value, expected) in [
            (json!([]), "the body must be a JSON object"),
            (json!({ "create_api_key": 1 }), "create_api_key must be true or false"),
            (config(json!([])), "config.webauthn must be a JSON object"),
            (config(json!({})), "config.webauthn.relying_party is a required field"),
            (config(json!({ "relying_party": rp })), "config.webauthn.relying_party.origins[1] must be a string"),
            (config(json!({ "timeout": -1 })), "config.webauthn.timeout is a number outside the allowed range"),
            (config(json!({ "timeout": "x" })), "config.webauthn.timeout must be a whole number"),
            (
                config(json!({ "user_verification": "always" })),
                "config.webauthn.user_verification must be one of required, preferred, discouraged",
            ),
        ] {
            assert_eq!(problem::<CreateTenantRequest>(&value), expected, "{value}");
        }
        let time = problem::<CreateAdminTokenRequest>(&json!({ "expires_at": "soon" }));
        assert!(time.starts_with("expires_at is invalid: not an RFC 3339 time"), "{time}");
    }

    #[test]
    fn unknown_members_are_refused_with_the_nearest_known_name() {
        let token = |value: Value| problem::<CreateAdminTokenRequest>(&value);
        assert_eq!(token(json!({ "name": "ro", "Role": "auditor" })), "Role is unknown; did you mean `role`?");
        assert_eq!(token(json!({ "x": 1 })), "x is unknown; known names are name, role, tenants, expires_at");
        let config = json!({ "webauthn": { "user_verificaton": "required" } });
        let expected = "webauthn.user_verificaton is unknown; did you mean `user_verification`?";
        assert_eq!(problem::<TenantConfig>(&config), expected);
        let long = token(json!({ "\u{1b}".repeat(1_000): 1 }));
        assert!(long.len() < 1_000 && !long.contains('\u{1b}'), "{long}");
        assert!(read::<LoginInitRequest>(&json!({ "other": 1 }), UnknownMembers::Ignored).is_ok());
    }

    #[test]
    fn valid_values_are_read_like_serde_json_reads_them() {
        let data = json!([1, -1, 1.5, null, true, "x", { "a": [] }]);
        let value = json!({ "user_id": "alice", "transaction_id": "t", "transaction_data": data });
        let found = read::<TransactionInitRequest>(&value, UnknownMembers::Ignored).unwrap();
        assert_eq!(json!(found), value);
        let raw = read::<Box<serde_json::value::RawValue>>(&data, UnknownMembers::Refused).unwrap();
        assert_eq!(raw.get(), data.to_string());
    }
}
