//! Prints a registration and an assertion for each ML-DSA algorithm, one JSON object per line, so that other libraries
//! can verify them. `e2e/openapi/second_opinion.py` verifies them.

use doorward_authenticator::{Algorithm, Attestation, Authenticator, Client, ClientError, base64url};
use serde_json::json;

const ORIGIN: &str = "https://login.example.com";
const RP_ID: &str = "example.com";

fn main() -> Result<(), ClientError> {
    let client = Client::new(ORIGIN);
    let (created, requested) = (base64url(&[7; 32]), base64url(&[9; 32]));
    for algorithm in [Algorithm::MlDsa44, Algorithm::MlDsa65, Algorithm::MlDsa87] {
        for attestation in [Attestation::None, Attestation::PackedSelf] {
            let mut authenticator = Authenticator::new().algorithm(algorithm).attestation(attestation);
            let params = [json!({"type": "public-key", "alg": algorithm.cose()})];
            let registration = client.create(
                &mut authenticator,
                &json!({"publicKey": {
                    "rp": {"name": "Example", "id": RP_ID},
                    "user": {"id": base64url(b"alice"), "name": "alice", "displayName": "Alice"},
                    "challenge": created,
                    "pubKeyCredParams": params,
                    "attestation": "direct",
                    "authenticatorSelection": {"residentKey": "required", "userVerification": "required"},
                }}),
            )?;
            let options = json!({"publicKey": {"challenge": requested, "rpId": RP_ID, "userVerification": "required"}});
            let assertion = client.get(&mut authenticator, &options)?;
            let line = json!({
                "algorithm": algorithm.cose(), "origin": ORIGIN, "rp_id": RP_ID,
                "registration": {"challenge": created, "response": registration},
                "assertion": {"challenge": requested, "response": assertion},
            });
            println!("{line}");
        }
    }
    Ok(())
}
