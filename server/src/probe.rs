//! Runs all ceremonies step by step with a software authenticator against a running server, and verifies every token.

use std::time::{Duration, Instant};

use doorward_authenticator::{Authenticator, Client};
use doorward_shared::public::CeremonyName;
use jsonwebtoken::jwk::JwkSet;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    clock::{Clock as _, SystemClock},
    token_verifier::{self, Expected, TokenError},
};

#[derive(Debug, Clone)]
pub struct Target {
    /// URL of the public API, or `unix:` and the path of its socket.
    pub url: String,
    pub tenant: String,
    pub api_key: String,
    /// Origin that the simulated browser states. Default: `https://` followed by the RP ID that the server returns, or
    /// `http://localhost:8080` if the RP ID is `localhost`.
    pub origin: Option<String>,
    /// Expected `iss` of the tokens.
    pub issuer: String,
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

/// Error of a failed step. The steps that depend on the failed step are skipped.
#[derive(Debug)]
struct StepFailed;

struct Probe<'a> {
    target: &'a Target,
    client: reqwest::Client,
    /// Beginning of the URL of each request.
    base: String,
    steps: Vec<Step>,
    observe: &'a mut (dyn FnMut(&Step) + Send + Sync),
}

/// Status and JSON body.
type Response = (u16, Value);

/// A ceremony that the probe performs.
struct Ceremony<'a> {
    /// Name of the step in the report ([`Step::name`]).
    step: &'static str,
    /// Path of the ceremony, such as `/mfa/login`; the probe appends `/initialize` and `/finalize`.
    path: &'a str,
    name: CeremonyName,
    /// Body of the initialize request.
    request: &'a Value,
    transaction: Option<&'a str>,
}

/// Runs all steps and reports each step to `observe` when the step ends. The probe succeeded if every step succeeded.
///
/// # Errors
/// An error if the HTTP client cannot be created.
pub async fn run(target: &Target, observe: &mut (dyn FnMut(&Step) + Send + Sync)) -> Result<Vec<Step>, reqwest::Error> {
    let mut client = reqwest::Client::builder()
        .timeout(Duration::from_secs(10))
        // The API key must be sent only to the given URL: not to the target of a redirect, and not to a proxy that the
        // environment configures.
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy();
    let base = match target.url.strip_prefix("unix:") {
        Some(path) => {
            client = client.unix_socket(path);
            "http://localhost".to_owned()
        }
        None => target.url.trim_end_matches('/').to_owned(),
    };
    let mut probe = Probe { target, client: client.build()?, base, steps: Vec::new(), observe };
    // The error needs no handling, because the list of steps contains the failed step.
    let _ = probe.ceremonies().await;
    Ok(probe.steps)
}

/// Returns the innermost reason why a request got no response.
fn not_sent(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut reason: &(dyn std::error::Error + 'static) = &error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    match reason.downcast_ref::<std::io::Error>().map(std::io::Error::kind) {
        Some(std::io::ErrorKind::ConnectionRefused) => "no server listens at this address".to_owned(),
        Some(std::io::ErrorKind::NotFound) => "no server listens at this address: there is no such socket".to_owned(),
        _ => reason.to_string(),
    }
}

