//! JSON request bodies.

use doorward_shared::{
    admin::{ConfigProblem, CreateTenantRequest},
    config::TenantConfig,
};
use serde::{Deserialize as _, de::DeserializeOwned};
use serde_json::{Value, error::Category};

use super::extract::Body;
use crate::{
    domain::{
        config_rules::{self, ConfigChange},
        json_reader::{self, UnknownMembers},
    },
    service::Refusal,
};

/// Parses a JSON object of the public API. Ignores unknown members. An empty body means `{}`, because some clients send
/// no body.
///
/// # Errors
/// The errors of [`Body::bytes`], and [`Refusal::Malformed`] with the path of the invalid member or the position of the
/// syntax error.
pub fn object<T: DeserializeOwned>(body: &Body) -> Result<T, Refusal> {
    parse(body.bytes()?, UnknownMembers::Ignored)
}

/// Parses a JSON object of the admin API. An empty body means `{}`.
///
/// # Errors
/// The errors of [`object`], and [`Refusal::UnknownMember`] for an unknown member, which may be misspelt.
pub fn strict_object<T: DeserializeOwned>(body: &Body) -> Result<T, Refusal> {
    parse(body.bytes()?, UnknownMembers::Refused)
}

/// Parses any JSON value. An empty body means `{}`.
pub fn value(body: &Body) -> Result<Value, Refusal> {
    serde_json::from_slice(or_empty_object(body.bytes()?)).map_err(|error| malformed(&error))
}

/// Parses and validates a change of a tenant's configuration.
///
/// # Errors
/// The errors of [`value`], and [`Refusal::Config`] with all problems of the configuration.
pub fn config(body: &Body) -> Result<ConfigChange, Refusal> {
    let value = value(body)?;
    let parsed = serde_json::from_slice(or_empty_object(body.bytes()?)).ok();
    config_rules::check(value, parsed).map_err(Refusal::Config)
}

/// Parses the body that creates a tenant.
///
/// # Errors
/// The errors of [`strict_object`], and [`Refusal::Config`] with all problems of the configuration.
pub fn tenant(body: &Body) -> Result<CreateTenantRequest, Refusal> {
    if let Some(config) = value(body)?.get("config").filter(|config| !config.is_null()) {
        let parsed = TenantConfig::deserialize(config).ok();
        config_rules::check(config.clone(), parsed).map_err(|problems| {
            let path = |field: String| if field.is_empty() { "config".to_owned() } else { format!("config.{field}") };
            let of_body = |problem: ConfigProblem| ConfigProblem { field: path(problem.field), ..problem };
            Refusal::Config(problems.into_iter().map(of_body).collect())
        })?;
    }
    strict_object(body)
}

fn parse<T: DeserializeOwned>(body: &[u8], unknown: UnknownMembers) -> Result<T, Refusal> {
    let body = or_empty_object(body);
    // Arrays are rejected here, because serde would assign the items of an array to the members in order.
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(Refusal::Malformed("the body must be a JSON object".to_owned()));
    }
    let parsed = serde_json::from_slice(body);
    match (&parsed, unknown) {
        (Ok(_), UnknownMembers::Ignored) => {}
        (Err(error), _) if error.classify() != Category::Data => {}
        _ => {
            let value: Value = serde_json::from_slice(body).map_err(|error| malformed(&error))?;
            json_reader::read::<T>(&value, unknown).map_err(|error| {
                let reason = error.to_string();
                if error.is_unknown { Refusal::UnknownMember(reason) } else { Refusal::Malformed(reason) }
            })?;
        }
    }
    parsed.map_err(|error| malformed(&error))
}

fn or_empty_object(body: &[u8]) -> &[u8] {
    if body.iter().all(u8::is_ascii_whitespace) { b"{}" } else { body }
}

fn malformed(error: &serde_json::Error) -> Refusal {
    let problem = match error.classify() {
        // Wrong types are already reported at this point, so the only possible cause is a repeated member.
        Category::Data => "a member is repeated",
        Category::Eof => "the JSON ends too early",
        _ => "the JSON is invalid",
    };
    Refusal::Malformed(format!("{problem} at line {} column {}", error.line(), error.column()))
}

#[cfg(test)]
mod tests {
    use doorward_shared::{admin::CreateSecretRequest, public::LoginInitRequest};

    use super::*;

    fn login(body: &[u8]) -> Result<LoginInitRequest, Refusal> {
        parse(body, UnknownMembers::Ignored)
    }

    #[test]
    fn empty_body_means_an_empty_object() {
        for body in [b"".as_slice(), b" \n", br#"{"other":1}"#] {
            assert_eq!(login(body), Ok(LoginInitRequest::default()));
        }
    }

    #[test]
    fn bodies_that_are_not_an_object_are_rejected() {
        for body in ["[\"alice\"]", "null", "\"alice\"", "{\"user_id\":5}", "{", "{} {}", "{\"user_id\":\"\u{1}"] {
            assert!(login(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn errors_name_the_member_or_the_position() {
        let reason = |body: &str| login(body.as_bytes()).unwrap_err().reason();
        assert_eq!(reason("{\"user_id\":42}"), "user_id must be a string");
        assert_eq!(reason("{\"user_id\":\"a\",\"user_id\":\"b\"}"), "a member is repeated at line 1 column 24");
        assert_eq!(reason("{\"user_id\":42"), "the JSON ends too early at line 1 column 13");
        let strict = parse::<CreateSecretRequest>(br#"{"name":"a","expires":null}"#, UnknownMembers::Refused);
        let expected = "expires is unknown; did you mean `expires_at`?";
        assert_eq!(strict, Err(Refusal::UnknownMember(expected.to_owned())));
    }
}
