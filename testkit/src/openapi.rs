//! Checks responses against the OpenAPI documents.

use std::{collections::BTreeSet, sync::LazyLock};

use doorward_server::http::openapi::{Api, document};
use doorward_shared::ErrorBody;
use serde_json::Value;

static DOCUMENTS: LazyLock<[Value; 2]> =
    LazyLock::new(|| [Api::Public, Api::Admin].map(|api| serde_json::from_str(document(api)).expect("JSON")));

/// Checks a response against the OpenAPI documents. Also checks that the status of an error is one of the statuses of
/// its error code. A JSON error for an undocumented path or method must have the common format.
///
/// # Errors
/// Returns the first difference with its position.
pub fn check(method: &str, path: &str, status: u16, content_type: Option<&str>, text: &str) -> Result<(), String> {
    check_document(method, path, status, content_type, text)?;
    match serde_json::from_str::<ErrorBody>(text) {
        Ok(error) if status >= 400 && !error.code.help().statuses.contains(&status) => {
            Err(format!("`{}` does not list the status {status}: see shared/src/error/help.rs", error.code))
        }
        _ => Ok(()),
    }
}

fn check_document(method: &str, path: &str, status: u16, content_type: Option<&str>, text: &str) -> Result<(), String> {
    let Some((document, operation)) = operation(method, path) else { return refusal(status, text) };
    let responses = &operation["responses"];
    let response = responses.get(status.to_string()).or_else(|| responses.get("default").filter(|_| status >= 400));
    let response = response.ok_or_else(|| format!("status {status} is not documented"))?;
    if method == "HEAD" {
        return Ok(());
    }
    let Some(content) = response.get("content").and_then(Value::as_object) else {
        return if text.is_empty() { Ok(()) } else { Err("unexpected body: none is documented".to_owned()) };
    };
    let kind = content_type.unwrap_or_default().split(';').next().unwrap_or_default();
    let described = content.get(kind).ok_or_else(|| format!("content type `{kind}` is not documented"))?;
    if kind != "application/json" {
        return Ok(());
    }
    let body = serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
    validate(document, &described["schema"], &body, "$")
}

fn refusal(status: u16, text: &str) -> Result<(), String> {
    let [document, _] = &*DOCUMENTS;
    match serde_json::from_str(text) {
        Ok(body) if status >= 400 => validate(document, &document["components"]["schemas"]["ErrorBody"], &body, "$"),
        _ => Ok(()),
    }
}

/// Returns the operation of a path. Templates with more literal segments take precedence.
fn operation(method: &str, path: &str) -> Option<(&'static Value, &'static Value)> {
    let method = if method == "HEAD" { "get".to_owned() } else { method.to_lowercase() };
    let fitting = DOCUMENTS.iter().flat_map(|document| {
        let paths = document["paths"].as_object().expect("paths");
        paths.iter().filter_map(move |(template, item)| Some((literals(template, path)?, document, item)))
    });
    let (_, document, item) = fitting.max_by_key(|(literals, ..)| *literals)?;
    Some((document, item.get(method)?))
}

/// Returns the number of literal segments in the template, or `None` if the template does not match the path.
fn literals(template: &str, path: &str) -> Option<usize> {
    let (wanted, found): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    let mut count = 0;
    for (wanted, found) in wanted.iter().zip(&found) {
        match wanted.starts_with('{') {
            true if found.is_empty() => return None,
            true => {}
            false if wanted == found => count += 1,
            false => return None,
        }
    }
    (wanted.len() == found.len()).then_some(count)
}

