//! Finalize bodies that no correct server accepts, each the good body with one thing wrong.
//!
//! What is signed is signed with the right key, unless the signature is what is wrong: a server that refuses must have
//! looked at the very thing the mutation names. Whatever WebAuthn or the contract lets pass is left out: unknown
//! members, padded base64url in binary fields, a byte order mark before `clientDataJSON`, high-S signatures,
//! reserved flags.
//!
//! ```text
//! body.rs, fields.rs   the JSON around the response      both ceremonies
//! client_data.rs, origin.rs, authenticator_data.rs       both ceremonies
//! attestation.rs, cose.rs, statement.rs                  registrations
//! assertion.rs                                           assertions
//! ```
#![expect(clippy::expect_used, reason = "test support: a failure here is a failed test")]

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

/// Who demands that a mutation is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// WebAuthn: accepting it breaks what the ceremony proves.
    Protocol,
    /// Good form: a lenient reader could take it for the good body, a strict one does not guess.
    Form,
    /// A limit: nothing is wrong with it but its size or depth.
    Limit,
}

/// One way to spoil a body.
pub struct Mutation<P: Ceremony> {
    name: String,
    demand: Demand,
    change: Change<P>,
}

type PartsChange<P> = dyn Fn(&mut P, &Scene) + Send + Sync;
type SignedChange<P> = dyn Fn(&mut <P as Ceremony>::Signed, &P) + Send + Sync;
type BodyChange = dyn Fn(&str) -> Vec<u8> + Send + Sync;

enum Change<P: Ceremony> {
    /// Before it is signed.
    Parts(Box<PartsChange<P>>),
    /// After it was signed.
    Signed(Box<SignedChange<P>>),
    /// As JSON.
    Json(Box<dyn Fn(&mut Value) + Send + Sync>),
    /// As bytes.
    Body(Box<BodyChange>),
}

/// What the ceremony is about, from the options.
struct Scene {
    origin: String,
    rp_id: String,
    /// User verification is required.
    verifies: bool,
    /// The user is not known before the response tells.
    discoverable: bool,
    /// COSE algorithm identifiers the options name.
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
    /// What is wrong, unique among the mutations of its ceremony.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Who demands that it is refused.
    #[must_use]
    pub const fn demand(&self) -> Demand {
        self.demand
    }

    /// The spoilt body for these options. The authenticator stays as it is: an assertion needs its credential there
    /// already. `None` where the mutation would change nothing that matters, such as a missing UV flag when user
    /// verification is not required, or a counter that never counted.
    ///
    /// # Panics
    /// When the client refuses even the good path.
    #[must_use]
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

/// A registration or an assertion.
pub trait Ceremony: Clone + 'static {
    /// What signing makes of it.
    type Signed: Clone + PartialEq;
    /// `clientDataJSON`'s `type` in the other ceremony.
    const OTHER_TYPE: &'static str;
    /// The binary members of the body.
    const BINARY: &'static [&'static str];
    /// The members of the body, in the order the contract lists them.
    const MEMBERS: &'static [&'static str];
    /// The members of its `response`, in that order.
    const RESPONSE: &'static [&'static str];

    /// The good path. Panics when the client refuses it.
    fn make(client: &Client, authenticator: &mut Authenticator, options: &Value) -> Self;
    /// Signs with the credential's key. Panics when there is no signature.
    fn signed(self) -> Self::Signed;
    /// The body.
    fn json(signed: Self::Signed) -> Value;
    /// Whether the other would be signed and sent the same.
    fn same(&self, other: &Self) -> bool;
    /// What the client says it did.
    fn client_data(&mut self) -> &mut ClientData;
    /// What the authenticator says.
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
        client.create_parts(authenticator, options).expect("the good path answers")
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
        client.get_parts(authenticator, options).expect("the good path answers")
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

/// Collects mutations under names.
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

/// Everything that must not register a credential.
#[must_use]
pub fn registration_mutations() -> Vec<Mutation<RegistrationParts>> {
    let mut list = common();
    attestation::mutations(&mut list);
    cose::mutations(&mut list);
    statement::mutations(&mut list);
    list.0
}

/// Everything that must not log anyone in.
#[must_use]
pub fn assertion_mutations() -> Vec<Mutation<AssertionParts>> {
    let mut list = common();
    assertion::mutations(&mut list);
    list.0
}

#[cfg(test)]
mod tests;
