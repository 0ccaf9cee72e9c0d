//! Measures the unavoidable steps of a finalize request, each step separately.

use std::{hint::black_box, time::Duration};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use bytes::Bytes;
use doorward_authenticator::{from_base64url, sha256};
use doorward_server::{
    clock::{Clock as _, SystemClock, SystemEntropy},
    crypto::{MasterKey, SigningKey, signing_key},
    db::{Database, DbError},
    domain::{Challenge, Credential},
    store::{challenges, credentials},
    webauthn::{self, ParsedAssertion},
};
use doorward_shared::{
    SigningKeyId, TenantId,
    admin::SigningAlgorithm,
    public::{CeremonyName, TokenClaims},
};
use doorward_testkit::reference_verifier::{self, Expected, StoredCredential};
use serde_json::Value;

use crate::cpu;

/// Input of one finalize request. All inputs differ, because branch prediction would adapt to a repeated input.
struct Input {
    body: Bytes,
    parsed: ParsedAssertion,
    challenge: Challenge,
    credential: Credential,
    signed: Vec<u8>,
    signature: Vec<u8>,
    point: Vec<u8>,
}

pub(crate) struct Baseline {
    inputs: Vec<Input>,
    key: SigningKey,
    claims: TokenClaims,
}

impl Input {
    /// Parses the body of a finalize request and loads its challenge and credential from the database.
    async fn load(db: &Database, tenant: TenantId, body: Bytes) -> Self {
        let parsed = webauthn::parse_assertion(&body).expect("an assertion");
        let (value, id) = (parsed.challenge().clone(), parsed.credential_id().clone());
        let rows = db.read(move |connection| {
            Ok::<_, DbError>((
                challenges::find(connection, tenant, &value)?,
                credentials::find(connection, tenant, &id)?,
            ))
        });
        let (challenge, credential) = rows.await.expect("a database");
        let (challenge, credential) = (challenge.expect("a challenge"), credential.expect("a credential"));

        let json: Value = serde_json::from_slice(&body).expect("JSON");
        let member = |name: &str| from_base64url(json["response"][name].as_str().expect("a text")).expect("bytes");
        let mut signed = member("authenticatorData");
        signed.extend_from_slice(&sha256(&member("clientDataJSON")));
        // An ES256 COSE key ends with label -2 and the 32 bytes of x, then label -3 and the 32 bytes of y.
        let cose = &credential.public_key;
        let (x, y) = (&cose[cose.len() - 67..cose.len() - 35], &cose[cose.len() - 32..]);
        let point = [&[4], x, y].concat();
        Self { signature: member("signature"), body, parsed, challenge, credential, signed, point }
    }
}

impl Baseline {
    /// Creates the inputs from the bodies of finalize requests.
    pub(crate) async fn new(db: &Database, tenant: TenantId, bodies: impl Iterator<Item = &Bytes>) -> Self {
        let mut inputs = Vec::new();
        for body in bodies {
            inputs.push(Input::load(db, tenant, body.clone()).await);
        }
        let credential = &inputs.first().expect("a request").credential;
        let master = MasterKey::from_bytes(&[7; 32]).expect("a key");
        let now = SystemClock.now();
        let id = SigningKeyId::new(uuid::Uuid::nil());
        let entropy = SystemEntropy::default();
        let record = signing_key::generate(tenant, id, SigningAlgorithm::Es256, now, now, &master, &entropy);
        let key = SigningKey::open(&record.expect("a key"), &master).expect("the same key");
        let claims = TokenClaims {
            iss: "doorward".to_owned(),
            sub: "user-0-0".to_owned(),
            aud: vec!["example.com".to_owned()],
            cred: credential.id.to_string(),
            iat: now.seconds(),
            exp: now.seconds() + 300,
            jti: uuid::Uuid::nil().to_string(),
            amr: vec!["pop".to_owned(), "user".to_owned(), "mfa".to_owned()],
            ceremony: CeremonyName::Mfa,
            uv: true,
            acr: "aal2".into(),
            auth_time: now.seconds(),
            be: false,
            bs: false,
            attested: false,
            aaguid: None,
            trans: None,
        };
        Self { inputs, key, claims }
    }

    pub(crate) fn parse(&self, threads: usize) -> Duration {
        cpu::each(threads, &self.inputs, |input| drop(black_box(webauthn::parse_assertion(black_box(&input.body)))))
    }

    /// CPU time of Doorward's verification of an assertion, including the signature.
    pub(crate) fn verify(&self, threads: usize) -> Duration {
        cpu::each(threads, &self.inputs, |input| {
            let (state, value) = (&input.challenge.state, &input.challenge.value);
            let verified = webauthn::verify_assertion(state, value, &input.credential, &input.parsed);
            black_box(verified.expect("a good signature"));
        })
    }

    /// Verifies one assertion. Another thread repeats this as a load while the commits are measured.
    pub(crate) fn verify_once(&self) {
        let input = self.inputs.first().expect("a request");
        let (state, value) = (&input.challenge.state, &input.challenge.value);
        drop(black_box(webauthn::verify_assertion(state, value, &input.credential, &input.parsed)));
    }

    /// CPU time of the same verification by webauthn-rs. It includes parsing, which takes little time in comparison.
    pub(crate) fn verify_with_webauthn_rs(&self, threads: usize) -> Duration {
        cpu::each(threads, &self.inputs, |input| {
            let state = &input.challenge.state;
            let expected = Expected {
                rp_id: &state.rp_id,
                origin: state.origins.first().expect("an origin"),
                challenge: &input.challenge.value.0,
                user_verification: false,
            };
            let stored =
                StoredCredential { public_key: &input.credential.public_key, sign_count: input.credential.sign_count };
            reference_verifier::verify(expected, stored, &input.body).expect("a good signature");
        })
    }

    /// CPU time of the ECDSA verification alone, with aws-lc.
    pub(crate) fn verify_with_aws_lc(&self, threads: usize) -> Duration {
        cpu::each(threads, &self.inputs, |input| {
            let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &input.point);
            key.verify(&input.signed, &input.signature).expect("a good signature");
        })
    }

    /// CPU time of signing a token with a cached key pair.
    pub(crate) fn sign(&self, threads: usize) -> Duration {
        cpu::each(threads, &self.inputs, |_| drop(black_box(self.key.sign(black_box(&self.claims)))))
    }
}
