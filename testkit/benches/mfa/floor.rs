//! The pieces no finalize can do without, each measured by itself.

use std::{hint::black_box, time::Duration};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
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
use doorward_testkit::second_opinion::{self, Asked, Known};
use serde_json::Value;

use crate::cpu;

/// What one finalize is given. Each is another one, as in life: a processor remembers the way the last signature took.
struct Given {
    body: Vec<u8>,
    parsed: ParsedAssertion,
    challenge: Challenge,
    credential: Credential,
    signed: Vec<u8>,
    signature: Vec<u8>,
    point: Vec<u8>,
}

/// Material for all pieces.
pub(crate) struct Floor {
    given: Vec<Given>,
    key: SigningKey,
    claims: TokenClaims,
}

impl Given {
    /// Takes a finalize that waits to be sent, and what the database holds for it.
    async fn of(store: &Database, tenant: TenantId, request: &[u8]) -> Self {
        let start = request.windows(4).position(|four| four == b"\r\n\r\n").expect("a body") + 4;
        let body = request[start..].to_vec();
        let parsed = webauthn::parse_assertion(&body).expect("an assertion");
        let (value, id) = (parsed.challenge().clone(), parsed.credential_id().clone());
        let found = store.read(move |connection| {
            Ok::<_, DbError>((
                challenges::find(connection, tenant, &value)?,
                credentials::find(connection, tenant, &id)?,
            ))
        });
        let (challenge, credential) = found.await.expect("a database");
        let (challenge, credential) = (challenge.expect("a challenge"), credential.expect("a credential"));

        let json: Value = serde_json::from_slice(&body).expect("JSON");
        let member = |name: &str| from_base64url(json["response"][name].as_str().expect("a text")).expect("bytes");
        let mut signed = member("authenticatorData");
        signed.extend_from_slice(&sha256(&member("clientDataJSON")));
        // The last 70 bytes of an ES256 COSE key: -2 with 32 bytes, -3 with 32 bytes.
        let cose = &credential.public_key;
        let (x, y) = (&cose[cose.len() - 67..cose.len() - 35], &cose[cose.len() - 32..]);
        let point = [&[4], x, y].concat();
        Self { signature: member("signature"), body, parsed, challenge, credential, signed, point }
    }
}

impl Floor {
    /// Takes finalizes that wait to be sent.
    pub(crate) async fn of(store: &Database, tenant: TenantId, requests: &[&Vec<u8>]) -> Self {
        let mut given = Vec::new();
        for request in requests {
            given.push(Given::of(store, tenant, request).await);
        }
        let credential = &given.first().expect("a request").credential;
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
            amr: vec!["hwk".to_owned(), "user".to_owned(), "mfa".to_owned()],
            ceremony: CeremonyName::Mfa,
            uv: true,
            trans: None,
        };
        Self { given, key, claims }
    }

    /// Reading the body.
    pub(crate) fn parse(&self, threads: usize) -> Duration {
        cpu::each(threads, &self.given, |given| drop(black_box(webauthn::parse_assertion(black_box(&given.body)))))
    }

    /// Everything Doorward checks, the signature with it.
    pub(crate) fn verify(&self, threads: usize) -> Duration {
        cpu::each(threads, &self.given, |given| {
            let (state, value) = (&given.challenge.state, &given.challenge.value);
            let verified = webauthn::verify_assertion(state, value, &given.credential, &given.parsed);
            black_box(verified.expect("a good signature"));
        })
    }

    /// One verification, to be busy with.
    pub(crate) fn busy(&self) {
        let given = self.given.first().expect("a request");
        let (state, value) = (&given.challenge.state, &given.challenge.value);
        drop(black_box(webauthn::verify_assertion(state, value, &given.credential, &given.parsed)));
    }

    /// The same judgement by webauthn-rs, given what is already at hand: its own reading of the body is small beside it.
    pub(crate) fn verify_with_webauthn_rs(&self, threads: usize) -> Duration {
        cpu::each(threads, &self.given, |given| {
            let rp = &given.challenge.state.relying_party;
            let asked = Asked {
                rp_id: &rp.id,
                origin: rp.origins.first().expect("an origin"),
                challenge: &given.challenge.value.0,
                user_verification: false,
            };
            let known = Known { public_key: &given.credential.public_key, sign_count: given.credential.sign_count };
            second_opinion::of(asked, known, &given.body).expect("a good signature");
        })
    }

    /// The hardware's own floor of a verification: ECDSA alone, with aws-lc.
    pub(crate) fn verify_with_aws_lc(&self, threads: usize) -> Duration {
        cpu::each(threads, &self.given, |given| {
            let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &given.point);
            key.verify(&given.signed, &given.signature).expect("a good signature");
        })
    }

    /// A token, signed with a kept key pair.
    pub(crate) fn sign(&self, threads: usize) -> Duration {
        cpu::each(threads, &self.given, |_| drop(black_box(self.key.sign(black_box(&self.claims)))))
    }
}
