//! The OpenAPI documents, generated from the handlers and the wire types.

use std::sync::LazyLock;

use utoipa::{
    Modify, OpenApi,
    openapi::{
        Content, Ref, RefOr, ResponseBuilder,
        path::{Operation, PathItem},
        security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
    },
};

use super::handlers::{admin, audit_logs, credentials, health, jwks, login, mfa, registration, status, transaction};
use crate::http::extract::API_KEY_HEADER;

/// Which API a document describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// For tenants' backends and browsers.
    Public,
    /// For administrators.
    Admin,
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Doorward public API",
        description = "Passkey registration, login, second factor and transaction confirmation.\n\n\
            Clients written for the Hanko passkey API work when only their base URL changes. Errors are JSON with \
            `title`, `details`, `status` and a stable `code`. Every answer carries `X-Request-Id`.",
        license(name = "MIT OR Apache-2.0"),
    ),
    paths(
        registration::initialize::initialize,
        registration::finalize::finalize,
        login::initialize::initialize,
        login::finalize::finalize,
        mfa::registration_initialize::initialize,
        mfa::registration_finalize::finalize,
        mfa::login_initialize::initialize,
        mfa::login_finalize::finalize,
        transaction::initialize::initialize,
        transaction::finalize::finalize,
        transaction::list::list,
        credentials::list::list,
        credentials::get::get,
        credentials::patch::patch,
        credentials::delete::delete,
        audit_logs::list,
        jwks::jwks,
        status::page,
        health::alive,
        health::ready,
    ),
    tags(
        (name = "MFA", description = "second factors"),
        (name = "Passkeys", description = "registration and login"),
        (name = "Transactions", description = "confirmed with a passkey"),
        (name = "Credentials"),
        (name = "Audit"),
        (name = "Tokens"),
        (name = "Health"),
    ),
    components(schemas(doorward_shared::public::TokenClaims)),
    modifiers(&KeyHeader, &AnyRefusal),
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
        description = "Tenants, keys, users and audit logs, for whoever has an admin token.\n\n\
            A token of the role `admin` does everything, one of the role `auditor` only reads. Every change leaves its \
            entry in the tenant's audit log, or in the installation's where it concerns no tenant.",
        license(name = "MIT OR Apache-2.0"),
    ),
    paths(
        admin::overview::of_installation,
        admin::overview::of_tenants,
        admin::overview::of_tenant,
        admin::tenants::list,
        admin::tenants::create,
        admin::tenant::get,
        admin::tenant::put,
        admin::tenant::delete,
        admin::config::put,
        admin::config::check,
        admin::api_keys::list,
        admin::api_keys::create,
        admin::api_keys::revoke,
        admin::signing_keys::list,
        admin::signing_keys::create,
        admin::signing_keys::retire,
        admin::users::list,
        admin::users::get,
        admin::users::delete,
        admin::user_summaries::list,
        admin::user_credentials::delete,
        admin::transactions::list,
        admin::audit_logs::of_tenant,
        admin::audit_logs::of_all,
        admin::me::get,
        admin::admin_tokens::list,
        admin::admin_tokens::create,
        admin::admin_tokens::revoke,
        admin::metrics::metrics,
        health::alive,
        health::ready,
    ),
    modifiers(&BearerToken, &AnyRefusal),
)]
struct Admin;

struct BearerToken;

impl Modify for BearerToken {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_with(Default::default);
        components.add_security_scheme("adminToken", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    }
}

/// What every operation may answer beside its own refusals: limits, an overloaded server, a fault.
struct AnyRefusal;

impl Modify for AnyRefusal {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for operation in document.paths.paths.values_mut().flat_map(operations) {
            let content = Content::new(Some(Ref::from_schema_name("ErrorBody")));
            let refusal = ResponseBuilder::new()
                .description("any other refusal: limits (408, 413, 429), a fault (500), overload (503)")
                .content("application/json", content);
            operation.responses.responses.insert("default".to_owned(), RefOr::T(refusal.build()));
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    [get, put, post, delete, patch].into_iter().filter_map(Option::as_mut)
}

static ADMIN: LazyLock<String> = LazyLock::new(|| render(&Admin::openapi()));
static PUBLIC: LazyLock<String> = LazyLock::new(|| render(&Public::openapi()));

fn render(document: &utoipa::openapi::OpenApi) -> String {
    document.to_pretty_json().unwrap_or_default()
}

/// The document as JSON.
#[must_use]
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
    fn the_documents_describe_the_tables_and_nothing_else() {
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
    fn the_document_says_who_needs_a_key() {
        let document: serde_json::Value = serde_json::from_str(document(Api::Public)).unwrap();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        for endpoint in routes::PUBLIC.iter().filter(|endpoint| endpoint.access == Access::ApiKey) {
            let security = &document["paths"][endpoint.path][endpoint.method.to_lowercase()]["security"];
            assert_eq!(security, &serde_json::json!([{ "apiKey": [] }]), "{} {}", endpoint.method, endpoint.path);
        }
    }
}
