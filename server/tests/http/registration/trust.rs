//! What the attestation of a new credential proves, with imported metadata.

use doorward_authenticator::{Attestation, Authenticator};
use doorward_server::{
    service::{
        admin::metadata::{self, ImportError},
        attestations::{JudgedAgain, judge_again},
    },
    webauthn::metadata_blob::{BlobError, Roots},
};
use doorward_testkit::{Person, TestServer, TestTenant, mds};
use serde_json::{Value, json};

use crate::support::Ceremony;

/// Registers an authenticator of the test manufacturer.
async fn register(tenant: &TestTenant, user: &str) {
    let mut person = Person::with(user, Authenticator::new().aaguid(mds::AAGUID).attestation(Attestation::PackedSelf));
    let mut body = Ceremony::Registration.begin(tenant, &mut person).await;
    mds::attest(&mut body);
    let _ = Ceremony::Registration.finalize(tenant, &body).await.expect(200);
}

/// Registers an authenticator with self attestation that states the model of the test manufacturer.
async fn register_imitation(tenant: &TestTenant, user: &str) {
    let authenticator = Authenticator::new().aaguid(mds::AAGUID).attestation(Attestation::PackedSelf);
    let _ = Person::with(user, authenticator).register(tenant).await.expect(200);
}

/// Returns the attestation trust, the model, and whether the model is proven.
async fn shown(tenant: &TestTenant, user: &str) -> (Value, Value, Value) {
    let list = tenant.http.get(&format!("/credentials?user_id={user}")).await.expect(200).json();
    let one = &list[0];
    assert_eq!(one["attested"], json!(one["attestation_trust"] != "none"));
    (one["attestation_trust"].clone(), one["model"].clone(), one["model_verified"].clone())
}

async fn import(server: &TestServer, blob: &[u8]) -> Result<bool, ImportError> {
    let roots = Roots::from_file(mds::ROOT).unwrap();
    metadata::import(&server.administrator(), blob, &roots, false).await.map(|imported| imported.is_some())
}

#[tokio::test]
async fn imported_metadata_proves_the_model_of_new_and_existing_credentials() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    register(&tenant, "alice").await;
    register_imitation(&tenant, "mallory").await;
    assert_eq!(shown(&tenant, "alice").await, (json!("unknown_issuer"), Value::Null, json!(false)));
    assert_eq!(judge_again(&server.app).await.unwrap(), JudgedAgain::default());

    assert!(import(&server, mds::BLOB).await.unwrap());
    // The name of the model is known at once. The model is proven only after the kept attestation is judged again.
    assert_eq!(shown(&tenant, "alice").await, (json!("unknown_issuer"), json!(mds::MODEL), json!(false)));
    assert_eq!(judge_again(&server.app).await.unwrap(), JudgedAgain { judged: 2, changed: 1 });
    assert_eq!(judge_again(&server.app).await.unwrap(), JudgedAgain::default());
    assert_eq!(shown(&tenant, "alice").await, (json!("chain"), json!(mds::MODEL), json!(true)));
    assert_eq!(shown(&tenant, "mallory").await, (json!("self"), json!(mds::MODEL), json!(false)));

    register(&tenant, "bob").await;
    register_imitation(&tenant, "trudy").await;
    assert_eq!(shown(&tenant, "bob").await, (json!("chain"), json!(mds::MODEL), json!(true)));
    assert_eq!(shown(&tenant, "trudy").await, (json!("self"), json!(mds::MODEL), json!(false)));
    assert_eq!(judge_again(&server.app).await.unwrap(), JudgedAgain::default());
}

#[tokio::test]
async fn attestations_are_not_kept_if_the_tenant_forbids_it() {
    let server = TestServer::start().await;
    let tenant = server.tenant_with(|config| config.webauthn.keep_attestation = false).await;
    register(&tenant, "alice").await;
    assert!(import(&server, mds::BLOB).await.unwrap());
    assert_eq!(judge_again(&server.app).await.unwrap(), JudgedAgain::default());
    assert_eq!(shown(&tenant, "alice").await.0, json!("unknown_issuer"));
}

#[tokio::test]
async fn attestations_of_deleted_credentials_are_deleted() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    register(&tenant, "alice").await;
    register(&tenant, "bob").await;
    let _ = tenant.http.delete("/users/alice").await.expect(204);
    assert!(import(&server, mds::BLOB).await.unwrap());
    assert_eq!(judge_again(&server.app).await.unwrap(), JudgedAgain { judged: 1, changed: 1 });
}

#[tokio::test]
async fn only_newer_and_current_blobs_are_imported() {
    let server = TestServer::start().await;
    assert!(import(&server, mds::REVOKED_BLOB).await.unwrap());
    assert!(!import(&server, mds::REVOKED_BLOB).await.unwrap());
    let older = import(&server, mds::BLOB).await;
    assert!(matches!(older, Err(ImportError::Older { number: 1, imported: 2 })), "{older:?}");
    let outdated = import(&server, mds::OUTDATED_BLOB).await;
    assert!(matches!(&outdated, Err(ImportError::Outdated(day)) if day == "2026-01-31"), "{outdated:?}");
    let by_default = metadata::import(&server.administrator(), mds::BLOB, &Roots::default(), false).await;
    assert!(matches!(by_default, Err(ImportError::Blob(BlobError::Signer(_)))), "{by_default:?}");
    let model = server.app.metadata().await.unwrap();
    let model = model.by_aaguid(uuid::Uuid::from_bytes(mds::AAGUID)).cloned().unwrap();
    assert_eq!(model.certification, None);
    let roots = Roots::from_file(mds::ROOT).unwrap();
    assert!(metadata::import(&server.administrator(), mds::OUTDATED_BLOB, &roots, true).await.unwrap().is_some());
}
