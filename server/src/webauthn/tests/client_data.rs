//! Tests of type, challenge and origin of client data.

use doorward_shared::ErrorCode;
use serde_json::{Value, json};

use super::authenticator::{Assertion, Registration, client_data};
use crate::webauthn::{parse_assertion, parse_registration, verify_assertion};

/// Returns the error code with which a registration and a login both reject the changed client data; `None` if both
/// accept the data.
fn error_code(change: impl Fn(&mut Value)) -> Option<ErrorCode> {
    let changed = |kind: &str| {
        let mut client_data = client_data(kind);
        change(&mut client_data);
        client_data.to_string()
    };
    let registration = Registration { client_data: changed("webauthn.create"), ..Registration::new() };
    let assertion = Assertion { client_data: changed("webauthn.get"), ..Assertion::new() };
    let (first, second) = (registration.verify().err(), assertion.verify().err());
    assert_eq!(first, second);
    first.map(|error| error.code)
}

/// Returns whether a relying party whose list of origins is `listed` accepts `origin`.
fn accepted(origin: &str, listed: &[&str]) -> bool {
    let mut client_data = client_data("webauthn.get");
    client_data["origin"] = json!(origin);
    let mut assertion = Assertion { client_data: client_data.to_string(), ..Assertion::new() };
    assertion.state.origins = listed.iter().map(|&origin| origin.to_owned()).collect();
    match assertion.verify() {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.code, ErrorCode::OriginMismatch);
            false
        }
    }
}

#[test]
fn type_of_another_ceremony_is_rejected() {
    let crossed = Registration { client_data: client_data("webauthn.get").to_string(), ..Registration::new() };
    assert_eq!(crossed.verify().unwrap_err().code, ErrorCode::ClientDataTypeMismatch);
    let crossed = Assertion { client_data: client_data("webauthn.create").to_string(), ..Assertion::new() };
    assert_eq!(crossed.verify().unwrap_err().code, ErrorCode::ClientDataTypeMismatch);
}

#[test]
fn other_challenge_is_rejected() {
    assert_eq!(error_code(|data| data["challenge"] = json!("AAAA")), Some(ErrorCode::ChallengeUnknown));
    assert_eq!(error_code(|data| data["challenge"] = json!("")), Some(ErrorCode::ChallengeUnknown));
}

#[test]
fn cross_origin_frames_are_rejected() {
    assert_eq!(error_code(|data| data["crossOrigin"] = json!(true)), Some(ErrorCode::CrossOrigin));
    assert_eq!(error_code(|data| data["topOrigin"] = json!("https://example.com")), Some(ErrorCode::CrossOrigin));
    assert_eq!(error_code(|data| data["topOrigin"] = json!("https://example.org")), Some(ErrorCode::CrossOrigin));
    assert_eq!(error_code(|data| data["topOrigin"] = Value::Null), None);
    assert_eq!(error_code(|data| data["crossOrigin"] = Value::Null), None);
}

