//! Runs all ceremonies step by step with a software authenticator against a running server.

use std::time::{Duration, Instant};

use doorward_authenticator::{Authenticator, Client};
use serde::Serialize;
use serde_json::{Value, json};

#[derive(Debug, Clone)]
pub struct Target {
    pub url: String,
    pub tenant: String,
    pub api_key: String,
    /// Origin of the software browser. Default: `https://` followed by the RP ID that the server returns, or
    /// `http://localhost:8080` if the RP ID is `localhost`.
    pub origin: Option<String>,
    pub keep: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    pub name: &'static str,
    /// Whether the response was as expected.
    pub ok: bool,
    /// Status and title of the response, or the error.
    pub detail: String,
    pub millis: u128,
}

/// Error of a failed step. The steps that depend on it are skipped.
#[derive(Debug)]
struct StepFailed;

struct Probe<'a> {
    target: &'a Target,
    client: reqwest::Client,
    steps: Vec<Step>,
    observe: &'a mut dyn FnMut(&Step),
}

/// Status and JSON body.
type Response = (u16, Value);

/// Runs all steps and reports each to `observe` when it ends. The probe succeeded if every step succeeded.
pub async fn run(target: &Target, observe: &mut dyn FnMut(&Step)) -> Vec<Step> {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).build().unwrap_or_default();
    let mut probe = Probe { target, client, steps: Vec::new(), observe };
    // The error needs no handling, because the list contains the failed step.
    let _ = probe.ceremonies().await;
    probe.steps
}

