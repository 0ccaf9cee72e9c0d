//! One interface to all five ceremonies, so that a test can run with each of them.

use doorward_authenticator::base64url;
use doorward_testkit::{Person, Response, TestServer, TestTenant};
use serde_json::{Value, json};

/// Starts a server with default settings and creates a tenant.
pub(crate) async fn server_with_tenant() -> (TestServer, TestTenant) {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    (server, tenant)
}

/// A ceremony of the public API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ceremony {
    Registration,
    MfaRegistration,
    Login,
    MfaLogin,
    Transaction,
}

use Ceremony::{Login, MfaLogin, MfaRegistration, Registration, Transaction};

impl Ceremony {
    pub(crate) const ALL: [Self; 5] = [Registration, MfaRegistration, Login, MfaLogin, Transaction];
    pub(crate) const REGISTRATIONS: [Self; 2] = [Registration, MfaRegistration];
    pub(crate) const ASSERTIONS: [Self; 3] = [Login, MfaLogin, Transaction];

    pub(crate) const fn registers(self) -> bool {
        matches!(self, Registration | MfaRegistration)
    }

    pub(crate) const fn path(self) -> &'static str {
        match self {
            Registration => "/registration",
            MfaRegistration => "/mfa/registration",
            Login => "/login",
            MfaLogin => "/mfa/login",
            Transaction => "/transaction",
        }
    }

    /// Returns the audit entry type for an outcome such as `init_failed` or `final_succeeded`.
    pub(crate) fn event(self, outcome: &str) -> String {
        let name = match self {
            Registration => "webauthn_registration",
            MfaRegistration => "mfa_registration",
            Login => "webauthn_authentication",
            MfaLogin => "mfa_authentication",
            Transaction => "webauthn_transaction",
        };
        format!("{name}_{outcome}")
    }

    /// Returns the body of the initialize request for a person.
    pub(crate) fn request(self, person: &Person) -> Value {
        let user_id = &person.user_id;
        match self {
            Registration | MfaRegistration => person.registration_request(),
            Login | MfaLogin => json!({ "user_id": user_id }),
            Transaction => {
                let id = unique();
                json!({ "user_id": user_id, "transaction_id": id, "transaction_data": { "amount": 12 } })
            }
        }
    }

    /// Creates a person who can run the ceremony: with a passkey, except for registrations.
    pub(crate) async fn person(self, tenant: &TestTenant, name: &str) -> Person {
        let mut person = Person::new(name);
        if !self.registers() {
            let _ = person.register(tenant).await.expect(200);
        }
        person
    }

    /// Sends the initialize request and returns the options.
    pub(crate) async fn start(self, tenant: &TestTenant, person: &Person) -> Value {
        let path = format!("{}/initialize", self.path());
        tenant.http.post(&path, &self.request(person)).await.expect(200).json()
    }

    /// Returns the response of the person's authenticator to the options.
    pub(crate) fn respond(self, person: &mut Person, options: &Value) -> Value {
        if self.registers() { person.create(options) } else { person.get(options) }
    }

    /// Sends the initialize request and returns the authenticator's response to the options.
    pub(crate) async fn begin(self, tenant: &TestTenant, person: &mut Person) -> Value {
        let options = self.start(tenant, person).await;
        self.respond(person, &options)
    }

    /// Sends a finalize request with a JSON body.
    pub(crate) async fn finalize(self, tenant: &TestTenant, body: &Value) -> Response {
        self.finalize_bytes(tenant, body.to_string().into_bytes()).await
    }

    /// Sends a finalize request with any bytes as body.
    pub(crate) async fn finalize_bytes(self, tenant: &TestTenant, body: Vec<u8>) -> Response {
        tenant.http.post_bytes(&format!("{}/finalize", self.path()), body).await
    }

    /// Asserts that a response is the one that is documented for an unknown challenge, and that the audit entry exists.
    pub(crate) async fn expect_unknown(self, tenant: &TestTenant, response: &Response) {
        let known = "received challenge does not match with any stored one";
        match self {
            Registration | MfaRegistration => {
                response.expect_refusal(400, "challenge_unknown");
                assert_eq!(response.field("title"), known);
                assert!(response.field("details").contains("start a new registration"), "{}", response.text);
            }
            Login | MfaLogin => response.expect_error(401, "challenge_unknown", "failed to get session data", known),
            Transaction => {
                let details = "no transaction found for this challenge";
                response.expect_error(401, "challenge_unknown", "failed to get session data", details);
            }
        }
        let _ = self.expect_audited_refusal(tenant, response, response.status, "challenge_unknown").await;
    }

    /// Asserts the status, the code and the audit entry of a refused finalize request.
    pub(crate) async fn expect_audited_refusal(
        self,
        tenant: &TestTenant,
        response: &Response,
        status: u16,
        code: &str,
    ) -> doorward_testkit::AuditEntry {
        tenant.expect_audited_refusal(response, status, code, &self.event("final_failed")).await
    }

    /// Returns the title of the error for a malformed body.
    pub(crate) const fn malformed(self) -> &'static str {
        match self {
            Registration | MfaRegistration => "unable to parse credential creation response",
            Login | MfaLogin => "unable to finish login",
            Transaction => "unable to finish transaction",
        }
    }
}

/// Returns an identifier that is unique in this process.
pub(crate) fn unique() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("id-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Returns the options with their challenge replaced.
pub(crate) fn with_challenge(options: &Value, challenge: &Value) -> Value {
    let mut options = options.clone();
    options["publicKey"]["challenge"] = challenge.clone();
    options
}

/// Returns the options with their challenge replaced by one that the server does not know.
pub(crate) fn with_unknown_challenge(options: &Value) -> Value {
    with_challenge(options, &base64url(&[7; 32]).into())
}

/// Parses a response that was read from a socket.
pub(crate) fn parse_response(text: &str) -> doorward_testkit::Response {
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines.map(|line| line.split_once(": ").unwrap()).map(|(name, value)| {
        (name.parse::<reqwest::header::HeaderName>().unwrap(), value.parse::<reqwest::header::HeaderValue>().unwrap())
    });
    doorward_testkit::Response { status, headers: headers.collect(), text: body.to_owned() }
}
