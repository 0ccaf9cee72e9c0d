//! `/mds`.

use doorward_server::{service::admin::metadata, webauthn::metadata_blob::Roots};
use doorward_shared::admin::Role;
use doorward_testkit::{TestServer, mds};
use serde_json::json;

#[tokio::test]
async fn state_of_the_metadata_is_shown_and_its_import_is_audited() {
    let server = TestServer::start().await;
    let auditor = server.admin("audit", Role::Auditor).await;
    let status = auditor.get("/mds").await.expect(200).json();
    assert_eq!(status, json!({ "outdated": false, "entries": 0 }));
    let roots = Roots::from_file(mds::ROOT).unwrap();
    let imported = metadata::import(&server.administrator(), mds::OUTDATED_BLOB, &roots, true).await.unwrap().unwrap();
    let status = auditor.get("/mds").await.expect(200).json();
    assert_eq!(
        status,
        json!({
            "number": 3, "next_update": "2026-01-31", "outdated": true, "imported_at": imported.imported_at, "age_days": 0,
            "entries": imported.entries,
        })
    );
    let log = auditor.get("/audit_logs?type=metadata_imported").await.expect(200).json();
    assert_eq!(
        (&log[0]["actor_user_id"], &log[0]["detail"]["number"]),
        (&json!("test"), &json!({ "before": 0, "after": 3 }))
    );
}
