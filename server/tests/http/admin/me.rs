//! `/me`.

use doorward_shared::admin::Role;
use doorward_testkit::TestServer;
use serde_json::json;

#[tokio::test]
async fn a_token_learns_its_name_and_role() {
    let server = TestServer::start().await;
    for (name, role) in [("ops", Role::Admin), ("audit", Role::Auditor)] {
        let answer = server.admin(name, role).await.get("/me").await.expect(200);
        assert_eq!(answer.json(), json!({ "name": name, "role": role }));
    }
}
