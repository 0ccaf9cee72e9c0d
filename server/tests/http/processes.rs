//! Two servers use one SQLite file. A change through one server affects the next request to the other server.

use doorward_server::{
    service::admin::{Precondition, api_keys, metadata, signing_keys, tenants},
    webauthn::metadata_blob::Roots,
};
use doorward_shared::{ApiKeyId, admin::CreateSigningKeyRequest};
use doorward_testkit::{Person, database, mds, server::config};

use crate::support::server_with_tenant;

#[tokio::test]
async fn changes_in_one_process_apply_at_once_in_the_other() {
    // On PostgreSQL, changes arrive by NOTIFY with a short delay.
    if !database::is_sqlite("changes_in_one_process_apply_at_once_in_the_other") {
        return;
    }
    let (one, here) = server_with_tenant().await;
    let two = one.second_node().await;
    let there = here.on(&two);
    for tenant in [&here, &there] {
        let _ = tenant.http.get("/credentials").await.expect(200);
    }

    let key = one.api_key(here.id, None).await;
    for tenant in [&there, &here] {
        let _ = tenant.with_key(&key.secret).get("/credentials").await.expect(200);
    }
    api_keys::revoke(&two.administrator(), here.id, ApiKeyId::new(key.id)).await.unwrap();
    here.with_key(&key.secret).get("/credentials").await.expect_refusal(401, "api_key_invalid");
    there.with_key(&key.secret).get("/credentials").await.expect_refusal(401, "api_key_invalid");

    let mut changed = config();
    changed.webauthn.timeout = 12_345;
    tenants::configure(&two.administrator(), here.id, Precondition::None, changed).await.unwrap();
    let options = here.anonymous.post("/login/initialize", &serde_json::json!({})).await.expect(200).json();
    assert_eq!(options["publicKey"]["timeout"], 12_345);

    signing_keys::create(&one.administrator(), here.id, CreateSigningKeyRequest::default(), false).await.unwrap();
    let keys = there.anonymous.get("/.well-known/jwks.json").await.expect(200).json();
    assert_eq!(keys["keys"].as_array().unwrap().len(), 2);

    let roots = Roots::from_file(mds::ROOT).unwrap();
    assert_eq!(one.app.metadata().await.unwrap().number(), 0);
    assert!(metadata::import(&two.administrator(), mds::BLOB, &roots, false).await.unwrap().is_some());
    assert_eq!(one.app.metadata().await.unwrap().number(), 1);

    // Both servers keep working, and no audit entry is lost.
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    let (first, second) = tokio::join!(alice.register_mfa(&here), bob.register_mfa(&there));
    assert_eq!((first.status, second.status), (200, 200));
    for _ in 0..5 {
        let (first, second) = tokio::join!(alice.mfa_login(&there), bob.mfa_login(&here));
        assert_eq!((first.status, second.status), (200, 200), "{} {}", first.text, second.text);
    }
    assert_eq!(here.count("type=mfa_authentication_final_succeeded").await, 10);

    tenants::delete(&one.administrator(), here.id, Precondition::None, false).await.unwrap();
    there.http.get("/credentials").await.expect_refusal(404, "tenant_not_found");
    two.stop().await;
}

/// A process first announces a revocation, and then commits it. In between, other processes accept the key, but must
/// not cache it, because no second announcement follows. If the revoking process is killed in between, the key stays
/// valid.
#[tokio::test]
async fn key_is_not_cached_while_its_revocation_is_announced() {
    if !database::is_sqlite("key_is_not_cached_while_its_revocation_is_announced") {
        return;
    }
    let (server, tenant) = server_with_tenant().await;
    let key = server.api_key(tenant.id, None).await;
    let caller = tenant.with_key(&key.secret);
    let _ = caller.get("/credentials").await.expect(200);
    let changes = server.data_dir.join("doorward.db.changes");
    let announced = std::fs::metadata(&changes).unwrap().len() + 1;
    std::fs::OpenOptions::new().write(true).open(&changes).unwrap().set_len(announced).unwrap();
    for _ in 0..2 {
        let _ = caller.get("/credentials").await.expect(200);
    }
    // Commits the change of the other process without another announcement.
    let commit = format!(
        "BEGIN IMMEDIATE; UPDATE api_keys SET revoked_at = 1 WHERE id = '{}'; PRAGMA user_version = {announced}; COMMIT",
        key.id
    );
    server.sql(&commit).await;
    caller.get("/credentials").await.expect_refusal(401, "api_key_invalid");
}
