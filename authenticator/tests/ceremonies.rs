//! Tests that responses are valid. The code that verifies them is independent of the code that creates them.
#![expect(clippy::unwrap_used, reason = "a panic fails the test")]

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P521_SHA512_ASN1, ED25519, ML_DSA_44, ML_DSA_65, ML_DSA_87,
    RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use doorward_authenticator::{
    Algorithm, Attachment, Attestation, Authenticator, Client, ClientError, Counter, Key, base64url,
    cbor::{self, Value as Cbor},
    fixed_signature, flags, from_base64url, sha256,
};
use serde_json::{Value, json};

const ORIGIN: &str = "https://login.example.com";

fn creation() -> Value {
    let params = ALGORITHMS.map(Algorithm::cose).map(|alg| json!({"type": "public-key", "alg": alg}));
    json!({"publicKey": {
        "rp": {"name": "Example", "id": "example.com"},
        "user": {"id": base64url(b"alice"), "name": "alice", "displayName": "Alice"},
        "challenge": base64url(&[7; 32]),
        "pubKeyCredParams": params,
        "timeout": 60000,
        "excludeCredentials": [],
        "authenticatorSelection": {"residentKey": "required", "requireResidentKey": true, "userVerification": "required"},
        "attestation": "direct",
    }})
}

fn request() -> Value {
    json!({"publicKey": {
        "challenge": base64url(&[9; 32]), "timeout": 60000, "rpId": "example.com", "userVerification": "required",
    }})
}

fn binary(body: &Value, pointer: &str) -> Vec<u8> {
    from_base64url(body.pointer(pointer).unwrap().as_str().unwrap()).unwrap()
}

fn entry(map: &Cbor, key: &str) -> Cbor {
    let (_, value) = map.as_map().unwrap().iter().find(|(name, _)| name.as_text() == Some(key)).unwrap();
    value.clone()
}

fn verify(key: &Key, message: &[u8], signature: &[u8]) {
    let algorithm: &'static dyn VerificationAlgorithm = match key.algorithm() {
        Algorithm::Es256 => &ECDSA_P256_SHA256_ASN1,
        Algorithm::Es384 => &ECDSA_P384_SHA384_ASN1,
        Algorithm::Es512 => &ECDSA_P521_SHA512_ASN1,
        Algorithm::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
        Algorithm::EdDsa => &ED25519,
        Algorithm::MlDsa44 => &ML_DSA_44,
        Algorithm::MlDsa65 => &ML_DSA_65,
        Algorithm::MlDsa87 => &ML_DSA_87,
    };
    UnparsedPublicKey::new(algorithm, key.public_bytes()).verify(message, signature).unwrap();
}

const ALGORITHMS: [Algorithm; 8] = [
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::Es512,
    Algorithm::Rs256,
    Algorithm::EdDsa,
    Algorithm::MlDsa44,
    Algorithm::MlDsa65,
    Algorithm::MlDsa87,
];

#[test]
fn registration_has_a_valid_self_attestation_with_every_algorithm() {
    for algorithm in ALGORITHMS {
        let mut authenticator = Authenticator::new()
            .algorithm(algorithm)
            .attestation(Attestation::PackedSelf)
            .aaguid([0xab; 16])
            .backup(true, true)
            .counter(Counter::Increasing);
        let body = Client::new(ORIGIN).create(&mut authenticator, &creation()).unwrap();
        let credential = &authenticator.credentials()[0];

        assert_eq!(body["id"], body["rawId"]);
        assert_eq!(body["type"], "public-key");
        assert_eq!(body["authenticatorAttachment"], "platform");
        assert_eq!(body["clientExtensionResults"], json!({}));
        assert_eq!(body["response"]["transports"], json!(["hybrid", "internal"]));

        let client_data = binary(&body, "/response/clientDataJSON");
        let expected = format!(
            r#"{{"type":"webauthn.create","challenge":"{}","origin":"{ORIGIN}","crossOrigin":false}}"#,
            base64url(&[7; 32])
        );
        assert_eq!(String::from_utf8(client_data.clone()).unwrap(), expected);

        let object = cbor::decode(&binary(&body, "/response/attestationObject")).unwrap();
        let order: Vec<_> = object.as_map().unwrap().iter().map(|(key, _)| key.as_text().unwrap()).collect();
        assert_eq!(order, ["fmt", "attStmt", "authData"], "canonical order: shorter keys first");
        assert_eq!(entry(&object, "fmt"), Cbor::Text("packed".into()));

        let data = entry(&object, "authData").into_bytes().unwrap();
        assert_eq!(data, binary(&body, "/response/authenticatorData"));
        assert_eq!(data[..32], sha256(b"example.com"));
        assert_eq!(data[32], flags::UP | flags::UV | flags::BE | flags::BS | flags::AT);
        assert_eq!(data[33..37], [0, 0, 0, 1]);
        assert_eq!(data[37..53], [0xab; 16]);
        assert_eq!(data[53..55], [0, 32]);
        assert_eq!(data[55..87], credential.id);
        assert_eq!(body["id"], base64url(&credential.id));
        assert_eq!(cbor::decode(&data[87..]).unwrap(), credential.key.cose());

        let statement = entry(&object, "attStmt");
        assert_eq!(entry(&statement, "alg"), Cbor::Integer(algorithm.cose().into()));
        let message = [&*data, &sha256(&client_data)].concat();
        verify(&credential.key, &message, entry(&statement, "sig").as_bytes().unwrap());
    }
}

