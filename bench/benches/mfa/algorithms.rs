//! Measures the verification of assertions, for each algorithm.

use std::{hint::black_box, sync::Arc, time::Duration};

use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der},
    rsa,
};
use doorward_authenticator::{Algorithm, Authenticator, Client, Credential as AuthenticatorCredential, Key, cbor};
use doorward_server::{
    domain::{CeremonyState, ChallengeValue, Credential, CredentialId},
    webauthn::{self, ParsedAssertion},
};
use doorward_shared::{
    AttestationTrust, Base64Url, CoseAlgorithm, TenantId, Timestamp, UserId,
    config::{BackupEligibilityChange, CounterPolicy, UserVerification},
};
use doorward_testkit::{ORIGIN, RP_ID};
use serde_json::json;
use uuid::Uuid;

use crate::{cpu, fixture::WORKERS, median};

/// Number of assertions per algorithm. Each has its own challenge, because a processor's branch prediction would adapt
/// to a repeated input.
const ASSERTIONS: u8 = 200;

const ALGORITHMS: [(Algorithm, CoseAlgorithm); 8] = [
    (Algorithm::Es256, CoseAlgorithm::Es256),
    (Algorithm::Es384, CoseAlgorithm::Es384),
    (Algorithm::Es512, CoseAlgorithm::Es512),
    (Algorithm::EdDsa, CoseAlgorithm::EdDsa),
    (Algorithm::Rs256, CoseAlgorithm::Rs256),
    (Algorithm::MlDsa44, CoseAlgorithm::MlDsa44),
    (Algorithm::MlDsa65, CoseAlgorithm::MlDsa65),
    (Algorithm::MlDsa87, CoseAlgorithm::MlDsa87),
];

/// A credential and its assertions, ready to be verified.
struct Case {
    name: String,
    credential: Credential,
    /// Size of the body of the request, in bytes.
    bytes: usize,
    assertions: Vec<(ChallengeValue, ParsedAssertion)>,
    /// Mean CPU time of a verification in each round.
    used: Vec<Duration>,
}

/// Prints the CPU time of Doorward's verification of an assertion, without parsing, for each algorithm.
pub(crate) fn report(rounds: u32) {
    let key = |algorithm| Key::generate(algorithm).expect("a key");
    let mut cases: Vec<Case> = ALGORITHMS
        .map(|(algorithm, stored)| Case::new(stored.as_str().to_owned(), stored, key(algorithm)))
        .into_iter()
        .collect();
    cases.push(Case::new("RS256, 4096 bits".to_owned(), CoseAlgorithm::Rs256, rsa_4096()));
    let state = state();
    // Round 0 is the warm-up.
    for round in 0..=rounds {
        for case in &mut cases {
            let used = cpu::each(WORKERS, &case.assertions, |(challenge, parsed)| {
                let verified = webauthn::verify_assertion(&state, challenge, &case.credential, parsed);
                black_box(verified.expect("a good signature"));
            });
            case.used.extend((round > 0).then_some(used));
        }
    }
    println!("Verification of an assertion, {rounds} rounds of {ASSERTIONS} on {WORKERS} threads, microseconds of CPU");
    for Case { name, bytes, used, .. } in &mut cases {
        println!("  {:8.1}  {name}, body of {bytes} bytes", median(used));
    }
}

impl Case {
    fn new(name: String, algorithm: CoseAlgorithm, key: Key) -> Self {
        let id = vec![7; 32];
        let credential = credential(&id, algorithm, cbor::encode(&key.cose()));
        let mut authenticator = Authenticator::new();
        authenticator.credentials_mut().push(AuthenticatorCredential {
            id,
            rp_id: RP_ID.to_owned(),
            user_handle: vec![1; 16],
            discoverable: true,
            sign_count: 0,
            key: Arc::new(key),
        });
        let browser = Client::new(ORIGIN);
        let mut bytes = 0;
        let assertions = (0..ASSERTIONS).map(|number| {
            let challenge = ChallengeValue(vec![number; 32]);
            let options = json!({ "publicKey": { "challenge": challenge.to_string(), "rpId": RP_ID } });
            let body = browser.get(&mut authenticator, &options).expect("an assertion").to_string();
            bytes = body.len();
            (challenge, webauthn::parse_assertion(body.as_bytes()).expect("an assertion"))
        });
        let assertions = assertions.collect();
        Self { name, credential, bytes, assertions, used: Vec::new() }
    }
}

fn rsa_4096() -> Key {
    let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa4096).expect("a key");
    let pkcs8: Pkcs8V1Der<'_> = pair.as_der().expect("an encoded key");
    Key::from_pkcs8(Algorithm::Rs256, pkcs8.as_ref()).expect("the same key")
}

fn state() -> CeremonyState {
    CeremonyState {
        rp_id: RP_ID.to_owned(),
        origins: vec![ORIGIN.to_owned()],
        top_origins: Vec::new(),
        user_verification: UserVerification::Required,
        backup_eligibility_change: BackupEligibilityChange::Accept,
        counter_policy: CounterPolicy::Refuse,
        conditional: false,
        minimum_level: None,
        algorithms: Vec::new(),
        credentials: Some(vec![Base64Url(vec![7; 32])]),
    }
}

fn credential(id: &[u8], algorithm: CoseAlgorithm, public_key: Vec<u8>) -> Credential {
    let at = Timestamp::from_millis(0);
    Credential {
        tenant_id: TenantId::new(Uuid::nil()),
        id: CredentialId::new(id.to_vec()).expect("a valid length"),
        user_id: UserId::new(Uuid::nil()),
        name: String::new(),
        public_key,
        algorithm,
        attestation_format: "none".to_owned(),
        attestation_trust: AttestationTrust::None,
        attestation_key_id: None,
        aaguid: Uuid::nil(),
        sign_count: 0,
        transports: Vec::new(),
        backup_eligible: false,
        backup_state: false,
        is_mfa: false,
        user_verified: true,
        discoverable: Some(true),
        last_used_at: None,
        created_at: at,
        updated_at: at,
        disabled_at: None,
    }
}
