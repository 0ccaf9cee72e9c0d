//! The ceremonies, done step by step with a software authenticator against any running server.

use std::time::{Duration, Instant};

use doorward_authenticator::{Authenticator, Client};
use serde::Serialize;
use serde_json::{Value, json};

/// What is probed.
#[derive(Debug, Clone)]
pub struct Target {
    /// Where the public API listens.
    pub url: String,
    /// The tenant.
    pub tenant: String,
    /// The tenant's API key.
    pub api_key: String,
    /// Origin the software browser claims; when absent, `https://` and the RP ID the server answers (`http://` and port
    /// 8080 for `localhost`).
    pub origin: Option<String>,
    /// Leave user and credentials behind.
    pub keep: bool,
}

/// What one step did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What was tried.
    pub name: &'static str,
    /// Whether it went as it must.
    pub ok: bool,
    /// What the server answered, for a person.
    pub detail: String,
    /// Milliseconds it took.
    pub millis: u128,
}

/// A step that went wrong; what builds on it is not tried.
#[derive(Debug)]
struct Stopped;

struct Probe<'a> {
    target: &'a Target,
    client: reqwest::Client,
    steps: Vec<Step>,
    observe: &'a mut dyn FnMut(&Step),
}

/// Answers of one step: status and JSON.
type Answer = (u16, Value);

/// Does every step, telling each as it ends. All is well if every step is.
pub async fn run(target: &Target, observe: &mut dyn FnMut(&Step)) -> Vec<Step> {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).build().unwrap_or_default();
    let mut probe = Probe { target, client, steps: Vec::new(), observe };
    // A step that stopped the probe is among the steps.
    let _ = probe.ceremonies().await;
    probe.steps
}

impl Probe<'_> {
    async fn ceremonies(&mut self) -> Result<(), Stopped> {
        let user = format!("doorward-probe-{}", self.nonce());
        let started = Instant::now();
        let jwks = self.call("GET", "/.well-known/jwks.json", None).await;
        self.judge("signing keys are published", started, jwks, |status, body| {
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
    ) -> Result<(), Stopped> {
        self.register("second factor registered", "/mfa/registration", request, key).await?;
        let named = json!({ "user_id": user });
        let used = self.assert("second factor proved", "/mfa/login", &named, key).await?;
        let started = Instant::now();
        let again = self.call("POST", "/mfa/login/finalize", Some(&used)).await;
        self.judge("a used challenge is refused", started, again, |status, _| status == 401)?;
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
        let rows = self.call("GET", &format!("/audit_logs?actor_user_id={user}"), None).await;
        self.judge("audit rows are there", started, rows, |status, body| {
            status == 200 && body.as_array().is_some_and(|rows| rows.len() >= 10)
        })?;
        Ok(())
    }

    async fn register(
        &mut self,
        name: &'static str,
        path: &str,
        request: &Value,
        authenticator: &mut Authenticator,
    ) -> Result<(), Stopped> {
        let started = Instant::now();
        let (status, options) = match self.call("POST", &format!("{path}/initialize"), Some(request)).await {
            Ok(answer) => answer,
            failed => return self.judge(name, started, failed, |_, _| false).map(drop),
        };
        if status != 200 {
            return self.judge(name, started, Ok((status, options)), |_, _| false).map(drop);
        }
        let made = self.browser(&options, "/publicKey/rp/id").create(authenticator, &options);
        let answer = match made {
            Ok(body) => self.call("POST", &format!("{path}/finalize"), Some(&body)).await,
            Err(error) => Err(error.to_string()),
        };
        self.judge(name, started, answer, has_token).map(drop)
    }

    async fn assert(
        &mut self,
        name: &'static str,
        path: &str,
        request: &Value,
        authenticator: &mut Authenticator,
    ) -> Result<Value, Stopped> {
        let started = Instant::now();
        let (status, options) = match self.call("POST", &format!("{path}/initialize"), Some(request)).await {
            Ok(answer) => answer,
            failed => return self.judge(name, started, failed, |_, _| false),
        };
        if status != 200 {
            return self.judge(name, started, Ok((status, options)), |_, _| false);
        }
        let signed = self.browser(&options, "/publicKey/rpId").get(authenticator, &options);
        let (answer, body) = match signed {
            Ok(body) => (self.call("POST", &format!("{path}/finalize"), Some(&body)).await, body),
            Err(error) => (Err(error.to_string()), Value::Null),
        };
        self.judge(name, started, answer, has_token)?;
        Ok(body)
    }

    /// Deletes what the probe registered; the user and the audit rows remain.
    async fn clean_up(&mut self, user: &str) -> Result<(), Stopped> {
        let started = Instant::now();
        let mut answer = self.call("GET", &format!("/credentials?user_id={user}"), None).await;
        if let Ok((200, Value::Array(credentials))) = &answer {
            let ids: Vec<String> = credentials.iter().filter_map(|one| one["id"].as_str().map(str::to_owned)).collect();
            for id in ids {
                answer = self.call("DELETE", &format!("/credentials/{id}"), None).await;
            }
        }
        self.judge("credentials removed again", started, answer, |status, _| (200..300).contains(&status)).map(drop)
    }

    fn browser(&self, options: &Value, rp_id: &str) -> Client {
        let rp_id = options.pointer(rp_id).and_then(Value::as_str).unwrap_or_default();
        let guess = || match rp_id {
            "localhost" => "http://localhost:8080".to_owned(),
            domain => format!("https://{domain}"),
        };
        Client::new(self.target.origin.clone().unwrap_or_else(guess))
    }

    async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Answer, String> {
        let url = format!("{}/{}{path}", self.target.url.trim_end_matches('/'), self.target.tenant);
        let method = reqwest::Method::from_bytes(method.as_bytes()).map_err(|error| error.to_string())?;
        let mut request = self.client.request(method, url).header("apiKey", &self.target.api_key);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(|error| match error.is_connect() {
            true => "no server answers there".to_owned(),
            false => error.without_url().to_string(),
        })?;
        let status = response.status().as_u16();
        let text = response.text().await.map_err(|error| error.without_url().to_string())?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    fn judge(
        &mut self,
        name: &'static str,
        started: Instant,
        answer: Result<Answer, String>,
        good: impl FnOnce(u16, &Value) -> bool,
    ) -> Result<Value, Stopped> {
        let millis = started.elapsed().as_millis();
        let (ok, detail, body) = match answer {
            Err(error) => (false, error, Value::Null),
            Ok((status, body)) => (good(status, &body), describe(status, &body), body),
        };
        let step = Step { name, ok, detail, millis };
        (self.observe)(&step);
        self.steps.push(step);
        if ok { Ok(body) } else { Err(Stopped) }
    }

    fn nonce(&self) -> String {
        let mut bytes = [0_u8; 8];
        // Only names must differ; without randomness, the ceremonies fail on their own.
        let _ = crate::clock::Entropy::fill(&crate::clock::SystemEntropy::default(), &mut bytes);
        doorward_shared::Base64Url::encode(&bytes).replace(['-', '_'], "0")
    }
}

fn has_token(status: u16, body: &Value) -> bool {
    status == 200 && body["token"].as_str().is_some_and(|token| token.split('.').count() == 3)
}

fn describe(status: u16, body: &Value) -> String {
    let part = |name: &str| body[name].as_str().unwrap_or_default();
    match (part("title"), part("details")) {
        ("", _) => format!("HTTP {status}"),
        (title, "") => format!("HTTP {status}: {title}"),
        (title, details) => format!("HTTP {status}: {title} ({details})"),
    }
}
