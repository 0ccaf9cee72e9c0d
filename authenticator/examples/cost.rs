//! Measures how long the client needs for an assertion: `cargo run --release -p doorward-authenticator --example cost`.

use std::time::Instant;

use doorward_authenticator::{Algorithm, Authenticator, Client, ClientError, base64url};
use serde_json::json;

const ROUNDS: u32 = 20_000;

fn main() -> Result<(), ClientError> {
    let client = Client::new("https://example.com");
    let request = json!({"publicKey": {"challenge": base64url(&[9; 32]), "rpId": "example.com"}});
    for algorithm in [Algorithm::Es256, Algorithm::Es384, Algorithm::Rs256, Algorithm::EdDsa] {
        let mut authenticator = Authenticator::new().algorithm(algorithm);
        let params = [json!({"type": "public-key", "alg": algorithm.cose()})];
        client.create(
            &mut authenticator,
            &json!({"publicKey": {
                "rp": {"name": "Example", "id": "example.com"},
                "user": {"id": base64url(b"alice"), "name": "alice", "displayName": "Alice"},
                "challenge": base64url(&[7; 32]),
                "pubKeyCredParams": params,
            }}),
        )?;
        let mut bytes = 0;
        let started = Instant::now();
        for _ in 0..ROUNDS {
            bytes += client.get(&mut authenticator, &request)?.to_string().len();
        }
        let each = started.elapsed() / ROUNDS;
        println!("{algorithm:?}: {each:?} per assertion, from options to body ({} bytes)", bytes / 20_000);
    }
    Ok(())
}
