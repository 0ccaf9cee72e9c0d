//! JSON bodies of requests.

use serde::de::DeserializeOwned;

use super::extract::Body;
use crate::service::Refusal;

/// Reads a JSON object. An empty body means `{}`, as clients of this API send it; unknown fields are ignored.
///
/// # Errors
/// [`Refusal::Malformed`], saying where reading stopped, in our own words.
pub fn object<T: DeserializeOwned>(body: &Body) -> Result<T, Refusal> {
    body.bytes().and_then(parse)
}

/// Reads any JSON value, and what can be made of it. An empty body means `{}`.
///
/// # Errors
/// [`Refusal::Malformed`] when it is no JSON.
pub fn value<T: DeserializeOwned>(body: &Body) -> Result<(serde_json::Value, Option<T>), Refusal> {
    let bytes = body.bytes()?;
    let bytes = if bytes.iter().all(u8::is_ascii_whitespace) { b"{}" } else { bytes };
    let value = serde_json::from_slice(bytes).map_err(broken)?;
    Ok((value, parse(bytes).ok()))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let body = if body.iter().all(u8::is_ascii_whitespace) { b"{}" } else { body };
    // Without this, a JSON array would be taken for the object's fields in order.
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(Refusal::Malformed("the body must be a JSON object".to_owned()));
    }
    serde_json::from_slice(body).map_err(broken)
}

fn broken(error: serde_json::Error) -> Refusal {
    let what = match error.classify() {
        serde_json::error::Category::Data => "a field has the wrong type, or is repeated,",
        serde_json::error::Category::Eof => "the JSON ends too early",
        _ => "the JSON is broken",
    };
    Refusal::Malformed(format!("{what} at line {} column {}", error.line(), error.column()))
}

#[cfg(test)]
mod tests {
    use doorward_shared::public::LoginInitRequest;

    use super::*;

    #[test]
    fn nothing_means_an_empty_object() {
        assert_eq!(parse::<LoginInitRequest>(b""), Ok(LoginInitRequest::default()));
        assert_eq!(parse::<LoginInitRequest>(b" \n"), Ok(LoginInitRequest::default()));
        assert_eq!(parse::<LoginInitRequest>(br#"{"other":1}"#), Ok(LoginInitRequest::default()));
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for body in ["[\"alice\"]", "null", "\"alice\"", "{\"user_id\":5}", "{", "{} {}", "{\"user_id\":\"\u{1}"] {
            assert!(parse::<LoginInitRequest>(body.as_bytes()).is_err(), "{body}");
        }
    }
}
