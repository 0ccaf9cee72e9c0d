//! The route tables of both APIs. The columns are method, path, access rule and handler.

use actix_web::{
    HttpResponse, Resource,
    guard::{self, Guard},
    http::{Method, StatusCode, header},
    web::{self, ServiceConfig},
};
use doorward_shared::ErrorCode;

use crate::http::{
    ApiError, PathParameters,
    handlers::{
        admin, audit_logs, credentials, docs, health, jwks, login, mfa, registration, related_origins, status, token,
        transaction, users,
    },
    openapi::{self, Api},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Anybody,
    /// Everybody, but the tenant must exist.
    Visitor,
    /// Everybody for a discoverable login. If the body contains a user id, only holders of the tenant's API key.
    VisitorOrKey,
    ApiKey,
    /// Holders of an admin token with any role.
    Metrics,
    /// Holders of an admin token with the role `auditor` or `admin`.
    Auditor,
    /// Holders of an admin token with the role `admin`.
    Admin,
}

#[derive(Debug, Clone, Copy)]
pub struct Endpoint {
    pub method: &'static str,
    /// Path template. Variable segments are in braces.
    pub path: &'static str,
    pub access: Access,
}

macro_rules! table {
    ($table:ident, $configure:ident, $api:ident, $doc:literal: $($method:ident $path:literal $access:ident => $handler:path,)+) => {
        #[doc = $doc]
        pub const $table: &[Endpoint] =
            &[$(Endpoint { method: stringify!($method), path: $path, access: Access::$access },)+];

        /// Mounts the routes of the table.
        pub fn $configure(config: &mut ServiceConfig) {
            let mut resources = Resources::default();
            $(resources.add(Api::$api, stringify!($method), $path, |route| route.to($handler));)+
            resources.mount(config);
        }
    };
}

// Fixed paths come before paths that begin with a tenant, because the first path that matches a request is used.
table! { PUBLIC, public, Public, "The public API.":
    GET    "/"                                         Anybody      => status::page,
    GET    "/openapi.json"                             Anybody      => docs::public_document,
    GET    "/docs"                                     Anybody      => docs::redirect,
    GET    "/docs/{file:.*}"                           Anybody      => docs::page,
    GET    "/health/alive"                             Anybody      => health::alive,
    GET    "/health/ready"                             Anybody      => health::ready,
    POST   "/{tenant_id}/registration/initialize"      ApiKey       => registration::initialize,
    POST   "/{tenant_id}/registration/finalize"        Visitor      => registration::finalize,
    POST   "/{tenant_id}/login/initialize"             VisitorOrKey => login::initialize,
    POST   "/{tenant_id}/login/finalize"               Visitor      => login::finalize,
    POST   "/{tenant_id}/mfa/registration/initialize"  ApiKey       => mfa::registration_initialize,
    POST   "/{tenant_id}/mfa/registration/finalize"    ApiKey       => mfa::registration_finalize,
    POST   "/{tenant_id}/mfa/login/initialize"         ApiKey       => mfa::login_initialize,
    POST   "/{tenant_id}/mfa/login/finalize"           ApiKey       => mfa::login_finalize,
    POST   "/{tenant_id}/transaction/initialize"       ApiKey       => transaction::initialize,
    POST   "/{tenant_id}/transaction/finalize"         ApiKey       => transaction::finalize,
    GET    "/{tenant_id}/transaction/{user_id}"        ApiKey       => transaction::list,
    GET    "/{tenant_id}/credentials"                  ApiKey       => credentials::list,
    GET    "/{tenant_id}/credentials/{credential_id}"  ApiKey       => credentials::get,
    PATCH  "/{tenant_id}/credentials/{credential_id}"  ApiKey       => credentials::patch,
    DELETE "/{tenant_id}/credentials/{credential_id}"  ApiKey       => credentials::delete,
    DELETE "/{tenant_id}/users/{user_id}"              ApiKey       => users::delete,
    GET    "/{tenant_id}/users/{user_id}/signals"      ApiKey       => users::signals,
    POST   "/{tenant_id}/token/redeem"                 ApiKey       => token::redeem,
    GET    "/{tenant_id}/audit_logs"                   ApiKey       => audit_logs::list,
    GET    "/{tenant_id}/.well-known/jwks.json"        Visitor      => jwks::jwks,
    GET    "/{tenant_id}/.well-known/webauthn"         Visitor      => related_origins::related_origins,
}

