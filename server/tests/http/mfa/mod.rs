//! `/{tenant_id}/mfa`.

use doorward_testkit::{Person, claims, newest_events};

use crate::support::server_with_tenant;

#[tokio::test]
async fn second_factor_is_registered_and_used() {
    let (_server, tenant) = server_with_tenant().await;
    let mut alice = Person::new("alice");
    let registered = alice.register_mfa(&tenant).await.expect(200);
    assert_eq!(claims(&registered)["ceremony"], "registration");
    let finished = alice.mfa_login(&tenant).await.expect(200);
    let claims = claims(&finished);
    assert_eq!(claims["sub"], "alice");
    assert_eq!(claims["aud"], serde_json::json!(["example.com"]));
    assert_eq!(claims["ceremony"], "mfa");
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 300);
    let entries = newest_events(&tenant, 4).await;
    assert_eq!(
        entries,
        [
            ("mfa_authentication_final_succeeded".to_owned(), None),
            ("mfa_authentication_init_succeeded".to_owned(), None),
            ("mfa_registration_final_succeeded".to_owned(), None),
            ("mfa_registration_init_succeeded".to_owned(), None),
        ]
    );
}
