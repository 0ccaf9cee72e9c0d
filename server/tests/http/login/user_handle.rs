//! Checks of the user handle in the response of the authenticator.

use doorward_testkit::{Person, Response, TestTenant, claims};

use crate::support::{Ceremony, server_with_tenant};

const UUID: &str = "7f3a2c1e-0000-4000-8000-0000000000ff";

async fn finalize(
    ceremony: Ceremony,
    tenant: &TestTenant,
    person: &mut Person,
    options: &serde_json::Value,
    handle: Option<&[u8]>,
) -> Response {
    let mut parts = person.browser.get_parts(&mut person.authenticator, options).unwrap();
    parts.user_handle = handle.map(<[u8]>::to_vec);
    let body = parts.sign().unwrap().into_json();
    ceremony.finalize(tenant, &body).await
}

#[tokio::test]
async fn text_and_binary_forms_of_a_uuid_are_accepted() {
    let (_server, tenant) = server_with_tenant().await;
    let mut person = Person::new(UUID);
    let _ = person.register(&tenant).await.expect(200);
    let raw = uuid::Uuid::parse_str(UUID).unwrap();
    for handle in [UUID.as_bytes(), raw.as_bytes()] {
        for ceremony in Ceremony::ASSERTIONS {
            let options = ceremony.start(&tenant, &person).await;
            let response = finalize(ceremony, &tenant, &mut person, &options, Some(handle)).await.expect(200);
            assert_eq!(claims(&response)["sub"], UUID);
        }
        let options = tenant.anonymous.post_bytes("/login/initialize", Vec::new()).await.expect(200).json();
        let _ = finalize(Ceremony::Login, &tenant, &mut person, &options, Some(handle)).await.expect(200);
    }
}

#[tokio::test]
async fn handle_may_be_absent_if_the_user_is_known() {
    let (_server, tenant) = server_with_tenant().await;
    for ceremony in Ceremony::ASSERTIONS {
        let mut person = ceremony.person(&tenant, ceremony.path()).await;
        for handle in [None, Some(&b""[..])] {
            let options = ceremony.start(&tenant, &person).await;
            let _ = finalize(ceremony, &tenant, &mut person, &options, handle).await.expect(200);
        }
    }
}

#[tokio::test]
async fn discoverable_login_requires_a_handle() {
    let (_server, tenant) = server_with_tenant().await;
    let mut alice = Ceremony::Login.person(&tenant, "alice").await;
    for handle in [None, Some(&b""[..])] {
        let options = tenant.anonymous.post_bytes("/login/initialize", Vec::new()).await.expect(200).json();
        let response = finalize(Ceremony::Login, &tenant, &mut alice, &options, handle).await;
        assert_eq!(response.field("title"), "failed to get user handle");
        let _ = Ceremony::Login.expect_audited_refusal(&tenant, &response, 401, "user_handle_missing").await;
    }
}

#[tokio::test]
async fn handle_of_another_user_is_rejected() {
    let (_server, tenant) = server_with_tenant().await;
    let _ = Ceremony::Login.person(&tenant, "bob").await;
    for ceremony in Ceremony::ASSERTIONS {
        let mut person = ceremony.person(&tenant, ceremony.path()).await;
        for handle in [&b"bob"[..], b"nobody", b"\0\0", &[0xff; 16], &[0; 64]] {
            let options = ceremony.start(&tenant, &person).await;
            let response = finalize(ceremony, &tenant, &mut person, &options, Some(handle)).await;
            assert_eq!(response.field("title"), "failed to get user handle");
            let _ = ceremony.expect_audited_refusal(&tenant, &response, 401, "user_handle_mismatch").await;
        }
    }
}

/// The user handles belong to no user, and the credential is unknown. Some handles cannot be stored as text.
#[tokio::test]
async fn handle_of_an_unknown_user_is_rejected() {
    let (_server, tenant) = server_with_tenant().await;
    let mut alice = Ceremony::Login.person(&tenant, "alice").await;
    let nul_in_text = [b"a\0bcdefghijklmno", &[0_u8; 16][..]];
    for handle in [&b"nobody"[..], &[0xff; 64], nul_in_text[0], nul_in_text[1], b"\0"] {
        let options = tenant.anonymous.post_bytes("/login/initialize", Vec::new()).await.expect(200).json();
        let mut parts = alice.browser.get_parts(&mut alice.authenticator, &options).unwrap();
        parts.user_handle = Some(handle.to_vec());
        parts.credential_id = vec![5; 32];
        let body = parts.sign().unwrap().into_json();
        let response = Ceremony::Login.finalize(&tenant, &body).await;
        assert_eq!(response.field("title"), "failed to get user handle");
        let _ = Ceremony::Login.expect_audited_refusal(&tenant, &response, 401, "credential_unknown").await;
    }
}
