//! The second step: what is proved, and by whom.

use doorward_authenticator::{Authenticator, Client, Key, flags};
use doorward_shared::config::UserVerification;
use doorward_testkit::{Person, claims};
use serde_json::json;

use crate::support::{Ceremony, setting};

#[tokio::test]
async fn a_login_answers_a_token_and_notes_the_use() {
    let (server, tenant) = setting().await;
    let mut alice = Person::new("alice");
    let _ = alice.register(&tenant).await.expect(200);
    for discoverable in [true, false] {
        server.clock.advance_ms(1_000);
        let body = alice.login_assertion(&tenant, discoverable).await;
        let answer = tenant.anonymous.post("/login/finalize", &body).await.expect(200);
        assert_eq!(answer.member_names(), ["token"]);
        assert_eq!(
            (claims(&answer)["sub"].as_str(), claims(&answer)["ceremony"].as_str()),
            (Some("alice"), Some("login"))
        );
        let row = tenant.entry_of(&answer).await;
        assert_eq!(row.kind(), "webauthn_authentication_final_succeeded");
        assert_eq!(row.text("actor_user_id").as_deref(), Some("alice"));
        assert_eq!(row.text("credential_id").as_deref(), body["id"].as_str());
        let stored = tenant.http.get("/credentials").await.expect(200).json();
        assert_eq!(stored[0]["last_used_at"], json!(row.text("created_at")));
    }
}

#[tokio::test]
async fn a_second_factor_ends_neither_a_login_nor_a_transaction() {
    let (_server, tenant) = setting().await;
    for ceremony in [Ceremony::Login, Ceremony::Transaction] {
        let mut alice = ceremony.person(&tenant, ceremony.path()).await;
        let mut key = Person::with(&alice.user_id, Authenticator::new());
        let _ = key.register_mfa(&tenant).await.expect(200);
        // The credential is the same user's; the list of allowed ones does not have it.
        let mut options = ceremony.start(&tenant, &alice).await;
        options["publicKey"]["allowCredentials"][0]["id"] = id_of(&key);
        let body = key.get(&options);
        let answer = ceremony.finalize(&tenant, &body).await;
        let _ = ceremony.expect_audited_refusal(&tenant, &answer, 401, "credential_not_allowed").await;
        let _ = ceremony.begin(&tenant, &mut alice).await;
    }
    // Nor a discoverable login, where no list says so.
    let mut carol = Person::new("carol");
    let _ = carol.register_mfa(&tenant).await.expect(200);
    carol.authenticator.credentials_mut()[0].discoverable = true;
    let body = carol.login_assertion(&tenant, true).await;
    let answer = Ceremony::Login.finalize(&tenant, &body).await;
    let row = Ceremony::Login.expect_audited_refusal(&tenant, &answer, 401, "credential_not_allowed").await;
    assert_eq!(row.text("actor_user_id").as_deref(), Some("carol"));
}

fn id_of(person: &Person) -> serde_json::Value {
    doorward_authenticator::base64url(&person.authenticator.credentials()[0].id).into()
}

#[tokio::test]
async fn each_thing_that_is_wrong_is_named() {
    let (_server, tenant) = setting().await;
    for ceremony in Ceremony::ASSERTIONS {
        let mut person = ceremony.person(&tenant, ceremony.path()).await;
        for (code, spoil) in SPOILERS {
            let options = ceremony.start(&tenant, &person).await;
            let mut parts = person.browser.get_parts(&mut person.authenticator, &options).unwrap();
            spoil(&mut parts);
            let body = parts.sign().unwrap().into_json();
            let answer = ceremony.finalize(&tenant, &body).await;
            assert_eq!(answer.field("title"), "failed to validate assertion", "{code}");
            let row = ceremony.expect_audited_refusal(&tenant, &answer, 401, code).await;
            assert_eq!(row.text("error"), Some(answer.field("details")));
        }
    }
}

type Spoil = fn(&mut doorward_authenticator::AssertionParts);

const SPOILERS: [(&str, Spoil); 7] = [
    ("origin_mismatch", |parts| parts.client_data.set("origin", "https://evil.example.com")),
    ("cross_origin", |parts| parts.client_data.set("crossOrigin", true)),
    ("client_data_type_mismatch", |parts| parts.client_data.set("type", "webauthn.create")),
    ("rp_id_mismatch", |parts| parts.authenticator_data.rp_id_hash[0] ^= 1),
    ("user_presence_missing", |parts| parts.authenticator_data.flags &= !flags::UP),
    ("backup_state_invalid", |parts| parts.authenticator_data.flags |= flags::BS),
    ("signature_invalid", |parts| {
        parts.key = Key::generate(doorward_authenticator::Algorithm::Es256).unwrap().into();
    }),
];

#[tokio::test]
async fn required_user_verification_that_is_absent_is_401() {
    let (server, _) = setting().await;
    let tenant =
        server.tenant_with(|config| config.mfa.as_mut().unwrap().user_verification = UserVerification::Required).await;
    for ceremony in Ceremony::ASSERTIONS {
        let mut person = ceremony.person(&tenant, ceremony.path()).await;
        person.authenticator = person.authenticator.user_verification(false);
        person.browser = Client::new(doorward_testkit::ORIGIN).without_checks();
        let body = ceremony.begin(&tenant, &mut person).await;
        let answer = ceremony.finalize(&tenant, &body).await;
        assert_eq!(answer.field("title"), "failed to validate assertion");
        let _ = ceremony.expect_audited_refusal(&tenant, &answer, 401, "user_verification_missing").await;
    }
}

#[tokio::test]
async fn a_key_that_once_verified_its_user_is_not_locked_out_where_that_is_preferred() {
    let (server, _) = setting().await;
    let tenant = server.tenant_with(|config| config.webauthn.user_verification = UserVerification::Preferred).await;
    for ceremony in Ceremony::ASSERTIONS {
        let mut person = ceremony.person(&tenant, ceremony.path()).await;
        for (able, methods) in [(true, json!(["hwk", "user", "mfa"])), (false, json!(["hwk", "user"]))] {
            person.authenticator = person.authenticator.clone().user_verification(able);
            let body = ceremony.begin(&tenant, &mut person).await;
            let claims = claims(&ceremony.finalize(&tenant, &body).await.expect(200));
            assert_eq!((&claims["uv"], &claims["amr"]), (&json!(able), &methods));
        }
    }
}
