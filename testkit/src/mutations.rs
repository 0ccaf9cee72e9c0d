//! Malformed finalize bodies. Each is a valid body with one defect, and a server must reject it.
//!
//! Unless the defect is in the signature, the right key signs the changed data. The signature is then valid, and
//! another check must detect the defect. Deviations that WebAuthn or the API allows are not included: unknown members,
//! padded base64url in binary fields, a byte order mark before `clientDataJSON`, high-S signatures, reserved flags.
//!
//! ```text
//! body.rs, fields.rs   the JSON around the response      both ceremonies
//! client_data.rs, origin.rs, authenticator_data.rs       both ceremonies
//! attestation.rs, cose.rs, statement.rs                  registrations
//! assertion.rs                                           assertions
//! ```
#![expect(clippy::expect_used, reason = "test support: a panic is a failed test")]

mod assertion;
mod attestation;
mod authenticator_data;
mod body;
mod client_data;
mod cose;
mod fields;
mod origin;
mod statement;

use doorward_authenticator::{
    AssertionParts, Authenticator, AuthenticatorData, Client, ClientData, RegistrationParts, SignedAssertion,
    SignedRegistration,
};
use serde_json::Value;

/// Reason why a server must reject a mutation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// WebAuthn requires the rejection: accepting the body would break a guarantee of the ceremony.
    Protocol,
    /// The syntax is wrong: a lenient parser could still read the valid values, but a strict one must reject the body.
    Form,
    /// The body exceeds a limit: it is too large or too deeply nested.
    Limit,
}

/// A change that makes a valid body invalid.
pub struct Mutation<P: Ceremony> {
    name: String,
    demand: Demand,
    change: Change<P>,
}

type PartsChange<P> = dyn Fn(&mut P, &Scene) + Send + Sync;
type SignedChange<P> = dyn Fn(&mut <P as Ceremony>::Signed, &P) + Send + Sync;
type BodyChange = dyn Fn(&str) -> Vec<u8> + Send + Sync;

enum Change<P: Ceremony> {
    /// Changes the parts before they are signed.
    Parts(Box<PartsChange<P>>),
    /// Changes the signed result.
    Signed(Box<SignedChange<P>>),
    Json(Box<dyn Fn(&mut Value) + Send + Sync>),
    Body(Box<BodyChange>),
}

/// Properties of the ceremony, read from its options.
struct Scene {
    origin: String,
    rp_id: String,
    /// Whether user verification is required.
    verifies: bool,
    /// Whether the options name no credentials, so that only the response identifies the user.
    discoverable: bool,
    /// COSE algorithm identifiers in the options.
    algorithms: Vec<i64>,
}

impl Scene {
    fn new(options: &Value, client: &Client) -> Self {
        let options = options.get("publicKey").unwrap_or(options);
        let text = |pointer| options.pointer(pointer).and_then(Value::as_str);
        let verification = text("/userVerification").or(text("/authenticatorSelection/userVerification"));
        let allowed = options.get("allowCredentials").and_then(Value::as_array);
        let params = options.get("pubKeyCredParams").and_then(Value::as_array);
        Self {
            origin: client.origin().to_owned(),
            rp_id: text("/rpId").or(text("/rp/id")).unwrap_or_default().to_owned(),
            verifies: verification == Some("required"),
            discoverable: allowed.is_none_or(Vec::is_empty),
            algorithms: params.into_iter().flatten().filter_map(|param| param.get("alg")?.as_i64()).collect(),
        }
    }
}

impl<P: Ceremony> Mutation<P> {
    /// Description of the defect, unique within its ceremony.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reason why a server must reject the body.
    pub const fn demand(&self) -> Demand {
        self.demand
    }

    /// Returns the mutated body for these options. The authenticator is not changed. For an assertion, it must already
    /// have a credential. Returns `None` if the mutation has no effect. For example, a missing UV flag has no effect if
    /// user verification is not required.
    pub fn body(&self, options: &Value, client: &Client, authenticator: &Authenticator) -> Option<Vec<u8>> {
        let parts = P::make(client, &mut authenticator.clone(), options);
        self.apply(parts, &Scene::new(options, client))
    }

    fn apply(&self, parts: P, scene: &Scene) -> Option<Vec<u8>> {
        let written = |json: &Value| json.to_string().into_bytes();
        match &self.change {
            Change::Parts(change) => {
                let mut changed = parts.clone();
                change(&mut changed, scene);
                (!changed.same(&parts)).then(|| written(&P::json(changed.signed())))
            }
            Change::Signed(change) => {
                let good = parts.clone().signed();
                let mut changed = good.clone();
                change(&mut changed, &parts);
                (changed != good).then(|| written(&P::json(changed)))
            }
            Change::Json(change) => {
                let good = P::json(parts.signed());
                let mut changed = good.clone();
                change(&mut changed);
                (changed != good).then(|| written(&changed))
            }
            Change::Body(change) => {
                let good = P::json(parts.signed()).to_string();
                Some(change(&good)).filter(|changed| *changed != good.as_bytes())
            }
        }
    }
}

