//! Complete ceremonies over HTTP, for tests of other features.

use doorward_authenticator::{Authenticator, Client};
use serde_json::{Value, json};

use crate::{
    http::Response,
    server::{ORIGIN, TestTenant},
};

/// A user with a browser and an authenticator.
#[derive(Debug)]
pub struct Person {
    pub user_id: String,
    /// Browser on a page of the tenant.
    pub browser: Client,
    pub authenticator: Authenticator,
}

impl Person {
    pub fn new(user_id: &str) -> Self {
        Self::with(user_id, Authenticator::new())
    }

    pub fn with(user_id: &str, authenticator: Authenticator) -> Self {
        Self { user_id: user_id.to_owned(), browser: Client::new(ORIGIN), authenticator }
    }

    /// Body of a registration's initialize request.
    pub fn registration_request(&self) -> Value {
        json!({ "user_id": self.user_id, "username": format!("{}@example.com", self.user_id) })
    }

    /// Creates a credential and returns the finalize body.
    pub fn create(&mut self, options: &Value) -> Value {
        self.browser.create(&mut self.authenticator, options).expect("a credential")
    }

    /// Creates an assertion and returns the finalize body.
    pub fn get(&mut self, options: &Value) -> Value {
        self.browser.get(&mut self.authenticator, options).expect("an assertion")
    }

    /// Registers a passkey and returns the finalize response.
    pub async fn register(&mut self, tenant: &TestTenant) -> Response {
        self.register_at(tenant, "/registration").await
    }

    /// Registers a second factor and returns the finalize response.
    pub async fn register_mfa(&mut self, tenant: &TestTenant) -> Response {
        self.register_at(tenant, "/mfa/registration").await
    }

    async fn register_at(&mut self, tenant: &TestTenant, path: &str) -> Response {
        let request = self.registration_request();
        let options = tenant.http.post(&format!("{path}/initialize"), &request).await.expect(200);
        let body = self.create(&options.json());
        tenant.http.post(&format!("{path}/finalize"), &body).await
    }

    /// Starts a second-factor login and returns the finalize body.
    pub async fn mfa_assertion(&mut self, tenant: &TestTenant) -> Value {
        let request = json!({ "user_id": self.user_id });
        let options = tenant.http.post("/mfa/login/initialize", &request).await.expect(200);
        self.get(&options.json())
    }

    /// Logs in with a second factor and returns the finalize response.
    pub async fn mfa_login(&mut self, tenant: &TestTenant) -> Response {
        let body = self.mfa_assertion(tenant).await;
        tenant.http.post("/mfa/login/finalize", &body).await
    }

    /// Starts a passkey login and returns the finalize body. A discoverable login does not send the user id.
    pub async fn login_assertion(&mut self, tenant: &TestTenant, discoverable: bool) -> Value {
        let request = if discoverable { json!({}) } else { json!({ "user_id": self.user_id }) };
        let options = tenant.http.post("/login/initialize", &request).await.expect(200);
        self.get(&options.json())
    }

    /// Logs in with a discoverable passkey login and returns the finalize response.
    pub async fn login(&mut self, tenant: &TestTenant) -> Response {
        let body = self.login_assertion(tenant, true).await;
        tenant.http.post("/login/finalize", &body).await
    }

    /// Starts a transaction and returns the finalize body.
    pub async fn transaction_assertion(&mut self, tenant: &TestTenant, id: &str, data: &Value) -> Value {
        let request = json!({ "user_id": self.user_id, "transaction_id": id, "transaction_data": data });
        let options = tenant.http.post("/transaction/initialize", &request).await.expect(200);
        self.get(&options.json())
    }

    /// Confirms a transaction and returns the finalize response.
    pub async fn transaction(&mut self, tenant: &TestTenant, id: &str, data: &Value) -> Response {
        let body = self.transaction_assertion(tenant, id, data).await;
        tenant.http.post("/transaction/finalize", &body).await
    }
}

/// Returns the claims of the token in a response, without verifying the token.
pub fn claims(response: &Response) -> Value {
    let token = response.field("token");
    let payload = token.split('.').nth(1).expect("a JWT");
    let bytes = doorward_shared::Base64Url::decode(payload).expect("base64url");
    serde_json::from_slice(bytes.as_bytes()).expect("JSON claims")
}
