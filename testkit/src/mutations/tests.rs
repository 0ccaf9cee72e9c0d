use std::collections::{HashMap, HashSet};

use doorward_authenticator::{Algorithm, Counter, base64url};
use serde_json::json;

use super::*;

const ORIGIN: &str = "https://login.example.com";

/// A challenge whose base64url text contains `-` and `_`, which the standard alphabet does not have.
fn challenge() -> String {
    base64url(&[0xfb, 0xff, 0x1c, 0x77].repeat(8))
}

fn creation() -> Value {
    json!({"publicKey": {
        "rp": {"name": "Example", "id": "example.com"},
        "user": {"id": base64url(b"alice"), "name": "alice", "displayName": "Alice"},
        "challenge": challenge(),
        "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
        "authenticatorSelection": {"residentKey": "required", "userVerification": "required"},
        "attestation": "direct",
    }})
}

fn request() -> Value {
    json!({"publicKey": {"challenge": challenge(), "rpId": "example.com", "userVerification": "required"}})
}

/// Applies every mutation to the same response. Returns the names and the bodies.
fn apply<P: Ceremony>(mutations: &[Mutation<P>], parts: &P, options: &Value) -> Vec<(String, Option<Vec<u8>>)> {
    let scene = Scene::new(options, &Client::new(ORIGIN));
    mutations.iter().map(|each| (each.name().to_owned(), each.apply(parts.clone(), &scene))).collect()
}

/// Lists duplicate names, and bodies that equal the valid body or the body of another mutation.
fn faults<P: Ceremony>(applied: &[(String, Option<Vec<u8>>)], good: &P) -> Vec<String> {
    let good = P::json(good.clone().signed()).to_string().into_bytes();
    let mut names = HashSet::new();
    let mut bodies: HashMap<&[u8], &str> = HashMap::from([(&*good, "the valid body")]);
    let mut faults = Vec::new();
    for (name, body) in applied {
        if !names.insert(name) {
            faults.push(format!("{name}: duplicate name"));
        }
        match body {
            // These mutations have no effect if the text contains neither `-` nor `_`.
            None if name.ends_with("in the standard alphabet") => {}
            None => faults.push(format!("{name}: changes nothing")),
            Some(body) => faults.extend(bodies.insert(body, name).map(|other| format!("{name}: same body as {other}"))),
        }
    }
    faults
}

#[test]
fn there_are_200_distinct_registration_mutations() {
    let mutations = registration_mutations();
    assert!(mutations.len() >= 200, "{}", mutations.len());
    let good = RegistrationParts::make(&Client::new(ORIGIN), &mut Authenticator::new(), &creation());
    assert_eq!(faults(&apply(&mutations, &good, &creation()), &good), [""; 0]);
}

/// Returns an authenticator whose counter is high enough to be decreased.
fn registered(algorithm: Algorithm, counter: Counter) -> Authenticator {
    let mut authenticator = Authenticator::new().algorithm(algorithm).counter(counter);
    let client = Client::new(ORIGIN);
    client.without_checks().create(&mut authenticator, &creation()).unwrap();
    for _ in 0..4 {
        Client::new(ORIGIN).get(&mut authenticator, &request()).unwrap();
    }
    authenticator
}

#[test]
fn there_are_200_distinct_assertion_mutations() {
    let mutations = assertion_mutations();
    assert!(mutations.len() >= 200, "{}", mutations.len());
    let mut authenticator = registered(Algorithm::Es256, Counter::Increasing);
    let good = AssertionParts::make(&Client::new(ORIGIN), &mut authenticator, &request());
    assert_eq!(faults(&apply(&mutations, &good, &request()), &good), [""; 0]);

    // Ed25519 signatures are deterministic, so two mutations with the same effect produce the same body.
    let mut authenticator = registered(Algorithm::EdDsa, Counter::Increasing);
    let good = AssertionParts::make(&Client::new(ORIGIN), &mut authenticator, &request());
    let mut faults = faults(&apply(&mutations, &good, &request()), &good);
    faults.retain(|fault| !fault.starts_with("ECDSA: ") && !fault.starts_with("signature: r and s in fixed form"));
    assert_eq!(faults, [""; 0]);
}

#[test]
fn mutations_without_effect_are_left_out() {
    let client = Client::new(ORIGIN);
    let authenticator = registered(Algorithm::Es256, Counter::Zero);
    let mut options = request();
    options["publicKey"]["userVerification"] = "preferred".into();
    options["publicKey"]["allowCredentials"] =
        json!([{"type": "public-key", "id": base64url(&authenticator.credentials()[0].id)}]);
    let absent: Vec<String> = assertion_mutations()
        .iter()
        .filter(|each| each.body(&options, &client, &authenticator).is_none())
        .map(|each| each.name().to_owned())
        .filter(|name| !name.ends_with("in the standard alphabet"))
        .collect();
    assert_eq!(
        absent,
        [
            "flags: user not verified",
            "counter: unchanged",
            "counter: one less",
            "counter: two less",
            "counter: reset to 0",
            "user handle: missing from a discoverable login",
            "user handle: empty in a discoverable login",
        ]
    );
}