/// Validates a value with the subset of JSON Schema 2020-12 that the documents use. Unknown members are errors.
fn validate(document: &Value, schema: &Value, value: &Value, location: &str) -> Result<(), String> {
    let schema = resolve(document, schema);
    if let Some(kinds) = schema.get("type") {
        let is = |kind: &Value| is_of(kind.as_str().unwrap_or_default(), value);
        let fits = kinds.as_array().map_or_else(|| is(kinds), |kinds| kinds.iter().any(is));
        if !fits {
            return Err(format!("{location}: {value} is not of type {kinds}"));
        }
    }
    if let Some(words) = schema.get("enum").and_then(Value::as_array)
        && !words.contains(value)
    {
        return Err(format!("{location}: {value} is not in the enum"));
    }
    for choice in ["oneOf", "anyOf"] {
        if let Some(schemas) = schema.get(choice).and_then(Value::as_array)
            && !schemas.iter().any(|schema| validate(document, schema, value, location).is_ok())
        {
            return Err(format!("{location}: {value} matches no schema of {choice}"));
        }
    }
    if let Some(object) = value.as_object() {
        let known = names(document, schema);
        if let Some(name) = object.keys().find(|name| !known.is_empty() && !known.contains(name.as_str())) {
            return Err(format!("{location}.{name} is not documented"));
        }
    }
    members(document, schema, value, location)
}

/// Checks required members and the schemas of the members that are present, including every part of an `allOf`.
fn members(document: &Value, schema: &Value, value: &Value, location: &str) -> Result<(), String> {
    for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        members(document, resolve(document, part), value, location)?;
    }
    for name in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
        let name = name.as_str().unwrap_or_default();
        if value.get(name).is_none() {
            return Err(format!("{location}.{name} is missing"));
        }
    }
    for (name, schema) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        if let Some(member) = value.get(name) {
            validate(document, schema, member, &format!("{location}.{name}"))?;
        }
    }
    if let (Some(schema), Some(items)) = (schema.get("items"), value.as_array()) {
        for (index, item) in items.iter().enumerate() {
            validate(document, schema, item, &format!("{location}[{index}]"))?;
        }
    }
    Ok(())
}

/// Returns the members that a schema defines, or an empty set if it defines none.
fn names<'a>(document: &'a Value, schema: &'a Value) -> BTreeSet<&'a str> {
    let schema = resolve(document, schema);
    let own = schema.get("properties").and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name.as_str());
    let parts = schema.get("allOf").and_then(Value::as_array).into_iter().flatten();
    own.chain(parts.flat_map(|part| names(document, part))).collect()
}

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema.get("$ref").and_then(Value::as_str) {
        None => schema,
        Some(reference) => {
            let pointer = reference.strip_prefix('#').expect("a local reference");
            document.pointer(pointer).unwrap_or_else(|| panic!("{reference} is not in the document"))
        }
    }
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("unsupported schema type {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: &str = "/0193a000-0000-7000-8000-000000000001";

    fn token(status: u16, text: &str) -> Result<(), String> {
        check("POST", &format!("{TENANT}/mfa/login/finalize"), status, Some("application/json"), text)
    }

    #[test]
    fn differences_from_the_document_are_reported() {
        assert_eq!(token(200, r#"{"token":"a"}"#), Ok(()));
        assert_eq!(token(200, r#"{"token":5}"#), Err("$.token: 5 is not of type \"string\"".to_owned()));
        assert_eq!(token(200, "{}"), Err("$.token is missing".to_owned()));
        assert_eq!(token(200, r#"{"token":"a","more":1}"#), Err("$.more is not documented".to_owned()));
        assert_eq!(token(204, ""), Err("status 204 is not documented".to_owned()));
        let error = |code: &str| format!(r#"{{"title":"a","details":"","status":401,"code":"{code}"}}"#);
        assert_eq!(token(401, &error("challenge_unknown")), Ok(()));
        let limited = error("rate_limited").replace("401", "429");
        assert_eq!(token(429, &limited), Ok(()), "errors have a common format");
        let message = "`challenge_unknown` does not list the status 404: see shared/src/error/help.rs";
        assert_eq!(token(404, &error("challenge_unknown")), Err(message.to_owned()));
        assert_eq!(token(401, &error("nonsense")), Err("$.code: \"nonsense\" is not in the enum".to_owned()));
    }

    #[test]
    fn list_items_are_checked() {
        let path = format!("{TENANT}/.well-known/jwks.json");
        let wrong = check("GET", &path, 200, Some("application/json"), r#"{"keys":[{"kty":"EC"}]}"#);
        assert_eq!(wrong, Err("$.keys[0].use is missing".to_owned()));
    }
}
