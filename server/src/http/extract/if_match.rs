//! The header `If-Match` (RFC 9110, section 13.1.1).

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header};

use crate::{
    http::ApiError,
    service::{Refusal, admin::Precondition},
};

/// Versions of the resource that the header accepts. An invalid header is stored as an error, so that it is reported
/// only after the caller has been authenticated.
#[derive(Debug)]
pub struct IfMatch(Result<Precondition, Refusal>);

impl IfMatch {
    /// Returns the accepted versions. Without the header, or with `*`, every version is accepted.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] if the header is not a list of entity tags.
    pub fn precondition(self) -> Result<Precondition, ApiError> {
        Ok(self.0?)
    }
}

impl FromRequest for IfMatch {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let lines = request.headers().get_all(header::IF_MATCH).map(|line| line.to_str().ok());
        let read = match lines.collect::<Option<Vec<&str>>>() {
            Some(lines) if lines.is_empty() => Some(Precondition::None),
            Some(lines) => parse(&lines.join(",")),
            None => None,
        };
        let invalid = || Refusal::Invalid("If-Match must be `*` or the ETag of a response, in quotes".to_owned());
        ready(Ok(Self(read.ok_or_else(invalid))))
    }
}

/// Parses a list of entity tags. Weak tags match nothing, because `If-Match` requires a strong comparison.
fn parse(text: &str) -> Option<Precondition> {
    let (mut rest, mut tags) = (text.trim(), Vec::new());
    if rest == "*" {
        return Some(Precondition::None);
    }
    loop {
        let (strong, quoted) = match rest.strip_prefix("W/") {
            Some(rest) => (false, rest),
            None => (true, rest),
        };
        let (tag, after) = quoted.strip_prefix('"')?.split_once('"')?;
        if strong {
            tags.push(tag.to_owned());
        }
        rest = after.trim_start();
        if rest.is_empty() {
            return Some(Precondition::OneOf(tags));
        }
        rest = rest.strip_prefix(',')?.trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_is_a_list_of_entity_tags() {
        let tags = |tags: &[&str]| Some(Precondition::OneOf(tags.iter().map(|&tag| tag.to_owned()).collect()));
        assert_eq!(parse(" * "), Some(Precondition::None));
        assert_eq!(parse(r#""a""#), tags(&["a"]));
        assert_eq!(parse(r#""a,b" , "c""#), tags(&["a,b", "c"]));
        assert_eq!(parse(r#"W/"a""#), tags(&[]));
        for wrong in ["", " ", "a", "\"a", "\"a\" \"b\"", "\"a\",", "*, \"a\""] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
