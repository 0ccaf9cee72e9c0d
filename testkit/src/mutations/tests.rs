use std::collections::{HashMap, HashSet};

use doorward_authenticator::{Algorithm, Attestation, Counter, base64url};
use serde_json::json;

use super::*;

const ORIGIN: &str = "https://login.example.com";

fn creation() -> Value {
    // Bytes whose base64url has both letters the standard alphabet lacks.
    json!({"publicKey": {
        "rp": {"name": "Example", "id": "example.com"},
        "user": {"id": base64url(b"alice"), "name": "alice", "displayName": "Alice"},
        "challenge": base64url(&[0xfb, 0xff, 0xfe].repeat(11)[..32]),
        "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
        "authenticatorSelection": {"residentKey": "required", "userVerification": "required"},
        "attestation": "direct",
    }})
}

fn request() -> Value {
    let challenge = base64url(&[0xfb, 0xff, 0xfe].repeat(11)[..32]);
    json!({"publicKey": {"challenge": challenge, "rpId": "example.com", "userVerification": "required"}})
}

/// One response with every mutation applied to it: what names it, and what came of it.
fn apply<P: Ceremony>(mutations: &[Mutation<P>], parts: &P, options: &Value) -> Vec<(String, Option<Vec<u8>>)> {
    let scene = Scene::new(options, &Client::new(ORIGIN));
    mutations.iter().map(|each| (each.name().to_owned(), each.apply(parts.clone(), &scene))).collect()
}

/// What is wrong with the mutations themselves: a name twice, a body like the good one or like another's.
fn faults<P: Ceremony>(applied: &[(String, Option<Vec<u8>>)], good: &P) -> Vec<String> {
    let good = P::json(good.clone().signed()).to_string().into_bytes();
    let mut names = HashSet::new();
    let mut bodies: HashMap<&[u8], &str> = HashMap::from([(&*good, "the good body")]);
    let mut faults = Vec::new();
    for (name, body) in applied {
        if !names.insert(name) {
            faults.push(format!("{name}: the name of two"));
        }
        match body {
            None => faults.push(format!("{name}: changes nothing")),
            Some(body) => faults.extend(bodies.insert(body, name).map(|other| format!("{name}: the same as {other}"))),
        }
    }
    faults
}

#[test]
fn at_least_200_registrations_all_different() {
    let mutations = registration_mutations();
    assert!(mutations.len() >= 200, "{}", mutations.len());
    let good = RegistrationParts::make(&Client::new(ORIGIN), &mut Authenticator::new(), &creation());
    assert_eq!(faults(&apply(&mutations, &good, &creation()), &good), [""; 0]);
}

#[test]
fn at_least_200_assertions_all_different() {
    let mutations = assertion_mutations();
    assert!(mutations.len() >= 200, "{}", mutations.len());
    let mut authenticator = Authenticator::new().counter(Counter::Increasing);
    let client = Client::new(ORIGIN);
    client.create(&mut authenticator, &creation()).unwrap();
    for _ in 0..4 {
        client.get(&mut authenticator, &request()).unwrap();
    }
    let good = AssertionParts::make(&client, &mut authenticator, &request());
    assert_eq!(faults(&apply(&mutations, &good, &request()), &good), [""; 0]);
}
