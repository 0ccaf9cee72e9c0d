//! Tests of the parsing of request bodies.

use doorward_shared::Timestamp;
use serde_json::{Value, json};

use super::authenticator::{Assertion, Registration, cbor, challenge, map, text};
use crate::{
    domain::Metadata,
    webauthn::{parse_assertion, parse_registration},
};

fn registration(change: impl Fn(&mut Value)) -> Result<Vec<String>, String> {
    let mut body = Registration::new().body();
    change(&mut body);
    let parsed = parse_registration(body.to_string().as_bytes());
    parsed.map(|parsed| parsed.transports().to_vec()).map_err(|malformed| malformed.reason)
}

fn assertion(change: impl Fn(&mut Value)) -> Result<Option<Vec<u8>>, String> {
    let mut body = Assertion::new().body();
    change(&mut body);
    let parsed = parse_assertion(body.to_string().as_bytes());
    parsed.map(|parsed| parsed.user_handle().map(<[u8]>::to_vec)).map_err(|malformed| malformed.reason)
}

#[test]
fn parsed_body_has_challenge_and_credential() {
    let parsed = parse_registration(Registration::new().body().to_string().as_bytes()).unwrap();
    assert_eq!(parsed.challenge(), &challenge());
    assert_eq!(parsed.credential_id().as_bytes(), [9; 32]);
    let parsed = parse_assertion(Assertion::new().body().to_string().as_bytes()).unwrap();
    assert_eq!(parsed.challenge(), &challenge());
    assert_eq!(parsed.credential_id().as_bytes(), [9; 32]);
    assert_eq!(parsed.user_handle(), None);
}

#[test]
fn message_names_the_field() {
    for field in ["id", "rawId", "type", "response"] {
        for reason in [
            registration(|body| drop(body.as_object_mut().unwrap().remove(field))).unwrap_err(),
            assertion(|body| drop(body.as_object_mut().unwrap().remove(field))).unwrap_err(),
        ] {
            assert!(reason.starts_with(field), "{reason}");
        }
    }
    for field in ["clientDataJSON", "attestationObject"] {
        for value in [Value::Null, json!("not base64url!")] {
            let reason = registration(|body| body["response"][field] = value.clone()).unwrap_err();
            assert!(reason.starts_with(&format!("response.{field} is ")), "{reason}");
        }
    }
    for field in ["clientDataJSON", "authenticatorData", "signature"] {
        for value in [Value::Null, json!("not base64url!")] {
            let reason = assertion(|body| body["response"][field] = value.clone()).unwrap_err();
            assert!(reason.starts_with(&format!("response.{field} is ")), "{reason}");
        }
    }
}

#[test]
fn wrong_types_name_the_member() {
    for (name, expected) in [("id", "id must be a string"), ("transports", "transports must be a list of strings")] {
        assert_eq!(registration(|body| body[name] = json!([1])).unwrap_err(), expected);
        assert_eq!(assertion(|body| body[name] = json!([1])).unwrap_err(), expected);
    }
    let reason = registration(|body| body["response"]["transports"] = json!("usb")).unwrap_err();
    assert_eq!(reason, "response.transports must be a list of strings");
    let reason = assertion(|body| body["response"]["signature"] = json!(5)).unwrap_err();
    assert_eq!(reason, "response.signature must be a string");
}

#[test]
fn id_must_equal_raw_id() {
    for id in ["AAAA", "", "CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQl"] {
        registration(|body| body["id"] = json!(id)).unwrap_err();
        assertion(|body| body["id"] = json!(id)).unwrap_err();
    }
    assert!(assertion(|body| (body["id"], body["rawId"]) = (json!(""), json!(""))).unwrap_err().contains("1 to 1023"));
}

#[test]
fn type_must_be_public_key() {
    for kind in [json!("password"), json!("Public-Key"), Value::Null] {
        assert!(registration(|body| body["type"] = kind.clone()).unwrap_err().contains("public-key"));
        assert!(assertion(|body| body["type"] = kind.clone()).unwrap_err().contains("public-key"));
    }
}

#[test]
fn padding_and_unknown_members_are_accepted() {
    assert!(assertion(|body| body["rawId"] = json!(format!("{}=", body["rawId"].as_str().unwrap()))).is_ok());
    assert!(
        assertion(|body| body["clientExtensionResults"] = json!({ "appid": true, "prf": { "enabled": 1 } })).is_ok()
    );
    assert!(assertion(|body| body["authenticatorAttachment"] = Value::Null).is_ok());
    assert!(registration(|body| body["response"]["publicKeyAlgorithm"] = json!(-7)).is_ok());
}