table! { ADMIN, admin_api, Admin, "The admin API.":
    GET    "/openapi.json"                                Anybody => docs::admin_document,
    GET    "/docs"                                        Anybody => docs::redirect,
    GET    "/docs/{file:.*}"                              Anybody => docs::page,
    GET    "/health/alive"                                Anybody => health::alive,
    GET    "/health/ready"                                Anybody => health::ready,
    GET    "/metrics"                                     Metrics => admin::metrics::metrics,
    GET    "/vitals"                                      Auditor => admin::vitals::get,
    GET    "/mds"                                         Auditor => admin::mds::get,
    GET    "/overview"                                    Auditor => admin::overview::of_installation,
    GET    "/tenant_summaries"                            Auditor => admin::overview::of_tenants,
    GET    "/tenants"                                     Auditor => admin::tenants::list,
    POST   "/tenants"                                     Admin   => admin::tenants::create,
    GET    "/tenants/{tenant_id}"                         Auditor => admin::tenants::get,
    PUT    "/tenants/{tenant_id}"                         Admin   => admin::tenants::put,
    DELETE "/tenants/{tenant_id}"                         Admin   => admin::tenants::delete,
    PUT    "/tenants/{tenant_id}/disabled"                Admin   => admin::tenants::disable,
    DELETE "/tenants/{tenant_id}/disabled"                Admin   => admin::tenants::enable,
    GET    "/tenants/{tenant_id}/summary"                 Auditor => admin::overview::of_tenant,
    GET    "/tenants/{tenant_id}/activity"                Auditor => admin::overview::activity_of_tenant,
    POST   "/config/check"                                Auditor => admin::config::check,
    PUT    "/tenants/{tenant_id}/config"                  Admin   => admin::config::put,
    POST   "/tenants/{tenant_id}/trust/preview"           Auditor => admin::trust::preview,
    GET    "/tenants/{tenant_id}/radar"                   Auditor => admin::trust::radar,
    GET    "/tenants/{tenant_id}/secrets/api"             Auditor => admin::api_keys::list,
    POST   "/tenants/{tenant_id}/secrets/api"             Admin   => admin::api_keys::create,
    DELETE "/tenants/{tenant_id}/secrets/api/{secret_id}" Admin   => admin::api_keys::delete,
    PUT    "/tenants/{tenant_id}/secrets/api/{secret_id}/disabled" Admin => admin::api_keys::disable,
    DELETE "/tenants/{tenant_id}/secrets/api/{secret_id}/disabled" Admin => admin::api_keys::enable,
    GET    "/tenants/{tenant_id}/secrets/jwk"             Auditor => admin::signing_keys::list,
    POST   "/tenants/{tenant_id}/secrets/jwk"             Admin   => admin::signing_keys::create,
    DELETE "/tenants/{tenant_id}/secrets/jwk/{secret_id}" Admin   => admin::signing_keys::delete,
    GET    "/tenants/{tenant_id}/users"                   Auditor => admin::users::list,
    GET    "/tenants/{tenant_id}/users/{user_id}"         Auditor => admin::users::get,
    DELETE "/tenants/{tenant_id}/users/{user_id}"         Admin   => admin::users::delete,
    PUT    "/tenants/{tenant_id}/users/{user_id}/disabled" Admin  => admin::users::disable,
    DELETE "/tenants/{tenant_id}/users/{user_id}/disabled" Admin  => admin::users::enable,
    DELETE "/tenants/{tenant_id}/users/{user_id}/credentials/{credential_id}" Admin => admin::users::delete_credential,
    PUT    "/tenants/{tenant_id}/users/{user_id}/credentials/{credential_id}/disabled" Admin => admin::users::disable_credential,
    DELETE "/tenants/{tenant_id}/users/{user_id}/credentials/{credential_id}/disabled" Admin => admin::users::enable_credential,
    GET    "/tenants/{tenant_id}/user_summaries"          Auditor => admin::users::list_summaries,
    GET    "/tenants/{tenant_id}/transactions"            Auditor => admin::transactions::list,
    GET    "/tenants/{tenant_id}/audit_logs"              Auditor => admin::audit_logs::of_tenant,
    GET    "/audit_logs"                                  Auditor => admin::audit_logs::of_all,
    GET    "/me"                                          Auditor => admin::me::get,
    GET    "/admin_tokens"                                Auditor => admin::admin_tokens::list,
    POST   "/admin_tokens"                                Admin   => admin::admin_tokens::create,
    DELETE "/admin_tokens/{secret_id}"                    Admin   => admin::admin_tokens::delete,
}