impl Probe<'_> {
    async fn ceremonies(&mut self) -> Result<(), StepFailed> {
        let user = format!("doorward-probe-{}", self.nonce());
        let started = Instant::now();
        let jwks = self.call("GET", "/.well-known/jwks.json", None).await;
        self.record("signing keys are published", started, jwks, |status, body| {
            status == 200 && body["keys"].as_array().is_some_and(|keys| !keys.is_empty())
        })?;
        let request = json!({ "user_id": user, "username": user });
        let mut key = Authenticator::new();
        let mut passkey = Authenticator::new();
        let result = self.every_ceremony(&user, &request, &mut key, &mut passkey).await;
        if !self.target.keep {
            self.clean_up(&user).await?;
        }
        result
    }

    async fn every_ceremony(
        &mut self,
        user: &str,
        request: &Value,
        key: &mut Authenticator,
        passkey: &mut Authenticator,
    ) -> Result<(), StepFailed> {
        self.register("second factor registered", "/mfa/registration", request, key).await?;
        let named = json!({ "user_id": user });
        let used = self.assert("second factor proved", "/mfa/login", &named, key).await?;
        let started = Instant::now();
        let again = self.call("POST", "/mfa/login/finalize", Some(&used)).await;
        self.record("used challenge rejected", started, again, |status, _| status == 401)?;
        self.register("passkey registered", "/registration", request, passkey).await?;
        self.assert("passkey login", "/login", &named, passkey).await?;
        self.assert("passkey login without a user id", "/login", &json!({}), passkey).await?;
        let transaction = json!({
            "user_id": user,
            "transaction_id": format!("probe-{}", self.nonce()),
            "transaction_data": { "amount": "1.00", "currency": "EUR" },
        });
        self.assert("transaction confirmed", "/transaction", &transaction, passkey).await?;
        let started = Instant::now();
        let entries = self.call("GET", &format!("/audit_logs?actor_user_id={user}"), None).await;
        self.record("audit entries written", started, entries, |status, body| {
            status == 200 && body.as_array().is_some_and(|entries| entries.len() >= 10)
        })?;
        Ok(())
    }

    async fn register(
        &mut self,
        name: &'static str,
        path: &str,
        request: &Value,
        authenticator: &mut Authenticator,
    ) -> Result<(), StepFailed> {
        let started = Instant::now();
        let (status, options) = match self.call("POST", &format!("{path}/initialize"), Some(request)).await {
            Ok(response) => response,
            failed => return self.record(name, started, failed, |_, _| false).map(drop),
        };
        if status != 200 {
            return self.record(name, started, Ok((status, options)), |_, _| false).map(drop);
        }
        let created = self.browser(&options, "/publicKey/rp/id").create(authenticator, &options);
        let response = match created {
            Ok(body) => self.call("POST", &format!("{path}/finalize"), Some(&body)).await,
            Err(error) => Err(error.to_string()),
        };
        self.record(name, started, response, has_token).map(drop)
    }

    async fn assert(
        &mut self,
        name: &'static str,
        path: &str,
        request: &Value,
        authenticator: &mut Authenticator,
    ) -> Result<Value, StepFailed> {
        let started = Instant::now();
        let (status, options) = match self.call("POST", &format!("{path}/initialize"), Some(request)).await {
            Ok(response) => response,
            failed => return self.record(name, started, failed, |_, _| false),
        };
        if status != 200 {
            return self.record(name, started, Ok((status, options)), |_, _| false);
        }
        let signed = self.browser(&options, "/publicKey/rpId").get(authenticator, &options);
        let (response, body) = match signed {
            Ok(body) => (self.call("POST", &format!("{path}/finalize"), Some(&body)).await, body),
            Err(error) => (Err(error.to_string()), Value::Null),
        };
        self.record(name, started, response, has_token)?;
        Ok(body)
    }

    /// Deletes the registered credentials. The user and the audit entries remain.
    async fn clean_up(&mut self, user: &str) -> Result<(), StepFailed> {
        let started = Instant::now();
        let mut response = self.call("GET", &format!("/credentials?user_id={user}"), None).await;
        if let Ok((200, Value::Array(credentials))) = &response {
            let ids: Vec<String> = credentials.iter().filter_map(|one| one["id"].as_str().map(str::to_owned)).collect();
            for id in ids {
                response = self.call("DELETE", &format!("/credentials/{id}"), None).await;
            }
        }
        self.record("credentials deleted", started, response, |status, _| (200..300).contains(&status)).map(drop)
    }

    fn browser(&self, options: &Value, rp_id: &str) -> Client {
        let rp_id = options.pointer(rp_id).and_then(Value::as_str).unwrap_or_default();
        let default = || match rp_id {
            "localhost" => "http://localhost:8080".to_owned(),
            domain => format!("https://{domain}"),
        };
        Client::new(self.target.origin.clone().unwrap_or_else(default))
    }

    async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Response, String> {
        let url = format!("{}/{}{path}", self.target.url.trim_end_matches('/'), self.target.tenant);
        let method = reqwest::Method::from_bytes(method.as_bytes()).map_err(|error| error.to_string())?;
        let mut request = self.client.request(method, url).header("apiKey", &self.target.api_key);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(|error| match error.is_connect() {
            true => "no server listens at this address".to_owned(),
            false => error.without_url().to_string(),
        })?;
        let status = response.status().as_u16();
        let text = response.text().await.map_err(|error| error.without_url().to_string())?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    fn record(
        &mut self,
        name: &'static str,
        started: Instant,
        response: Result<Response, String>,
        accept: impl FnOnce(u16, &Value) -> bool,
    ) -> Result<Value, StepFailed> {
        let millis = started.elapsed().as_millis();
        let (ok, detail, body) = match response {
            Err(error) => (false, error, Value::Null),
            Ok((status, body)) => (accept(status, &body), describe(status, &body), body),
        };
        let step = Step { name, ok, detail, millis };
        (self.observe)(&step);
        self.steps.push(step);
        if ok { Ok(body) } else { Err(StepFailed) }
    }

    fn nonce(&self) -> String {
        let mut bytes = [0_u8; 8];
        // The nonce only makes names unique. If no randomness is available, the ceremonies fail anyway.
        let _ = crate::clock::Entropy::fill(&crate::clock::SystemEntropy::default(), &mut bytes);
        doorward_shared::Base64Url::encode(&bytes).replace(['-', '_'], "0")
    }
}

fn has_token(status: u16, body: &Value) -> bool {
    status == 200 && body["token"].as_str().is_some_and(|token| token.split('.').count() == 3)
}

fn describe(status: u16, body: &Value) -> String {
    let text = |name: &str| body[name].as_str().unwrap_or_default();
    match (text("title"), text("details")) {
        ("", _) => format!("HTTP {status}"),
        (title, "") => format!("HTTP {status}: {title}"),
        (title, details) => format!("HTTP {status}: {title} ({details})"),
    }
}
