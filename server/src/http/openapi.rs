//! OpenAPI documents, generated from the handlers and the wire types.

use std::sync::LazyLock;

use utoipa::{
    Modify, OpenApi,
    openapi::{
        Content, ObjectBuilder, Ref, RefOr, Required, ResponseBuilder, Schema,
        path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem},
        schema::Type,
        security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
    },
};

use super::handlers::{admin, audit_logs, credentials, health, jwks, login, mfa, registration, status, transaction};
use crate::http::extract::API_KEY_HEADER;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    Public,
    Admin,
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Doorward public API",
        description = "Passkey registration, login, second factor and transaction confirmation.\n\n\
            Clients written for the Hanko passkey API work when only their base URL changes. Errors are JSON with \
            `title`, `details`, `status` and a stable `code`. Every response carries `X-Request-Id`.",
        license(name = "MIT OR Apache-2.0"),
    ),
    paths(
        registration::initialize,
        registration::finalize,
        login::initialize,
        login::finalize,
        mfa::registration_initialize,
        mfa::registration_finalize,
        mfa::login_initialize,
        mfa::login_finalize,
        transaction::initialize,
        transaction::finalize,
        transaction::list,
        credentials::list,
        credentials::get,
        credentials::patch,
        credentials::delete,
        audit_logs::list,
        jwks::jwks,
        status::page,
        health::alive,
        health::ready,
    ),
    tags(
        (name = "MFA", description = "second factors"),
        (name = "Passkeys", description = "registration and login"),
        (name = "Transactions", description = "confirmation with a passkey"),
        (name = "Credentials"),
        (name = "Audit"),
        (name = "Tokens"),
        (name = "Health"),
    ),
    components(schemas(doorward_shared::ErrorBody, doorward_shared::TenantId, doorward_shared::public::TokenClaims)),
    security(("apiKey" = [])),
    modifiers(&KeyHeader, &CommonParts),
)]
struct Public;

struct KeyHeader;

impl Modify for KeyHeader {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_with(Default::default);
        let key = ApiKeyValue::with_description(API_KEY_HEADER, "a tenant's API key, `dw_…`");
        components.add_security_scheme("apiKey", SecurityScheme::ApiKey(ApiKey::Header(key)));
    }
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Doorward admin API",
        description = "Tenants, keys, users and audit logs. Every operation requires an admin token.\n\n\
            The role `admin` may call every operation, the role `auditor` only those that read, \
            the role `metrics` only `/metrics`. Every change is recorded \
            in the tenant's audit log, or in the installation's audit log when it concerns no tenant.",
        license(name = "MIT OR Apache-2.0"),
    ),
    paths(
        admin::overview::of_installation,
        admin::overview::of_tenants,
        admin::overview::of_tenant,
        admin::tenants::list,
        admin::tenants::create,
        admin::tenants::get,
        admin::tenants::put,
        admin::tenants::delete,
        admin::config::put,
        admin::config::check,
        admin::api_keys::list,
        admin::api_keys::create,
        admin::api_keys::delete,
        admin::signing_keys::list,
        admin::signing_keys::create,
        admin::signing_keys::delete,
        admin::users::list,
        admin::users::get,
        admin::users::delete,
        admin::users::list_summaries,
        admin::users::delete_credential,
        admin::transactions::list,
        admin::audit_logs::of_tenant,
        admin::audit_logs::of_all,
        admin::me::get,
        admin::admin_tokens::list,
        admin::admin_tokens::create,
        admin::admin_tokens::delete,
        admin::metrics::metrics,
        health::alive,
        health::ready,
    ),
    components(schemas(doorward_shared::ErrorBody, doorward_shared::TenantId)),
    security(("adminToken" = [])),
    modifiers(&BearerToken, &CommonParts),
)]
struct Admin;

struct BearerToken;

impl Modify for BearerToken {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_with(Default::default);
        components.add_security_scheme("adminToken", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    }
}

/// Adds to every operation a unique id, its path parameters, and a default response for other errors.
struct CommonParts;

