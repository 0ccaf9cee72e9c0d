//! `/me`.

use doorward_shared::admin::Role;
use doorward_testkit::TestServer;
use serde_json::json;

#[tokio::test]
async fn me_returns_name_and_role_of_the_token() {
    let server = TestServer::start().await;
    for (name, role) in [("ops", Role::Admin), ("audit", Role::Auditor)] {
        let response = server.admin(name, role).await.get("/me").await.expect(200);
        assert_eq!(response.json(), json!({ "name": name, "role": role }));
    }
}