/// Routes grouped by path. A request whose method has no route gets a 405 response with `Allow` (RFC 9110 §15.5.6).
#[derive(Default)]
struct Resources(Vec<(&'static str, Resource, PathParameters)>);

impl Resources {
    fn add(
        &mut self,
        api: Api,
        method: &'static str,
        path: &'static str,
        handle: impl FnOnce(actix_web::Route) -> actix_web::Route,
    ) {
        let route = handle(web::route().guard(method_guard(method)));
        let (resource, mut parameters) = match self.0.iter().position(|(added, ..)| *added == path) {
            Some(index) => {
                let (_, resource, parameters) = self.0.swap_remove(index);
                (resource, parameters)
            }
            None => (web::resource(below_tenant(path).unwrap_or(path)), PathParameters::default()),
        };
        parameters.0.push((method, openapi::query_parameters(api, method, path)));
        self.0.push((path, resource.route(route), parameters));
    }

    fn mount(self, config: &mut ServiceConfig) {
        // Paths without variable segments must be matched first. `add` does not keep this order, so they are sorted here.
        let mut resources = self.0;
        resources.sort_by_key(|(path, ..)| below_tenant(path).unwrap_or(path).contains('{'));
        // All paths of a tenant share one scope, so that the tenant segment is matched only once per request.
        let mut tenant = web::scope(TENANT).default_service(web::to(not_found));
        for (path, resource, parameters) in resources {
            let methods = parameters.0.iter().map(|(method, _)| if *method == "GET" { "GET, HEAD" } else { method });
            let allow = header::HeaderValue::from_str(&methods.collect::<Vec<_>>().join(", "));
            let allow = allow.unwrap_or_else(|_| header::HeaderValue::from_static(""));
            let resource = resource.default_service(web::to(move || method_not_allowed(allow.clone())));
            let resource = resource.app_data(parameters);
            if below_tenant(path).is_some() {
                tenant = tenant.service(resource);
            } else {
                config.service(resource);
            }
        }
        config.service(tenant);
    }
}

/// Prefix of all paths of a tenant in the public API.
const TENANT: &str = "/{tenant_id}";

fn below_tenant(path: &'static str) -> Option<&'static str> {
    path.strip_prefix(TENANT)
}

/// Matches requests with this method. `GET` also matches `HEAD` (RFC 9110 §9.3.2).
fn method_guard(method: &'static str) -> impl Guard {
    guard::fn_guard(move |context| {
        let requested = &context.head().method;
        requested.as_str() == method || (method == "GET" && *requested == Method::HEAD)
    })
}

async fn method_not_allowed(allow: header::HeaderValue) -> Result<HttpResponse, ApiError> {
    let accepted = format!("this endpoint accepts {}", allow.to_str().unwrap_or_default());
    let (status, code) = (StatusCode::METHOD_NOT_ALLOWED, ErrorCode::MethodNotAllowed);
    Err(ApiError::new(status, code, "method not allowed", accepted).with_header(header::ALLOW, allow))
}

/// Returns the 404 response for paths that are not in the tables.
pub async fn not_found() -> Result<HttpResponse, ApiError> {
    Err(ApiError::new(StatusCode::NOT_FOUND, ErrorCode::RouteNotFound, "not found", "no such endpoint"))
}