/// A kind of ceremony: registration or assertion.
pub trait Ceremony: Clone + 'static {
    type Signed: Clone + PartialEq;
    /// `type` in the `clientDataJSON` of the other ceremony.
    const OTHER_TYPE: &'static str;
    /// JSON pointers of the binary members.
    const BINARY: &'static [&'static str];
    /// Members of the body, in the order in which the server's type declares them.
    const MEMBERS: &'static [&'static str];
    /// Members of `response`, in the order in which the server's type declares them.
    const RESPONSE: &'static [&'static str];

    /// Creates valid parts. Panics if the client fails.
    fn make(client: &Client, authenticator: &mut Authenticator, options: &Value) -> Self;
    /// Signs the parts with the credential's key. Panics if signing fails.
    fn signed(self) -> Self::Signed;
    fn json(signed: Self::Signed) -> Value;
    /// Returns whether `self` and `other` would produce the same body.
    fn same(&self, other: &Self) -> bool;
    fn client_data(&mut self) -> &mut ClientData;
    fn authenticator_data(&mut self) -> &mut AuthenticatorData;
}

impl Ceremony for RegistrationParts {
    type Signed = SignedRegistration;
    const OTHER_TYPE: &'static str = "webauthn.get";
    const BINARY: &'static [&'static str] = &["/rawId", "/response/clientDataJSON", "/response/attestationObject"];
    const MEMBERS: &'static [&'static str] =
        &["id", "rawId", "type", "response", "transports", "authenticatorAttachment", "clientExtensionResults"];
    const RESPONSE: &'static [&'static str] = &["clientDataJSON", "attestationObject", "transports"];

    fn make(client: &Client, authenticator: &mut Authenticator, options: &Value) -> Self {
        client.create_parts(authenticator, options).expect("valid parts")
    }

    fn signed(self) -> SignedRegistration {
        self.sign().expect("a signature")
    }

    fn json(signed: SignedRegistration) -> Value {
        signed.into_json()
    }

    fn same(&self, other: &Self) -> bool {
        self.client_data == other.client_data
            && self.authenticator_data == other.authenticator_data
            && self.statement == other.statement
    }

    fn client_data(&mut self) -> &mut ClientData {
        &mut self.client_data
    }

    fn authenticator_data(&mut self) -> &mut AuthenticatorData {
        &mut self.authenticator_data
    }
}

impl Ceremony for AssertionParts {
    type Signed = SignedAssertion;
    const OTHER_TYPE: &'static str = "webauthn.create";
    const BINARY: &'static [&'static str] =
        &["/rawId", "/response/clientDataJSON", "/response/authenticatorData", "/response/signature"];
    const MEMBERS: &'static [&'static str] =
        &["id", "rawId", "type", "response", "authenticatorAttachment", "clientExtensionResults"];
    const RESPONSE: &'static [&'static str] = &["clientDataJSON", "authenticatorData", "signature", "userHandle"];

    fn make(client: &Client, authenticator: &mut Authenticator, options: &Value) -> Self {
        client.get_parts(authenticator, options).expect("valid parts")
    }

    fn signed(self) -> SignedAssertion {
        self.sign().expect("a signature")
    }

    fn json(signed: SignedAssertion) -> Value {
        signed.into_json()
    }

    fn same(&self, other: &Self) -> bool {
        self.client_data == other.client_data
            && self.authenticator_data == other.authenticator_data
            && self.user_handle == other.user_handle
            && self.credential_id == other.credential_id
    }

    fn client_data(&mut self) -> &mut ClientData {
        &mut self.client_data
    }

    fn authenticator_data(&mut self) -> &mut AuthenticatorData {
        &mut self.authenticator_data
    }
}

struct List<P: Ceremony>(Vec<Mutation<P>>);

impl<P: Ceremony> List<P> {
    fn push(&mut self, demand: Demand, name: impl Into<String>, change: Change<P>) {
        self.0.push(Mutation { name: name.into(), demand, change });
    }

    fn parts(
        &mut self,
        demand: Demand,
        name: impl Into<String>,
        change: impl Fn(&mut P, &Scene) + Send + Sync + 'static,
    ) {
        self.push(demand, name, Change::Parts(Box::new(change)));
    }

    fn signed(
        &mut self,
        demand: Demand,
        name: impl Into<String>,
        change: impl Fn(&mut P::Signed, &P) + Send + Sync + 'static,
    ) {
        self.push(demand, name, Change::Signed(Box::new(change)));
    }

    fn json(&mut self, demand: Demand, name: impl Into<String>, change: impl Fn(&mut Value) + Send + Sync + 'static) {
        self.push(demand, name, Change::Json(Box::new(change)));
    }

    fn body(
        &mut self,
        demand: Demand,
        name: impl Into<String>,
        change: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static,
    ) {
        self.push(demand, name, Change::Body(Box::new(change)));
    }
}

fn common<P: Ceremony>() -> List<P> {
    let mut list = List(Vec::new());
    body::mutations(&mut list);
    fields::mutations(&mut list);
    client_data::mutations(&mut list);
    origin::mutations(&mut list);
    authenticator_data::mutations(&mut list);
    list
}

pub fn registration_mutations() -> Vec<Mutation<RegistrationParts>> {
    let mut list = common();
    attestation::mutations(&mut list);
    cose::mutations(&mut list);
    statement::mutations(&mut list);
    list.0
}

pub fn assertion_mutations() -> Vec<Mutation<AssertionParts>> {
    let mut list = common();
    assertion::mutations(&mut list);
    list.0
}

#[cfg(test)]
mod tests;