#[test]
fn cose_keys_are_in_ctap2_canonical_order() {
    for algorithm in ALGORITHMS {
        let key = Key::generate(algorithm).unwrap().cose();
        let keys: Vec<Vec<u8>> = key.as_map().unwrap().iter().map(|(key, _)| cbor::encode(key)).collect();
        let mut sorted = keys.clone();
        sorted.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
        assert_eq!(keys, sorted, "{algorithm:?}");
    }
}

#[test]
fn attestation_none_has_no_statement() {
    let mut options = creation();
    options["publicKey"]["attestation"] = "none".into();
    let mut authenticator = Authenticator::new().attestation(Attestation::PackedSelf).aaguid([1; 16]);
    let body = Client::new(ORIGIN).create(&mut authenticator, &options).unwrap();
    let object = cbor::decode(&binary(&body, "/response/attestationObject")).unwrap();
    assert_eq!(entry(&object, "fmt"), Cbor::Text("none".into()));
    assert_eq!(entry(&object, "attStmt"), Cbor::Map(vec![]));
}

#[test]
fn assertions_are_valid_and_counted_with_every_algorithm() {
    for algorithm in ALGORITHMS {
        let mut authenticator = Authenticator::new().algorithm(algorithm).counter(Counter::Increasing);
        let client = Client::new(ORIGIN);
        client.create(&mut authenticator, &creation()).unwrap();
        for count in [2, 3] {
            let body = client.get(&mut authenticator, &request()).unwrap();
            let data = binary(&body, "/response/authenticatorData");
            let client_data = binary(&body, "/response/clientDataJSON");
            assert_eq!(data.len(), 37);
            assert_eq!(data[32], flags::UP | flags::UV);
            assert_eq!(data[33..], [0, 0, 0, count]);
            assert_eq!(binary(&body, "/response/userHandle"), b"alice");
            assert!(client_data.starts_with(br#"{"type":"webauthn.get","challenge":"CQkJ"#));
            let message = [&*data, &sha256(&client_data)].concat();
            verify(&authenticator.credentials()[0].key, &message, &binary(&body, "/response/signature"));
        }
    }
}

#[test]
fn excluded_credential_cannot_be_registered_again() {
    let mut authenticator = Authenticator::new();
    let client = Client::new(ORIGIN);
    let first = client.create(&mut authenticator, &creation()).unwrap();
    let mut options = creation();
    options["publicKey"]["excludeCredentials"] = json!([{"type": "public-key", "id": first["id"]}]);
    assert_eq!(client.create(&mut authenticator, &options), Err(ClientError::Excluded));
    assert!(client.create(&mut Authenticator::new(), &options).is_ok(), "another authenticator is not excluded");
    assert!(client.without_checks().create(&mut authenticator, &options).is_ok());
}

#[test]
fn allowed_credential_is_selected() {
    let mut authenticator = Authenticator::new().attachment(Attachment::CrossPlatform);
    let client = Client::new(ORIGIN);
    let mut options = creation();
    options["publicKey"]["authenticatorSelection"] = json!({"residentKey": "discouraged"});
    let first = client.create(&mut authenticator, &options).unwrap();
    let second = client.create(&mut authenticator, &options).unwrap();

    assert_eq!(client.get(&mut authenticator, &request()), Err(ClientError::NoCredential), "not discoverable");
    for expected in [&first, &second] {
        let mut request = request();
        request["publicKey"]["allowCredentials"] = json!([{"type": "public-key", "id": expected["id"]}]);
        let body = client.get(&mut authenticator, &request).unwrap();
        assert_eq!(body["id"], expected["id"]);
        assert_eq!(body["response"].get("userHandle"), None, "a non-resident credential has no user handle");
    }
    let mut other = request();
    other["publicKey"]["allowCredentials"] = json!([{"type": "public-key", "id": base64url(b"another")}]);
    assert_eq!(client.get(&mut authenticator, &other), Err(ClientError::NoCredential));
}

#[test]
fn discoverable_credential_is_found_by_rp_and_replaced() {
    let mut authenticator = Authenticator::new();
    let client = Client::new(ORIGIN);
    client.create(&mut authenticator, &creation()).unwrap();
    let replacement = client.create(&mut authenticator, &creation()).unwrap();
    assert_eq!(authenticator.credentials().len(), 1);
    assert_eq!(client.get(&mut authenticator, &request()).unwrap()["id"], replacement["id"]);

    let mut other_rp = request();
    other_rp["publicKey"]["rpId"] = "login.example.com".into();
    assert_eq!(client.get(&mut authenticator, &other_rp), Err(ClientError::NoCredential));
}

#[test]
fn rp_id_must_match_the_origin() {
    for (origin, rp_id, is_allowed) in [
        ("https://example.com", "example.com", true),
        ("https://a.b.example.com:8443", "example.com", true),
        ("http://localhost:3000", "localhost", true),
        ("android:apk-key-hash:abc", "example.com", true),
        ("https://example.com", "login.example.com", false),
        ("https://notexample.com", "example.com", false),
        ("https://example.com", "com", false),
        ("http://example.com", "example.com", false),
        ("https://example.com", "", false),
    ] {
        let mut options = creation();
        options["publicKey"]["rp"]["id"] = rp_id.into();
        let response = Client::new(origin).create(&mut Authenticator::new(), &options);
        assert_eq!(response.is_ok(), is_allowed, "{origin} {rp_id}");
        assert!(Client::new(origin).without_checks().create(&mut Authenticator::new(), &options).is_ok());
    }
}

#[test]
fn unsupported_options_are_rejected() {
    let client = Client::new(ORIGIN);
    let create = |mut authenticator: Authenticator, options: &Value| client.create(&mut authenticator, options);
    let unable = |feature| Err(ClientError::Unable(feature));
    assert_eq!(create(Authenticator::new().user_verification(false), &creation()), unable("user verification"));
    assert_eq!(create(Authenticator::new().resident_keys(false), &creation()), unable("resident keys"));
    let mut options = creation();
    options["publicKey"]["authenticatorSelection"]["authenticatorAttachment"] = "cross-platform".into();
    assert_eq!(
        create(Authenticator::new().attachment(Attachment::Platform), &options),
        unable("the requested attachment")
    );
    assert_eq!(create(Authenticator::new(), &options).unwrap()["authenticatorAttachment"], "cross-platform");
    let mut options = creation();
    options["publicKey"]["pubKeyCredParams"] = json!([]);
    assert_eq!(create(Authenticator::new().algorithm(Algorithm::EdDsa), &options), Err(ClientError::Algorithm));
    assert!(create(Authenticator::new(), &options).is_ok());
    for (pointer, value) in [("challenge", "a+b"), ("challenge", "YQ=="), ("user", "")] {
        let mut options = creation();
        options["publicKey"][pointer] = value.into();
        assert!(matches!(create(Authenticator::new(), &options), Err(ClientError::Options(_))), "{pointer} {value}");
    }
}

#[test]
fn conditional_registration_has_no_user_presence() {
    let client = Client::new(ORIGIN);
    let mut options = creation();
    options["mediation"] = "conditional".into();
    options["publicKey"]["authenticatorSelection"] = json!({ "userVerification": "preferred" });
    let parts = client.create_parts(&mut Authenticator::new(), &options).unwrap();
    assert_eq!(parts.authenticator_data.flags & (flags::UP | flags::UV), 0);
    for (name, value) in [("userVerification", "required"), ("authenticatorAttachment", "cross-platform")] {
        options["publicKey"]["authenticatorSelection"] = json!({ name: value });
        assert!(matches!(client.create(&mut Authenticator::new(), &options), Err(ClientError::Unable(_))), "{name}");
    }
}

#[test]
fn export_can_be_imported() {
    for algorithm in ALGORITHMS {
        let mut authenticator =
            Authenticator::new().algorithm(algorithm).counter(Counter::Increasing).transports(["usb"]);
        let client = Client::new(ORIGIN);
        client.create(&mut authenticator, &creation()).unwrap();
        let mut imported = Authenticator::import(&authenticator.export().unwrap()).unwrap();
        let parts = client.get_parts(&mut imported, &request()).unwrap();
        assert_eq!(parts.authenticator_data.sign_count, 2);
        assert_eq!(parts.key.cose(), authenticator.credentials()[0].key.cose());
    }
    assert!(matches!(Authenticator::import(&json!({})), Err(ClientError::Import(_))));
}

#[test]
fn ecdsa_signatures_are_converted_to_fixed_length() {
    for _ in 0..64 {
        let key = Key::generate(Algorithm::Es256).unwrap();
        let fixed = fixed_signature(&key.sign(b"message").unwrap(), 32).unwrap();
        assert_eq!(fixed.len(), 64);
        UnparsedPublicKey::new(&aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED, key.public_bytes())
            .verify(b"message", &fixed)
            .unwrap();
    }
    assert_eq!(fixed_signature(b"", 32), None);
    assert_eq!(fixed_signature(&[0x30, 4, 2, 9, 1, 1], 32), None);
}

#[test]
fn key_is_created_from_a_private_scalar() {
    // The key is from RFC 6979, appendix A.2.5.
    let secret: [u8; 32] = hex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721").try_into().unwrap();
    let x = hex("60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6");
    let key = Key::from_secret(&secret).unwrap();
    assert_eq!(key.public_bytes().get(1..33), Some(x.as_slice()));
    verify(&key, b"message", &key.sign(b"message").unwrap());
    // Zero and values above the order of the curve are not valid.
    assert!(Key::from_secret(&[0; 32]).is_err());
    assert!(Key::from_secret(&[0xff; 32]).is_err());
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2).unwrap(), 16).unwrap()).collect()
}