#[test]
fn frames_in_pages_of_the_top_origins_are_accepted() {
    let run = |top_origins: &[&str], members: &str| {
        let client_data = client_data("webauthn.get").to_string().replace("\"crossOrigin\":false", members);
        let mut assertion = Assertion { client_data, ..Assertion::new() };
        assertion.state.top_origins = top_origins.iter().map(|&origin| origin.to_owned()).collect();
        assertion.verify().err().map(|error| error.code)
    };
    let framed = r#""crossOrigin":true,"topOrigin":"https://example.com""#;
    assert_eq!(run(&["https://example.com"], framed), None);
    assert_eq!(run(&["https://other.example", "https://example.com"], framed), None);
    assert_eq!(run(&["https://example.com"], r#""topOrigin":"https://example.com""#), None);
    // Older clients do not send the top origin.
    assert_eq!(run(&["https://example.com"], r#""crossOrigin":true"#), None);
    for (top_origins, members) in [
        (&[][..], framed),
        (&[], r#""crossOrigin":true"#),
        (&["https://example.org"], framed),
        (&["https://example.com/"], framed),
        (&["https://EXAMPLE.com"], framed),
        (&["https://example.com"], r#""crossOrigin":true,"topOrigin":"https://example.com/""#),
        (&["https://example.com"], r#""crossOrigin":true,"topOrigin":"""#),
    ] {
        assert_eq!(run(top_origins, members), Some(ErrorCode::CrossOrigin), "{top_origins:?} {members}");
    }
}

#[test]
fn unknown_members_are_ignored() {
    assert_eq!(error_code(|data| data["tokenBinding"] = json!({ "status": "supported" })), None);
    assert_eq!(error_code(|data| data["other_keys_can_be_added_here"] = json!([{ "deep": [1.5e300, null] }])), None);
}

#[test]
fn origin_must_match_byte_for_byte() {
    let listed = ["https://example.org", "https://login.example.org:8443", "http://localhost:3000"];
    for origin in listed {
        assert!(accepted(origin, &listed), "{origin}");
    }
    for origin in [
        "https://example.org/",
        "https://example.org:443",
        "https://EXAMPLE.org",
        "HTTPS://example.org",
        "https://example.org.",
        "https://user@example.org",
        "https://example.org/path",
        "https://example.org?query",
        "https://example.org#fragment",
        " https://example.org",
        "https:example.org",
        "https:\\\\example.org",
        "https://exa%6dple.org",
        "https://example.org\u{0}",
        "https://ex\u{ad}ample.org",
        "http://example.org",
        "https://example.org:8443",
        "https://login.example.org",
        "https://sub.example.org",
        "https://badexample.org",
        "https://example.org.evil.test",
        "http://localhost",
        "null",
        "",
        "nonsense",
    ] {
        assert!(!accepted(origin, &listed), "{origin:?}");
    }
}

/// A configuration that was stored without validation may contain an origin that is not canonical.
#[test]
fn listed_origin_must_be_canonical() {
    for origin in ["https://example.org/", "https://Example.org", "https://example.org:443", "https://example.org/app"]
    {
        assert!(!accepted(origin, &[origin]), "{origin}");
    }
}

#[test]
fn android_origin_must_match_byte_for_byte() {
    let app = "android:apk-key-hash:pNiP5iKyQ8JwgGOaKA1zGPUPJIS-0H1xKCQcfIoGLck";
    assert!(accepted(app, &[app]));
    assert!(!accepted(&app.to_lowercase(), &[app]));
    assert!(!accepted("android:apk-key-hash-sha256:pNiP5iKyQ8JwgGOaKA1zGPUPJIS-0H1xKCQcfIoGLck", &[app]));
    assert!(!accepted(&app.replace("android", "ANDROID"), &[app]));
}

#[test]
fn message_names_only_the_origin_that_was_sent() {
    let client_data = client_data("webauthn.get").to_string().replace("example.org", "evil.test");
    let error = Assertion { client_data, ..Assertion::new() }.verify().unwrap_err();
    assert!(error.reason.contains("\"https://evil.test\""), "{}", error.reason);
    assert!(!error.reason.contains("https://example.org"), "{}", error.reason);
}

#[test]
fn message_truncates_and_escapes_the_origin() {
    let client_data =
        client_data("webauthn.get").to_string().replace("example.org", &format!("\\n{}", "x".repeat(9999)));
    let error = Assertion { client_data, ..Assertion::new() }.verify().unwrap_err();
    assert!(error.reason.len() < 400 && !error.reason.contains('\n'));
}

#[test]
fn invalid_client_data_is_malformed() {
    let good = client_data("webauthn.get").to_string();
    let cases = [
        String::new(),
        "null".to_owned(),
        "[]".to_owned(),
        r#"["webauthn.get","BwcH","https://example.org",false,null]"#.to_owned(),
        "{}".to_owned(),
        good.replace('{', ""),
        format!("{good} {{}}"),
        format!("\u{feff}\u{feff}{good}"),
        format!(" \u{feff}{good}"),
        format!(" {good}"),
        good.replace('{', r#"{"type":"webauthn.get","#),
        good.replace('{', r#"{"origin":"https://evil.test","#),
        good.replace('{', r#"{"crossOrigin":false,"#),
        good.replace("false", r#""false""#),
        good.replace("false", "0"),
        good.replace("false", r#"true,"topOrigin":7"#),
        good.replace(r#""challenge":""#, r#""challenge":"+/"#),
        good.replace("BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc", "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="),
    ];
    for client_data in cases {
        assert_ne!(client_data, good);
        let body = Assertion { client_data: client_data.clone(), ..Assertion::new() }.body().to_string();
        let reason = parse_assertion(body.as_bytes()).map(|_| client_data).unwrap_err().reason;
        assert!(reason.contains("clientDataJSON"), "{reason}");
    }
    let mut body = Registration::new().body();
    body["response"]["clientDataJSON"] = json!(super::fixture::b64(b"{\"type\":\"\xff\"}"));
    assert!(parse_registration(body.to_string().as_bytes()).unwrap_err().reason.contains("UTF-8"));
}

#[test]
fn leading_byte_order_mark_is_ignored() {
    let registration = Registration::new();
    let client_data = format!("\u{feff}{}", registration.client_data);
    assert!(Registration { client_data, ..registration }.verify().is_ok());
    let assertion = Assertion::new();
    let client_data = format!("\u{feff}{}", assertion.client_data);
    let assertion = Assertion { client_data, ..assertion };
    // webauthn-rs cannot parse this client data, so its result is not compared.
    let parsed = parse_assertion(assertion.body().to_string().as_bytes()).unwrap();
    verify_assertion(&assertion.state, &assertion.challenge, &assertion.credential, &parsed).unwrap();
}

#[test]
fn deeply_nested_client_data_is_malformed() {
    let nested = |levels| {
        let deep = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let client_data = client_data("webauthn.get").to_string().replacen('{', &format!(r#"{{"x":{deep},"#), 1);
        Assertion { client_data, ..Assertion::new() }
    };
    assert!(nested(60).verify().is_ok());
    for levels in [64, 10_000] {
        let reason = parse_assertion(nested(levels).body().to_string().as_bytes()).unwrap_err().reason;
        assert!(reason.contains("nested"), "{reason}");
    }
}
