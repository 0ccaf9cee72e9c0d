//! `/me`.

use doorward_shared::admin::Role;
use doorward_testkit::TestServer;
use serde_json::json;

#[tokio::test]
async fn me_returns_id_name_and_role_of_the_token() {
    let server = TestServer::start().await;
    let reader = server.admin("reader", Role::Admin).await;
    for (name, role) in [("ops", Role::Admin), ("audit", Role::Auditor)] {
        let response = server.admin(name, role).await.get("/me").await.expect(200);
        let tokens = reader.get("/admin_tokens").await.expect(200).json();
        let token = tokens.as_array().unwrap().iter().find(|token| token["name"] == name).unwrap();
        assert_eq!(response.json(), json!({ "id": token["id"], "name": name, "role": role }));
    }
}
