//! OpenAPI documents, generated from the handlers and the wire types.

use std::sync::LazyLock;

use utoipa::{
    Modify, OpenApi,
    openapi::{
        RefOr, Schema,
        path::{self, ParameterIn},
        security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
    },
};

mod common;
mod nulls;

use common::CommonParts;

use super::handlers::{
    admin, audit_logs, credentials, health, jwks, login, mfa, registration, related_origins, status, token,
    transaction, users,
};
use crate::http::extract::{API_KEY_HEADER, Parameter};

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
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
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
        users::delete,
        users::signals,
        audit_logs::list,
        token::redeem,
        jwks::jwks,
        related_origins::related_origins,
        status::page,
        health::alive,
        health::ready,
    ),
    tags(
        (name = "MFA", description = "second factors"),
        (name = "Passkeys", description = "registration and login"),
        (name = "Transactions", description = "confirmation with a passkey"),
        (name = "Credentials", description = "credentials of the tenant's users"),
        (name = "Audit", description = "the tenant's audit log"),
        (name = "Tokens", description = "verification of tokens"),
        (name = "Health", description = "for monitoring"),
    ),
    components(schemas(
        doorward_shared::Base64Url,
        doorward_shared::ErrorBody,
        doorward_shared::TenantId,
        doorward_shared::audit::AuditOutcome,
        doorward_shared::page::Order,
        doorward_shared::public::TokenClaims,
    )),
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
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    paths(
        admin::vitals::get,
        admin::overview::of_installation,
        admin::overview::of_tenants,
        admin::overview::of_tenant,
        admin::overview::activity_of_tenant,
        admin::tenants::list,
        admin::tenants::create,
        admin::tenants::get,
        admin::tenants::put,
        admin::tenants::delete,
        admin::tenants::disable,
        admin::tenants::enable,
        admin::config::put,
        admin::config::check,
        admin::trust::preview,
        admin::trust::radar,
        admin::api_keys::list,
        admin::api_keys::create,
        admin::api_keys::delete,
        admin::api_keys::disable,
        admin::api_keys::enable,
        admin::signing_keys::list,
        admin::signing_keys::create,
        admin::signing_keys::delete,
        admin::users::list,
        admin::users::get,
        admin::users::delete,
        admin::users::list_summaries,
        admin::users::delete_credential,
        admin::users::disable,
        admin::users::enable,
        admin::users::disable_credential,
        admin::users::enable_credential,
        admin::transactions::list,
        admin::audit_logs::of_tenant,
        admin::audit_logs::of_all,
        admin::mds::get,
        admin::me::get,
        admin::admin_tokens::list,
        admin::admin_tokens::create,
        admin::admin_tokens::delete,
        admin::metrics::metrics,
        health::alive,
        health::ready,
    ),
    components(schemas(
        doorward_shared::Base64Url,
        doorward_shared::ErrorBody,
        doorward_shared::TenantId,
        doorward_shared::admin::TenantSort,
        doorward_shared::admin::UserIdKind,
        doorward_shared::audit::AuditOutcome,
        doorward_shared::page::Order,
    )),
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

/// An OpenAPI document and its JSON text.
struct Document {
    content: utoipa::openapi::OpenApi,
    text: String,
}

static ADMIN: LazyLock<Document> = LazyLock::new(|| render(Admin::openapi()));
static PUBLIC: LazyLock<Document> = LazyLock::new(|| render(Public::openapi()));

fn render(content: utoipa::openapi::OpenApi) -> Document {
    Document { text: content.to_pretty_json().unwrap_or_default(), content }
}

fn of(api: Api) -> &'static Document {
    match api {
        Api::Public => &PUBLIC,
        Api::Admin => &ADMIN,
    }
}

pub fn document(api: Api) -> &'static str {
    &of(api).text
}

/// Returns the query parameters of an operation.
pub fn query_parameters(api: Api, method: &str, path: &str) -> Vec<Parameter> {
    let item = of(api).content.paths.paths.get(path);
    let operation = item.and_then(|item| match method {
        "GET" => item.get.as_ref(),
        "PUT" => item.put.as_ref(),
        "POST" => item.post.as_ref(),
        "PATCH" => item.patch.as_ref(),
        "DELETE" => item.delete.as_ref(),
        _ => None,
    });
    let declared = operation.and_then(|operation| operation.parameters.as_ref()).into_iter().flatten();
    let parameter = |declared: &RefOr<path::Parameter>| match declared {
        RefOr::T(declared) if declared.parameter_in == ParameterIn::Query => Some(Parameter {
            name: declared.name.clone(),
            repeatable: matches!(declared.schema, Some(RefOr::T(Schema::Array(_)))),
        }),
        _ => None,
    };
    declared.filter_map(parameter).collect()
}

#[cfg(test)]
mod tests;
