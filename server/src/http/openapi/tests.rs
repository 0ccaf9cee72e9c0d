use std::{collections::BTreeSet, env, fs, path::Path};

use doorward_shared::config::KEPT;
use serde_json::Value;

use super::*;
use crate::routes::{self, Access};

const UPDATE: &str = "UPDATE_DOCS=1 cargo test --workspace --lib stored_documents";

#[test]
fn stored_documents_are_those_of_the_code() {
    for (api, name) in [(Api::Public, "public"), (Api::Admin, "admin")] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../docs/openapi/{name}.json"));
        let generated = generate::generate(api);
        if env::var_os("UPDATE_DOCS").is_some() {
            fs::write(&path, &generated).unwrap();
        } else {
            assert!(fs::read_to_string(&path).unwrap() == generated, "{} is not up to date: {UPDATE}", path.display());
            assert!(document(api) == generated, "the program contains another version of {}", path.display());
        }
    }
}

fn parsed(api: Api) -> Value {
    serde_json::from_str(&generate::generate(api)).unwrap()
}

#[test]
fn query_parameters_are_those_of_the_documents() {
    for (api, table) in [(Api::Public, routes::PUBLIC), (Api::Admin, routes::ADMIN)] {
        let document = parsed(api);
        for endpoint in table {
            let operation = &document["paths"][endpoint.path][endpoint.method.to_lowercase()];
            let declared = operation["parameters"].as_array().into_iter().flatten();
            let declared = declared.filter(|parameter| parameter["in"] == "query");
            let declared =
                declared.map(|parameter| (parameter["name"].as_str().unwrap(), &parameter["schema"]["type"]));
            let expected: Vec<_> = declared.map(|(name, kind)| (name.to_owned(), kind == "array")).collect();
            let found = query_parameters(api, endpoint.method, endpoint.path);
            let found: Vec<_> = found.into_iter().map(|parameter| (parameter.name, parameter.repeatable)).collect();
            assert_eq!(found, expected, "{} {}", endpoint.method, endpoint.path);
        }
    }
    assert!(query_parameters(Api::Admin, "GET", "/audit_logs").len() > 20);
}

#[test]
fn documents_describe_exactly_the_routes_of_the_tables() {
    for (api, table) in [(Api::Public, routes::PUBLIC), (Api::Admin, routes::ADMIN)] {
        let document = parsed(api);
        let described: BTreeSet<(String, String)> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, item)| {
                item.as_object().unwrap().keys().map(move |method| (method.to_uppercase(), path.clone()))
            })
            .collect();
        let documents = ["/openapi.json", "/docs", "/docs/{file:.*}"];
        let routed: BTreeSet<(String, String)> = table
            .iter()
            .filter(|endpoint| !documents.contains(&endpoint.path))
            .map(|endpoint| (endpoint.method.to_owned(), endpoint.path.to_owned()))
            .collect();
        assert_eq!(described, routed, "{api:?}");
    }
}

fn operations(document: &Value) -> impl Iterator<Item = (String, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths.flat_map(|(path, item)| {
        let operations = item.as_object().unwrap().iter();
        operations.map(move |(method, operation)| (format!("{method} {path}"), operation))
    })
}

/// Calls `visit` for `value` and for every value inside it, each time with the JSON pointer of the value.
fn walk(value: &Value, pointer: &str, visit: &mut impl FnMut(&str, &Value)) {
    visit(pointer, value);
    match value {
        Value::Object(members) => members.iter().for_each(|(name, member)| {
            walk(member, &format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1")), visit);
        }),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| walk(item, &format!("{pointer}/{index}"), visit));
        }
        _ => {}
    }
}

#[test]
fn operation_ids_are_unique_and_follow_the_path() {
    for api in [Api::Public, Api::Admin] {
        let document = parsed(api);
        let ids: Vec<&str> =
            operations(&document).map(|(_, operation)| operation["operationId"].as_str().unwrap()).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
    }
    let id = |pointer: &str| parsed(Api::Public).pointer(pointer).unwrap()["operationId"].clone();
    assert_eq!(id("/paths/~1{tenant_id}~1mfa~1login~1finalize/post"), "post-mfa-login-finalize");
    assert_eq!(id("/paths/~1{tenant_id}~1credentials/get"), "get-credentials");
    assert_eq!(id("/paths/~1{tenant_id}~1credentials~1{credential_id}/get"), "get-credentials-credential-id");
}

#[test]
fn references_resolve() {
    for api in [Api::Public, Api::Admin] {
        let document = parsed(api);
        walk(&document, "", &mut |pointer, value| {
            if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
                let target = reference.strip_prefix('#').and_then(|target| document.pointer(target));
                assert!(target.is_some(), "{api:?} {pointer}: {reference} does not exist");
            }
        });
    }
}

fn is_nullable(schema: &Value) -> bool {
    let is_null = |kind: &Value| kind == "null" || kind["type"] == "null";
    ["type", "oneOf", "anyOf"].into_iter().any(|name| match schema.get(name) {
        Some(Value::Array(kinds)) => kinds.iter().any(is_null),
        Some(kind) => is_null(kind),
        None => false,
    })
}