impl Probe<'_> {
    async fn ceremonies(&mut self) -> Result<(), StepFailed> {
        let user = format!("doorward-probe-{}", self.nonce());
        let started = Instant::now();
        let jwks = self.call("GET", "/.well-known/jwks.json", None).await;
        let keys = |body: &Value| serde_json::from_value::<JwkSet>(body.clone()).ok();
        let body = self.record("signing keys are published", started, jwks, |status, body| {
            expect_status(status, 200)?;
            if keys(body).is_some_and(|keys| !keys.keys.is_empty()) { Ok(()) } else { Err("no key".to_owned()) }
        })?;
        let keys = keys(&body).ok_or(StepFailed)?;
        let result = self.every_ceremony(&user, &keys).await;
        if self.target.keep { result } else { self.clean_up(&user, result.is_ok()).await.and(result) }
    }

    async fn every_ceremony(&mut self, user: &str, keys: &JwkSet) -> Result<(), StepFailed> {
        let (mut key, mut passkey) = (Authenticator::new(), Authenticator::new());
        let request = &json!({ "user_id": user, "username": user });
        let ceremony = |step, path, name, request| Ceremony { step, path, name, request, transaction: None };
        let registration = CeremonyName::Registration;
        let register = ceremony("second factor registered", "/mfa/registration", registration, request);
        self.register(&register, user, keys, &mut key).await?;
        let named = &json!({ "user_id": user });
        let prove = ceremony("second factor proved", "/mfa/login", CeremonyName::Mfa, named);
        let used = self.assert(&prove, user, keys, &mut key).await?;
        let started = Instant::now();
        let again = self.call("POST", "/mfa/login/finalize", Some(&used)).await;
        self.record("used challenge rejected", started, again, |status, body| {
            expect_status(status, 401)?;
            if body["code"] == "challenge_unknown" { Ok(()) } else { Err("another error code".to_owned()) }
        })?;
        let register = ceremony("passkey registered", "/registration", registration, request);
        self.register(&register, user, keys, &mut passkey).await?;
        let login = ceremony("passkey login", "/login", CeremonyName::Login, named);
        self.assert(&login, user, keys, &mut passkey).await?;
        let anyone = &json!({});
        let login = ceremony("passkey login without a user id", "/login", CeremonyName::Login, anyone);
        self.assert(&login, user, keys, &mut passkey).await?;
        let transaction = format!("probe-{}", self.nonce());
        let request = &json!({
            "user_id": user,
            "transaction_id": transaction,
            "transaction_data": { "amount": "1.00", "currency": "EUR" },
        });
        let confirm = ceremony("transaction confirmed", "/transaction", CeremonyName::Transaction, request);
        let confirm = Ceremony { transaction: Some(&transaction), ..confirm };
        self.assert(&confirm, user, keys, &mut passkey).await?;
        let started = Instant::now();
        let entries = self.call("GET", &format!("/audit_logs?actor_user_id={user}"), None).await;
        self.record("audit entries written", started, entries, |status, body| {
            expect_status(status, 200)?;
            match body.as_array().map_or(0, Vec::len) {
                // Each of the six ceremonies leaves two entries. The attempt with a used challenge may leave one more.
                number if number >= 12 => Ok(()),
                number => Err(format!("only {number} entries")),
            }
        })?;
        Ok(())
    }

    async fn register(
        &mut self,
        ceremony: &Ceremony<'_>,
        user: &str,
        keys: &JwkSet,
        authenticator: &mut Authenticator,
    ) -> Result<(), StepFailed> {
        let started = Instant::now();
        let options = self.options(ceremony, started).await?;
        let rp_id = text_at(&options, "/publicKey/rp/id");
        let credential = self.browser(&rp_id).create(authenticator, &options).map_err(|error| error.to_string());
        self.finalize(ceremony, started, user, keys, &rp_id, credential).await.map(drop)
    }

    /// Performs a login or a transaction. Returns the body of the finalize request that was sent.
    async fn assert(
        &mut self,
        ceremony: &Ceremony<'_>,
        user: &str,
        keys: &JwkSet,
        authenticator: &mut Authenticator,
    ) -> Result<Value, StepFailed> {
        let started = Instant::now();
        let options = self.options(ceremony, started).await?;
        let rp_id = text_at(&options, "/publicKey/rpId");
        let credential = self.browser(&rp_id).get(authenticator, &options).map_err(|error| error.to_string());
        self.finalize(ceremony, started, user, keys, &rp_id, credential).await
    }

    /// Starts a ceremony and returns its options. Records the step only if the initialize request fails.
    async fn options(&mut self, ceremony: &Ceremony<'_>, started: Instant) -> Result<Value, StepFailed> {
        match self.call("POST", &format!("{}/initialize", ceremony.path), Some(ceremony.request)).await {
            Ok((200, options)) => Ok(options),
            response => self.record(ceremony.step, started, response, |status, _| expect_status(status, 200)),
        }
    }

    /// Finalizes a ceremony and verifies its token. Returns the body of the finalize request that was sent.
    async fn finalize(
        &mut self,
        ceremony: &Ceremony<'_>,
        started: Instant,
        user: &str,
        keys: &JwkSet,
        rp_id: &str,
        credential: Result<Value, String>,
    ) -> Result<Value, StepFailed> {
        let response = match &credential {
            Ok(body) => self.call("POST", &format!("{}/finalize", ceremony.path), Some(body)).await,
            Err(error) => Err(error.clone()),
        };
        let expected = Expected {
            issuer: &self.target.issuer,
            audience: rp_id,
            ceremony: ceremony.name,
            subject: Some(user),
            transaction: ceremony.transaction,
        };
        self.record(ceremony.step, started, response, |status, body| {
            expect_status(status, 200)?;
            let token = body["token"].as_str().ok_or("the response has no token")?;
            let verify = |audience: &str| {
                token_verifier::verify(token, keys, SystemClock.now(), Expected { audience, ..expected })
            };
            // The audience depends on the tenant's setting `token_audience`, which the probe cannot read.
            let with_ceremony = format!("{rp_id}/{}", ceremony.name);
            let verified = match verify(rp_id) {
                Err(TokenError::Audience) => verify(&with_ceremony),
                verified => verified,
            };
            verified.map(drop).map_err(|error| format!("invalid token: {error}"))
        })?;
        credential.map_err(|_| StepFailed)
    }

    /// Deletes the user with credentials and transactions. The audit entries remain. If `must_exist` is `false`, a
    /// missing user is no error: after a failed ceremony, the user may not exist.
    async fn clean_up(&mut self, user: &str, must_exist: bool) -> Result<(), StepFailed> {
        let started = Instant::now();
        let response = self.call("DELETE", &format!("/users/{user}"), None).await;
        self.record("user deleted", started, response, |status, _| match status {
            404 if !must_exist => Ok(()),
            status => expect_status(status, 204),
        })
        .map(drop)
    }

    fn browser(&self, rp_id: &str) -> Client {
        let default = || match rp_id {
            "localhost" => "http://localhost:8080".to_owned(),
            domain => format!("https://{domain}"),
        };
        Client::new(self.target.origin.clone().unwrap_or_else(default))
    }

    async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Response, String> {
        let url = format!("{}/{}{path}", self.base, self.target.tenant);
        let method = reqwest::Method::from_bytes(method.as_bytes()).map_err(|error| error.to_string())?;
        let mut request = self.client.request(method, url).header("apiKey", &self.target.api_key);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(not_sent)?;
        let status = response.status().as_u16();
        let text = response.text().await.map_err(|error| error.without_url().to_string())?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    fn record(
        &mut self,
        name: &'static str,
        started: Instant,
        response: Result<Response, String>,
        judge: impl FnOnce(u16, &Value) -> Result<(), String>,
    ) -> Result<Value, StepFailed> {
        let millis = started.elapsed().as_millis();
        let (ok, detail, body) = match response {
            Err(error) => (false, error, Value::Null),
            Ok((status, body)) => match judge(status, &body) {
                Ok(()) => (true, describe(status, &body), body),
                Err(reason) => (false, format!("{}: {reason}", describe(status, &body)), body),
            },
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

fn expect_status(status: u16, expected: u16) -> Result<(), String> {
    if status == expected { Ok(()) } else { Err(format!("expected HTTP {expected}")) }
}

fn text_at(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn describe(status: u16, body: &Value) -> String {
    let text = |name: &str| body[name].as_str().unwrap_or_default();
    match (text("title"), text("details")) {
        ("", _) => format!("HTTP {status}"),
        (title, "") => format!("HTTP {status}: {title}"),
        (title, details) => format!("HTTP {status}: {title} ({details})"),
    }
}
