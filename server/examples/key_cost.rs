//! Measures hashing, verifying and signing with keys: `cargo run --release -p doorward-server --example key_cost`.

use std::{error::Error, hint::black_box, time::Instant};

use doorward_server::{
    clock::{Clock as _, SystemClock, SystemEntropy},
    crypto::{
        GeneratedSecret, KeyKind, KeyScope, KeyVerifier, MasterKey, PresentedKey, SigningKey, key_hash, signing_key,
    },
};
use doorward_shared::{
    SigningKeyId, TenantId,
    admin::SigningAlgorithm,
    public::{CeremonyName, TokenClaims},
};

fn main() -> Result<(), Box<dyn Error>> {
    api_keys()?;
    signing_keys()
}

fn api_keys() -> Result<(), Box<dyn Error>> {
    let entropy = SystemEntropy::default();
    let generated = GeneratedSecret::new(KeyKind::Api, &entropy)?;
    let key = || PresentedKey::parse(KeyKind::Api, generated.plain.expose()).ok_or("no key");
    let presented = key()?;
    let started = Instant::now();
    for _ in 0..2_000 {
        black_box(key_hash::verify(black_box(&presented.secret), &generated.hash)?);
    }
    println!("verify with Argon2id, {}: {:?}", parameters(generated.hash.expose()), started.elapsed() / 2_000);
    let verifier = KeyVerifier::new(1000, &entropy)?;
    let scope = KeyScope::Tenant(TenantId::INSTALLATION);
    black_box(verifier.verify(scope, &presented, &generated.hash)?);
    let started = Instant::now();
    for _ in 0..100_000 {
        black_box(verifier.verify(scope, &key()?, &generated.hash)?);
    }
    println!("parse and verify a cached key: {:?}", started.elapsed() / 100_000);
    Ok(())
}

/// Returns the parameters of a PHC string, such as `m=64,t=1,p=1`.
fn parameters(phc: &str) -> &str {
    phc.split('$').nth(3).unwrap_or_default()
}

fn signing_keys() -> Result<(), Box<dyn Error>> {
    let entropy = SystemEntropy::default();
    let master = MasterKey::from_bytes(&[7; 32])?;
    let now = SystemClock.now();
    let id = SigningKeyId::new(uuid::Uuid::nil());
    let claims = TokenClaims {
        iss: "doorward".to_owned(),
        sub: "alice".to_owned(),
        aud: vec!["example.com".to_owned()],
        cred: "AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
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
    for &algorithm in SigningAlgorithm::ALL {
        let record = signing_key::generate(TenantId::INSTALLATION, id, algorithm, now, now, &master, &entropy)?;
        let started = Instant::now();
        for _ in 0..200 {
            black_box(SigningKey::open(&record, &master)?);
        }
        let open = started.elapsed() / 200;
        let key = SigningKey::open(&record, &master)?;
        let started = Instant::now();
        for _ in 0..2_000 {
            black_box(key.sign(&claims)?);
        }
        println!("{algorithm}: sign {:?}, open {open:?}", started.elapsed() / 2_000);
    }
    Ok(())
}
