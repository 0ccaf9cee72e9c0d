//! An installation with two tenants, each with one object of each kind, and a valid request for every route.

use doorward_server::{
    routes::{ADMIN, Access, Endpoint},
    service::admin::{admin_tokens, signing_keys},
};
use doorward_shared::admin::{CreateAdminTokenRequest, CreateSigningKeyRequest, Role};
use doorward_testkit::{Http, Person, Response, TestServer, TestTenant, config};
use reqwest::Method;
use serde_json::{Value, json};

/// A tenant with the ids of its objects.
pub(crate) struct Owner {
    pub(crate) tenant: TestTenant,
    api_key: String,
    signing_key: String,
    user: String,
    credential: String,
}

pub(crate) struct Fixture {
    pub(crate) server: TestServer,
    pub(crate) one: Owner,
    pub(crate) other: Owner,
    pub(crate) admin: Http,
    pub(crate) auditor: Http,
    /// Id of an admin token that tests may revoke.
    spare: String,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        let server = TestServer::start().await;
        let (one, other) = (owner(&server).await, owner(&server).await);
        let (admin, auditor) = (server.admin("ops", Role::Admin).await, server.admin("audit", Role::Auditor).await);
        let request = CreateAdminTokenRequest {
            name: Some("spare".to_owned()),
            role: Some(Role::Auditor),
            tenants: None,
            expires_at: None,
        };
        let spare = admin_tokens::create(&server.administrator(), request).await.unwrap().id.to_string();
        Self { server, one, other, admin, auditor, spare }
    }

    /// Returns the path of an endpoint, with the tenant id of `of` and the ids of the key, user and credential of
    /// `whose`.
    pub(crate) fn path(&self, endpoint: &Endpoint, of: &Owner, whose: &Owner) -> String {
        let secret = match endpoint.path {
            path if path.contains("/secrets/api/") => &whose.api_key,
            path if path.contains("/secrets/jwk/") => &whose.signing_key,
            _ => &self.spare,
        };
        endpoint
            .path
            .replace("{tenant_id}", &of.tenant.id.to_string())
            .replace("{secret_id}", secret)
            .replace("{user_id}", &whose.user)
            .replace("{credential_id}", &whose.credential)
    }

    /// Calls an endpoint with a valid body, for the tenant `one` and its objects.
    pub(crate) async fn call(&self, caller: &Http, endpoint: &Endpoint) -> Response {
        self.call_for(caller, endpoint, &self.one, &self.one).await
    }

    pub(crate) async fn call_for(&self, caller: &Http, endpoint: &Endpoint, of: &Owner, whose: &Owner) -> Response {
        let body = body(endpoint).map(|body| body.to_string().into_bytes());
        caller.send(method(endpoint), &self.path(endpoint, of, whose), body).await
    }

    /// Returns the data of both tenants and of the installation, except the audit logs.
    pub(crate) async fn state(&self) -> Value {
        let mut state = Vec::new();
        for path in ["/tenants", "/admin_tokens"] {
            state.push(self.admin.get(path).await.expect(200).json());
        }
        for owner in [&self.one, &self.other] {
            let id = owner.tenant.id;
            for part in ["", "/secrets/api", "/secrets/jwk", "/users", "/transactions"] {
                state.push(self.admin.get(&format!("/tenants/{id}{part}")).await.expect(200).json());
            }
            state.push(owner.tenant.http.get("/credentials").await.expect(200).json());
            let user = self.admin.get(&format!("/tenants/{id}/users/alice")).await.expect(200);
            state.push(user.json());
        }
        for value in &mut state {
            remove_last_uses(value);
        }
        Value::Array(state)
    }

    /// Returns all audit entries of a request, whichever log they are in, newest first.
    pub(crate) async fn entries(&self, response: &Response) -> Vec<Value> {
        let newest = self.admin.get("/audit_logs?per_page=100").await.expect(200).json();
        let of_request = |entry: &Value| entry["meta_http_request_id"] == response.request_id();
        newest.as_array().unwrap().iter().filter(|entry| of_request(entry)).cloned().collect()
    }
}

/// Removes the times of last use, because reading the state changes them.
fn remove_last_uses(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.remove("last_used_at");
            members.values_mut().for_each(remove_last_uses);
        }
        Value::Array(values) => values.iter_mut().for_each(remove_last_uses),
        _ => {}
    }
}

async fn owner(server: &TestServer) -> Owner {
    let tenant = server.tenant().await;
    let mut alice = Person::new("alice");
    let _ = alice.register(&tenant).await.expect(200);
    let _ = alice.transaction(&tenant, "order", &json!({ "amount": 1 })).await.expect(200);
    let call = server.administrator();
    let signing_key = signing_keys::create(&call, tenant.id, CreateSigningKeyRequest::default(), false).await.unwrap();
    let credential = tenant.http.get("/credentials").await.expect(200).json()[0]["id"].as_str().unwrap().to_owned();
    Owner {
        api_key: server.api_key(tenant.id, None).await.id.to_string(),
        signing_key: signing_key.id.to_string(),
        user: "alice".to_owned(),
        credential,
        tenant,
    }
}

pub(crate) fn method(endpoint: &Endpoint) -> Method {
    endpoint.method.parse().unwrap()
}

/// Returns the routes that require an admin token.
pub(crate) fn guarded() -> impl Iterator<Item = &'static Endpoint> {
    ADMIN.iter().filter(|endpoint| endpoint.access != Access::Anybody)
}

/// Returns the routes that require an admin token of the role `admin`.
pub(crate) fn changes() -> impl Iterator<Item = &'static Endpoint> {
    ADMIN.iter().filter(|endpoint| endpoint.access == Access::Admin)
}

pub(crate) fn body(endpoint: &Endpoint) -> Option<Value> {
    let body = match (endpoint.method, endpoint.path) {
        ("POST", "/tenants") => json!({ "display_name": "New", "config": config(), "create_api_key": true }),
        ("PUT", "/tenants/{tenant_id}") => json!({ "display_name": "Renamed" }),
        ("PUT" | "POST", path) if path.contains("config") => {
            let mut config = config();
            config.webauthn.timeout = 30_000;
            json!(config)
        }
        ("POST", "/tenants/{tenant_id}/trust/preview") => json!({ "passkeys": { "device_bound_only": true } }),
        ("POST", "/tenants/{tenant_id}/secrets/jwk") => json!({ "algorithm": "EdDSA" }),
        ("POST", "/admin_tokens") => json!({ "name": "made", "role": "auditor" }),
        ("POST", _) => json!({ "name": "made" }),
        _ => return None,
    };
    Some(body)
}