impl Modify for CommonParts {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for (path, item) in &mut document.paths.paths {
            for (method, operation) in operations(item) {
                operation.operation_id = Some(operation_id(method, path));
                operation.parameters = parameters(path, operation.parameters.take().unwrap_or_default());
                let content = Content::new(Some(Ref::from_schema_name("ErrorBody")));
                let response = ResponseBuilder::new()
                    .description("other errors: limits (408, 413, 429), internal error (500), overload (503)")
                    .content("application/json", content);
                operation.responses.responses.insert("default".to_owned(), RefOr::T(response.build()));
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    let methods = [("get", get), ("put", put), ("post", post), ("delete", delete), ("patch", patch)];
    methods.into_iter().filter_map(|(method, operation)| operation.as_mut().map(|operation| (method, operation)))
}

/// Joins the method and the words of the path with `_`. OpenAPI requires operation ids to be unique.
fn operation_id(method: &str, path: &str) -> String {
    let words = path.split(|symbol: char| !symbol.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    std::iter::once(method).chain(words).collect::<Vec<_>>().join("_")
}

/// Puts the path parameters before the declared ones.
fn parameters(path: &str, declared: Vec<RefOr<Parameter>>) -> Option<Vec<RefOr<Parameter>>> {
    let is_declared = |name: &str| declared.iter().any(|known| matches!(known, RefOr::T(known) if known.name == name));
    let names = path.split('{').skip(1).filter_map(|part| part.split('}').next());
    let missing = names.filter(|name| !is_declared(name)).map(|name| RefOr::T(path_parameter(name)));
    let all: Vec<_> = missing.chain(declared.iter().cloned()).collect();
    (!all.is_empty()).then_some(all)
}

fn path_parameter(name: &str) -> Parameter {
    let (description, schema) = match name {
        "tenant_id" => ("the tenant", Ref::from_schema_name("TenantId").into()),
        "user_id" => ("the tenant's own id of the user, or Doorward's id", text()),
        "credential_id" => ("the credential's id, base64url", text()),
        _ => ("the id of the key or token", text()),
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}

fn text() -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).into()
}

static ADMIN: LazyLock<String> = LazyLock::new(|| render(&Admin::openapi()));
static PUBLIC: LazyLock<String> = LazyLock::new(|| render(&Public::openapi()));

fn render(document: &utoipa::openapi::OpenApi) -> String {
    document.to_pretty_json().unwrap_or_default()
}

pub fn document(api: Api) -> &'static str {
    match api {
        Api::Public => &PUBLIC,
        Api::Admin => &ADMIN,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::routes::{self, Access};

    #[test]
    fn documents_describe_exactly_the_routes_of_the_tables() {
        for (api, table) in [(Api::Public, routes::PUBLIC), (Api::Admin, routes::ADMIN)] {
            let document: serde_json::Value = serde_json::from_str(document(api)).unwrap();
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

    #[test]
    fn operation_ids_are_unique() {
        for api in [Api::Public, Api::Admin] {
            let document: serde_json::Value = serde_json::from_str(document(api)).unwrap();
            let paths = document["paths"].as_object().unwrap().values();
            let ids: Vec<&str> = paths
                .flat_map(|item| item.as_object().unwrap().values())
                .map(|operation| operation["operationId"].as_str().unwrap())
                .collect();
            assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
        }
    }

    #[test]
    fn operations_behind_the_api_key_declare_it() {
        let document: serde_json::Value = serde_json::from_str(document(Api::Public)).unwrap();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        for endpoint in routes::PUBLIC.iter().filter(|endpoint| endpoint.access == Access::ApiKey) {
            let operation = &document["paths"][endpoint.path][endpoint.method.to_lowercase()];
            let security = operation.get("security").unwrap_or(&document["security"]);
            assert_eq!(security, &serde_json::json!([{ "apiKey": [] }]), "{} {}", endpoint.method, endpoint.path);
        }
    }
}