/// Resolves the `$ref` of a schema or of one of its `oneOf` alternatives. Without a `$ref`, returns the schema itself.
fn referenced<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let mut parts = schema["oneOf"].as_array().into_iter().flatten().chain([schema]);
    let reference = parts.find_map(|part| part["$ref"].as_str());
    reference.map_or(schema, |reference| document.pointer(reference.trim_start_matches('#')).unwrap())
}

#[test]
fn settings_that_a_change_may_omit_are_nullable_and_not_required() {
    let document = parsed(Api::Admin);
    for path in KEPT {
        let mut schema = &document["components"]["schemas"]["TenantConfig"];
        let mut is_required = false;
        for name in path.split('.') {
            let section = referenced(&document, schema);
            is_required = section["required"].as_array().is_some_and(|required| required.contains(&name.into()));
            schema = &section["properties"][name];
        }
        assert!(is_nullable(schema) && !is_required, "{path}: {schema}");
    }
}

#[test]
fn only_required_and_listed_members_are_nullable() {
    for api in [Api::Public, Api::Admin] {
        let document = parsed(api);
        walk(&document, "", &mut |pointer, value| {
            if !is_nullable(value) || pointer.ends_with("/oneOf/1") {
                return;
            }
            let (object, member) = pointer.rsplit_once("/properties/").expect(pointer);
            let schema = object.trim_start_matches("/components/schemas/").split('/').next().unwrap();
            let required = document.pointer(object).unwrap()["required"].as_array().cloned().unwrap_or_default();
            assert!(
                required.contains(&member.into()) || nulls::NULLABLE.contains(&(schema, member)),
                "{api:?} {pointer} is nullable: it must be left out when it has no value"
            );
        });
    }
}

#[test]
fn every_response_has_a_request_id_and_every_list_its_total() {
    for api in [Api::Public, Api::Admin] {
        let document = parsed(api);
        for (name, operation) in operations(&document) {
            for (status, response) in operation["responses"].as_object().unwrap() {
                assert!(response["headers"]["X-Request-Id"].is_object(), "{api:?} {name} {status}");
            }
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            if parameters.iter().any(|parameter| parameter["name"] == "page") {
                let headers = &operation["responses"]["200"]["headers"];
                assert!(headers["X-Total-Count"].is_object() && headers["Link"].is_object(), "{api:?} {name}");
            }
        }
    }
}

#[test]
fn path_parameters_are_declared_and_numbers_are_bounded() {
    for api in [Api::Public, Api::Admin] {
        let document = parsed(api);
        for (name, operation) in operations(&document) {
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            for variable in name.split('{').skip(1).filter_map(|part| part.split('}').next()) {
                let declared = parameters.iter().find(|one| one["name"] == variable && one["in"] == "path");
                assert_eq!(declared.unwrap()["required"], true, "{api:?} {name} {variable}");
            }
            for parameter in parameters.iter().filter(|parameter| parameter["schema"]["type"] == "integer") {
                assert!(parameter["schema"]["minimum"].as_f64() > Some(0.0), "{api:?} {name} {parameter}");
            }
        }
    }
}

#[test]
fn bodies_without_required_members_are_optional() {
    let document = parsed(Api::Public);
    let required = |path: &str| document["paths"][path]["post"]["requestBody"]["required"].clone();
    assert_eq!(required("/{tenant_id}/login/initialize"), false);
    assert_eq!(required("/{tenant_id}/mfa/login/initialize"), true);
}

#[test]
fn transaction_data_is_any_json() {
    let document = parsed(Api::Public);
    let data = &document["components"]["schemas"]["TransactionInitRequest"]["properties"]["transaction_data"];
    assert!(data.is_object() && data.get("type").is_none() && data.get("$ref").is_none(), "{data}");
}

#[test]
fn operations_behind_the_api_key_declare_it() {
    let document = parsed(Api::Public);
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    for endpoint in routes::PUBLIC.iter().filter(|endpoint| endpoint.access == Access::ApiKey) {
        let operation = &document["paths"][endpoint.path][endpoint.method.to_lowercase()];
        let security = operation.get("security").unwrap_or(&document["security"]);
        assert_eq!(security, &serde_json::json!([{ "apiKey": [] }]), "{} {}", endpoint.method, endpoint.path);
    }
}

#[test]
fn documented_defaults_and_ranges_of_tenants_are_those_of_the_code() {
    let relying_party = serde_json::json!({ "id": "localhost", "display_name": "a", "origins": [] });
    let smallest = serde_json::json!({ "webauthn": { "relying_party": relying_party }, "mfa": {} });
    let config: doorward_shared::config::TenantConfig = serde_json::from_value(smallest).unwrap();
    let config = serde_json::to_value(config).unwrap();
    let schemas = parsed(Api::Admin)["components"]["schemas"].clone();
    for (section, schema) in [("webauthn", "Webauthn"), ("mfa", "Mfa")] {
        let properties = schemas[schema]["properties"].as_object().unwrap();
        for (member, property) in properties {
            if let Some(default) = property.get("default") {
                assert_eq!(config[section][member], *default, "{section}.{member}");
            }
        }
        let timeout = &properties["timeout"];
        assert_eq!(timeout["minimum"], *crate::domain::config_rules::TIMEOUT_RANGE_MS.start());
        assert_eq!(timeout["maximum"], *crate::domain::config_rules::TIMEOUT_RANGE_MS.end());
    }
}
