//! What keys cost: `cargo run --release -p doorward-server --example key_cost`.

use std::{error::Error, hint::black_box, sync::Arc, time::Instant};

use doorward_server::{
    clock::{Clock as _, SystemClock, SystemEntropy},
    crypto::{
        GeneratedSecret, HashCost, Hasher, KeyCheck, KeyKind, KeyScope, MasterKey, PresentedKey, SigningKey,
        VerifiedKeys, signing_key,
    },
};
use doorward_shared::{
    SigningKeyId, TenantId,
    admin::SigningAlgorithm,
    public::{CeremonyName, TokenClaims},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    api_keys().await?;
    signing_keys()
}

async fn api_keys() -> Result<(), Box<dyn Error>> {
    let entropy = Arc::new(SystemEntropy::default());
    let made = GeneratedSecret::new(KeyKind::Api, &*entropy)?;
    let hasher = Hasher::start(1, 64, HashCost::default(), entropy.clone())?;
    let hash = hasher.hash(made.secret.clone()).await?;
    let started = Instant::now();
    for _ in 0..20 {
        black_box(hasher.verify(made.secret.clone(), hash.clone()).await?);
    }
    println!("Argon2id, 19 MiB, 2 passes: {:?}", started.elapsed() / 20);
    let check = KeyCheck::new(hasher, VerifiedKeys::new(1000, &*entropy)?);
    let scope = KeyScope::Tenant(TenantId::INSTALLATION);
    let key = || PresentedKey::parse(KeyKind::Api, made.plain.expose()).ok_or("no key");
    black_box(check.matches(scope, &key()?, &hash).await?);
    let started = Instant::now();
    for _ in 0..100_000 {
        black_box(check.matches(scope, &key()?, &hash).await?);
    }
    println!("a remembered key, parsed and checked: {:?}", started.elapsed() / 100_000);
    Ok(())
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
        amr: vec!["swk".to_owned(), "user".to_owned(), "mfa".to_owned()],
        ceremony: CeremonyName::Mfa,
        uv: true,
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
