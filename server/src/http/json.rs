//! JSON request bodies.

use serde::de::DeserializeOwned;

use super::extract::Body;
use crate::service::Refusal;

/// Parses a JSON object. An empty body means `{}`, because some clients send no body. Unknown fields are ignored.
///
/// # Errors
/// Returns [`Refusal::Malformed`] with the position of the error.
pub fn object<T: DeserializeOwned>(body: &Body) -> Result<T, Refusal> {
    body.bytes().and_then(parse)
}

/// Parses any JSON value, and also converts it to `T` if it has the structure of `T`. An empty body means `{}`.
pub fn value<T: DeserializeOwned>(body: &Body) -> Result<(serde_json::Value, Option<T>), Refusal> {
    let bytes = or_empty_object(body.bytes()?);
    let value = serde_json::from_slice(bytes).map_err(malformed)?;
    Ok((value, parse(bytes).ok()))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let body = or_empty_object(body);
    // serde would also accept a JSON array with the fields of the object in order.
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(Refusal::Malformed("the body must be a JSON object".to_owned()));
    }
    serde_json::from_slice(body).map_err(malformed)
}

fn or_empty_object(body: &[u8]) -> &[u8] {
    if body.iter().all(u8::is_ascii_whitespace) { b"{}" } else { body }
}

fn malformed(error: serde_json::Error) -> Refusal {
    let problem = match error.classify() {
        serde_json::error::Category::Data => "a field has the wrong type or is repeated",
        serde_json::error::Category::Eof => "the JSON ends too early",
        _ => "the JSON is invalid",
    };
    Refusal::Malformed(format!("{problem} at line {} column {}", error.line(), error.column()))
}

#[cfg(test)]
mod tests {
    use doorward_shared::public::LoginInitRequest;

    use super::*;

    #[test]
    fn empty_body_means_an_empty_object() {
        assert_eq!(parse::<LoginInitRequest>(b""), Ok(LoginInitRequest::default()));
        assert_eq!(parse::<LoginInitRequest>(b" \n"), Ok(LoginInitRequest::default()));
        assert_eq!(parse::<LoginInitRequest>(br#"{"other":1}"#), Ok(LoginInitRequest::default()));
    }

    #[test]
    fn bodies_that_are_not_an_object_are_rejected() {
        for body in ["[\"alice\"]", "null", "\"alice\"", "{\"user_id\":5}", "{", "{} {}", "{\"user_id\":\"\u{1}"] {
            assert!(parse::<LoginInitRequest>(body.as_bytes()).is_err(), "{body}");
        }
    }
}
