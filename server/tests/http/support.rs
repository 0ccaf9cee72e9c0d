//! The five ceremonies alike, for what must hold of each of them.

use doorward_authenticator::base64url;
use doorward_testkit::{Person, Response, TestServer, TestTenant};
use serde_json::{Value, json};

/// A server and a tenant with nothing special about them.
pub(crate) async fn setting() -> (TestServer, TestTenant) {
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

    /// The audit type of one of its ends: `init_failed`, `final_succeeded`, …
    pub(crate) fn event(self, end: &str) -> String {
        let name = match self {
            Registration => "webauthn_registration",
            MfaRegistration => "mfa_registration",
            Login => "webauthn_authentication",
            MfaLogin => "mfa_authentication",
            Transaction => "webauthn_transaction",
        };
        format!("{name}_{end}")
    }

    /// What its first step takes for this person.
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

    /// A person who can do it: for all but registrations, one who has a passkey.
    pub(crate) async fn person(self, tenant: &TestTenant, name: &str) -> Person {
        let mut person = Person::new(name);
        if !self.registers() {
            let _ = person.register(tenant).await.expect(200);
        }
        person
    }

    /// The first step; answers the options.
    pub(crate) async fn start(self, tenant: &TestTenant, person: &Person) -> Value {
        let path = format!("{}/initialize", self.path());
        tenant.http.post(&path, &self.request(person)).await.expect(200).json()
    }

    /// What the person's authenticator makes of the options.
    pub(crate) fn respond(self, person: &mut Person, options: &Value) -> Value {
        if self.registers() { person.create(options) } else { person.get(options) }
    }

    /// The first step and the authenticator's part.
    pub(crate) async fn begin(self, tenant: &TestTenant, person: &mut Person) -> Value {
        let options = self.start(tenant, person).await;
        self.respond(person, &options)
    }

    /// The second step.
    pub(crate) async fn finalize(self, tenant: &TestTenant, body: &Value) -> Response {
        self.finalize_bytes(tenant, body.to_string().into_bytes()).await
    }

    /// The second step, with a body of any bytes.
    pub(crate) async fn finalize_bytes(self, tenant: &TestTenant, body: Vec<u8>) -> Response {
        tenant.http.post_bytes(&format!("{}/finalize", self.path()), body).await
    }

    /// Checks that an answer refuses a challenge that is not one of this ceremony's, in the contract's words, and that it
    /// left its row.
    pub(crate) async fn expect_unknown(self, tenant: &TestTenant, answer: &Response) {
        let known = "received challenge does not match with any stored one";
        match self {
            Registration | MfaRegistration => answer.expect_error(400, "challenge_unknown", known, known),
            Login | MfaLogin => answer.expect_error(401, "challenge_unknown", "failed to get session data", known),
            Transaction => {
                let details = "no transaction found for this challenge";
                answer.expect_error(401, "challenge_unknown", "failed to get session data", details);
            }
        }
        let _ = self.expect_audited_refusal(tenant, answer, answer.status, "challenge_unknown").await;
    }

    /// Checks status, code and audit row of a refused second step.
    pub(crate) async fn expect_audited_refusal(
        self,
        tenant: &TestTenant,
        answer: &Response,
        status: u16,
        code: &str,
    ) -> doorward_testkit::AuditEntry {
        tenant.expect_audited_refusal(answer, status, code, &self.event("final_failed")).await
    }

    /// The words for a body that cannot be read.
    pub(crate) const fn malformed(self) -> &'static str {
        match self {
            Registration | MfaRegistration => "unable to parse credential creation response",
            Login | MfaLogin => "unable to finish login",
            Transaction => "unable to finish transaction",
        }
    }
}

/// An identifier nobody used before in this process.
pub(crate) fn unique() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("id-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The options with another challenge.
pub(crate) fn with_challenge(options: &Value, challenge: &Value) -> Value {
    let mut options = options.clone();
    options["publicKey"]["challenge"] = challenge.clone();
    options
}

/// Options with a challenge nobody stored.
pub(crate) fn with_unknown_challenge(options: &Value) -> Value {
    with_challenge(options, &base64url(&[7; 32]).into())
}