#[test]
fn empty_user_handle_counts_as_missing() {
    assert_eq!(assertion(|body| body["response"]["userHandle"] = json!("YWxpY2U")), Ok(Some(b"alice".to_vec())));
    assert_eq!(assertion(|body| body["response"]["userHandle"] = json!("")), Ok(None));
    assert!(assertion(|body| body["response"]["userHandle"] = json!("?")).unwrap_err().contains("userHandle"));
}

#[test]
fn transports_are_read_from_both_places() {
    let legacy = registration(|body| {
        body["response"]["transports"] = Value::Null;
        body["transports"] = json!(["usb", "usb", "smart-card", "Not A Name", "", "x".repeat(40)]);
    });
    assert_eq!(legacy.unwrap(), ["usb", "smart-card"]);
    assert_eq!(registration(|body| body["response"]["transports"] = json!([])).unwrap(), [""; 0]);
    registration(|body| body["response"]["transports"] = json!([1])).unwrap_err();
}

#[test]
fn body_must_be_one_json_object() {
    let good = Assertion::new().body().to_string();
    let repeated = good.replacen('{', r#"{"id":"AAAA","#, 1);
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for body in [
        "",
        "null",
        "[]",
        r#"["CQ","CQ","public-key",null]"#,
        "{",
        &format!("{good}{{}}"),
        &format!("{good}x"),
        &format!("\u{feff}{good}"),
        &repeated,
    ] {
        let reason = parse_assertion(body.as_bytes()).unwrap_err().reason;
        assert!(!reason.is_empty());
    }
    assert!(parse_assertion(b"{\"id\":\"\xff\"}").unwrap_err().reason.contains("UTF-8"));
    // Unknown members are skipped without recursion, so deep nesting is accepted here.
    for accepted in [format!(" \n{good}\n "), good.replacen('{', &format!(r#"{{"x":{deep},"#), 1)] {
        assert!(parse_assertion(accepted.as_bytes()).is_ok());
    }
}

#[test]
fn attestation_object_must_be_one_cbor_map() {
    let sent = |bytes: Vec<u8>| {
        registration(|body| body["response"]["attestationObject"] = json!(super::fixture::b64(&bytes)))
    };
    let good = Registration::new().attestation_object();
    assert!(sent(good.clone()).is_ok());
    let mut deep = vec![0x81; 5000];
    deep.push(0);
    let auth_data = ciborium::Value::Bytes(Registration::new().auth_data());
    for (bytes, what) in [
        (vec![], "empty"),
        (vec![0xa0], "no members"),
        ([good.as_slice(), &[0]].concat(), "trailing byte"),
        (good[..good.len() - 1].to_vec(), "truncated"),
        ([&[0xbf], &good[1..], &[0xff]].concat(), "indefinite length"),
        ([&[0xc1], good.as_slice()].concat(), "tagged"),
        ([&[0xa4], &good[1..], &good[1..10]].concat(), "fmt twice"),
        ([&[0xa4, 0x61, b'x'], deep.as_slice(), &good[1..]].concat(), "deep"),
        (vec![0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "huge map"),
        (
            cbor(&map(vec![("fmt", 1.into()), ("attStmt", map(vec![])), ("authData", auth_data.clone())])),
            "fmt is not text",
        ),
        (
            cbor(&map(vec![("fmt", text("")), ("attStmt", map(vec![])), ("authData", auth_data.clone())])),
            "fmt is empty",
        ),
        (
            cbor(&map(vec![("fmt", text("a b")), ("attStmt", map(vec![])), ("authData", auth_data.clone())])),
            "fmt has a space",
        ),
        (
            cbor(&map(vec![("fmt", text("none")), ("attStmt", 1.into()), ("authData", auth_data)])),
            "attStmt is a number",
        ),
    ] {
        assert!(sent(bytes).is_err(), "{what}");
    }
}

#[test]
fn truncated_or_changed_attestation_objects_are_rejected_without_panic() {
    let good = Registration::new().self_attested();
    let object = good.attestation_object();
    for at in 0..object.len() {
        for damaged in [object[..at].to_vec(), {
            let mut damaged = object.clone();
            damaged[at] ^= 0xff;
            damaged
        }] {
            let body = super::fixture::registration_body(&good.id, good.client_data.as_bytes(), &damaged).to_string();
            if let Ok(parsed) = parse_registration(body.as_bytes()) {
                let result = crate::webauthn::verify_registration(
                    &good.state,
                    &good.challenge,
                    &parsed,
                    &Metadata::default(),
                    Timestamp::from_millis(0),
                );
                assert!(result.is_err(), "byte {at}");
            }
        }
    }
}
