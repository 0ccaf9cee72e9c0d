//! Generates the OpenAPI documents from the handlers and the wire types. Only tests do this: they compare the result
//! with the stored documents.

use utoipa::{
    Modify, OpenApi,
    openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
};

use super::{Api, common::CommonParts};
use crate::http::{
    extract::API_KEY_HEADER,
    handlers::{
        admin, audit_logs, credentials, health, jwks, login, mfa, registration, related_origins, status, token,
        transaction, users,
    },
};

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

/// Returns the text of a document.
pub(super) fn generate(api: Api) -> String {
    let document = match api {
        Api::Public => Public::openapi(),
        Api::Admin => Admin::openapi(),
    };
    document.to_pretty_json().unwrap() + "\n"
}
