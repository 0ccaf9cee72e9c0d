//! `/tenants/{tenant_id}/user_summaries`, `…/users` and `…/transactions`.

use doorward_shared::admin::Role;
use doorward_testkit::{Http, Person, TestServer, TestTenant};
use serde_json::{Value, json};

/// Starts a server with a tenant that has five users. All have a second factor, and the newest user also has a passkey.
async fn server_with_users() -> (TestServer, TestTenant, Http, Person) {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    for name in ["anna", "liam", "johanna", "bob"] {
        let _ = Person::new(name).register_mfa(&tenant).await.expect(200);
        server.clock.advance_ms(1_000);
    }
    let mut zoe = Person::new("zoe");
    let _ = zoe.register(&tenant).await.expect(200);
    let _ = Person::new("zoe").register_mfa(&tenant).await.expect(200);
    let admin = server.admin("ops", Role::Admin).await;
    (server, tenant, admin, zoe)
}

/// Reads all pages of a list. Returns the items of all pages, and the last page.
async fn read_all(admin: &Http, path: &str) -> (Vec<Value>, Value) {
    let (mut items, mut after) = (Vec::new(), String::new());
    loop {
        let page = admin.get(&format!("{path}&after={after}")).await.expect(200).json();
        items.extend(page["items"].as_array().unwrap().clone());
        match page["next"].as_str() {
            Some(next) => after = next.to_owned(),
            None => return (items, page),
        }
    }
}

fn column<'a>(items: &'a [Value], name: &str) -> Vec<&'a str> {
    items.iter().map(|item| item[name].as_str().unwrap()).collect()
}

#[tokio::test]
async fn user_summaries_show_credential_count_and_last_use() {
    let (server, tenant, admin, mut zoe) = server_with_users().await;
    server.clock.advance_ms(5_000);
    let _ = zoe.login(&tenant).await.expect(200);
    let path = format!("/tenants/{}/user_summaries", tenant.id);
    let (items, last) = read_all(&admin, &format!("{path}?limit=2")).await;
    assert_eq!(column(&items, "user_id"), ["zoe", "bob", "johanna", "liam", "anna"]);
    assert_eq!(last["total"], 5);
    assert_eq!((&items[0]["credentials"], &items[0]["last_used_at"]), (&json!(2), &json!(server.app.clock.now())));
    assert_eq!((&items[1]["credentials"], items[1].get("last_used_at")), (&json!(1), None));
    let (found, last) = read_all(&admin, &format!("{path}?limit=1&q=ANNA")).await;
    assert_eq!((column(&found, "user_id"), &last["total"]), (vec!["anna", "johanna"], &json!(2)));
    let (found, _) = read_all(&admin, &format!("{path}?q={}", items[2]["id"].as_str().unwrap())).await;
    assert_eq!(column(&found, "user_id"), ["johanna"]);
    let (nobody, last) = read_all(&admin, &format!("{path}?q=%25")).await;
    assert_eq!((nobody.len(), &last["total"]), (0, &json!(0)));
    for query in ["limit=0", "limit=201", "after=x", "after=a1.MQp0eA"] {
        admin.get(&format!("{path}?{query}")).await.expect_refusal(400, "query_invalid");
    }
    let page = admin.get(&format!("/tenants/{}/users?per_page=2", tenant.id)).await.expect(200);
    assert_eq!(page.header("x-total-count"), Some("5"));
    let credentials = tenant.http.get("/credentials?per_page=1").await.expect(200);
    assert_eq!(credentials.header("x-total-count"), Some("6"));
}

#[tokio::test]
async fn admin_deletes_a_credential() {
    let (server, tenant, admin, mut zoe) = server_with_users().await;
    let user = admin.get(&format!("/tenants/{}/users/zoe", tenant.id)).await.expect(200).json();
    let credentials = user["credentials"].as_array().unwrap();
    let passkey = credentials.iter().find(|one| one["is_mfa"] == false).unwrap()["id"].as_str().unwrap();
    let path =
        |tenant: &TestTenant, user: &str, id: &str| format!("/tenants/{}/users/{user}/credentials/{id}", tenant.id);
    // Requests change nothing if the credential belongs to another user or tenant, or if the id is unknown or invalid.
    let other = server.tenant().await;
    let _ = Person::new("zoe").register(&other).await.expect(200);
    let summary = format!("/tenants/{}/summary", tenant.id);
    let before = admin.get(&summary).await.expect(200).json()["credentials"].clone();
    for (wrong, code) in [
        (path(&tenant, "anna", passkey), "credential_not_found"),
        (path(&other, "zoe", passkey), "credential_not_found"),
        (path(&tenant, "zoe", "AAAA"), "credential_not_found"),
        (path(&tenant, "zoe", "!"), "credential_not_found"),
        (path(&tenant, "nobody", passkey), "user_not_found"),
    ] {
        admin.delete(&wrong).await.expect_refusal(404, code);
    }
    assert_eq!(admin.get(&summary).await.expect(200).json()["credentials"], before);
    let _ = zoe.login(&tenant).await.expect(200);
    let deleted = admin.delete(&path(&tenant, "zoe", passkey)).await.expect(204);
    let entry = tenant.entry_of(&deleted).await;
    assert_eq!(
        (entry.kind().as_str(), entry.text("actor_user_id").as_deref()),
        ("credential_deleted_by_admin", Some("ops"))
    );
    assert_eq!(entry.text("credential_id").as_deref(), Some(passkey));
    assert_eq!((&entry.0["detail"]["user_id"], &entry.0["detail"]["is_mfa"]), (&json!("zoe"), &json!(false)));
    zoe.login(&tenant).await.expect_refusal(401, "credential_unknown");
    assert_eq!(admin.get(&summary).await.expect(200).json()["credentials"], 5);
    admin.delete(&path(&tenant, "zoe", passkey)).await.expect_refusal(404, "credential_not_found");
}

#[tokio::test]
async fn transactions_are_listed_and_filtered() {
    let (server, tenant, admin, mut zoe) = server_with_users().await;
    let data = json!({ "amount": 12 });
    let _ = zoe.transaction(&tenant, "pay-1", &data).await.expect(200);
    server.clock.advance_ms(10);
    let _ = zoe.transaction_assertion(&tenant, "order-pay-2", &data).await;
    let path = format!("/tenants/{}/transactions", tenant.id);
    let (items, _) = read_all(&admin, &format!("{path}?limit=1")).await;
    assert_eq!(column(&items, "identifier"), ["order-pay-2", "pay-1"]);
    assert_eq!(column(&items, "user_id"), ["zoe", "zoe"]);
    assert_eq!((&items[0]["confirmed"], &items[1]["confirmed"]), (&json!(false), &json!(true)));
    assert_eq!(items[1]["data"], data.to_string());
    let (found, _) = read_all(&admin, &format!("{path}?q=pay&limit=1")).await;
    assert_eq!(column(&found, "identifier"), ["pay-1", "order-pay-2"]);
    assert_eq!(read_all(&admin, &format!("{path}?user_id=zoe")).await.0.len(), 2);
    assert_eq!(read_all(&admin, &format!("{path}?user_id=anna")).await.0.len(), 0);
    admin.get(&format!("{path}?user_id=nobody")).await.expect_refusal(404, "user_not_found");
    admin.get(&format!("{path}?after=x")).await.expect_refusal(400, "query_invalid");
}

#[tokio::test]
async fn texts_in_queries_have_at_most_256_characters() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let admin = server.admin("ops", Role::Admin).await;
    let base = format!("/tenants/{}", tenant.id);
    let lists = [
        "/tenants?".to_owned(),
        "/tenant_summaries?".to_owned(),
        format!("{base}/users?"),
        format!("{base}/user_summaries?"),
        format!("{base}/transactions?"),
        format!("{base}/audit_logs?"),
        "/audit_logs?".to_owned(),
    ];
    for list in lists {
        let _ = admin.get(&format!("{list}q={}", "%25".repeat(256))).await.expect(200);
        admin.get(&format!("{list}q={}", "%25".repeat(257))).await.expect_refusal(400, "query_invalid");
    }
    let user = "x".repeat(257);
    admin.get(&format!("{base}/transactions?user_id={user}")).await.expect_refusal(400, "query_invalid");
    tenant.http.get(&format!("/credentials?user_id={user}")).await.expect_refusal(400, "query_invalid");
}

#[tokio::test]
async fn id_that_matches_two_users_requires_the_parameter_by() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let admin = server.admin("ops", Role::Admin).await;
    let mut alice = Person::new("alice");
    let _ = alice.register(&tenant).await.expect(200);
    let users = format!("/tenants/{}/users", tenant.id);
    let id = admin.get(&format!("{users}/alice?by=user_id")).await.expect(200).field("id");
    assert_eq!(admin.get(&format!("{users}/{id}")).await.expect(200).field("user_id"), "alice");
    admin.get(&format!("{users}/{id}?by=user_id")).await.expect_refusal(404, "user_not_found");
    admin.get(&format!("{users}/alice?by=id")).await.expect_refusal(404, "user_not_found");
    admin.get(&format!("{users}/alice?by=name")).await.expect_refusal(400, "query_invalid");

    // The user id of this second user is the internal id of alice.
    let mut shadow = Person::new(&id);
    let _ = shadow.register(&tenant).await.expect(200);
    let credential =
        admin.get(&format!("{users}/{id}?by=user_id")).await.expect(200).json()["credentials"][0]["id"].clone();
    let credential = credential.as_str().unwrap();
    let transactions = format!("/tenants/{}/transactions?user_id={id}", tenant.id);
    for response in [
        admin.get(&format!("{users}/{id}")).await,
        admin.delete(&format!("{users}/{id}")).await,
        admin.delete(&format!("{users}/{id}/credentials/{credential}")).await,
        admin.get(&transactions).await,
    ] {
        response.expect_refusal(409, "user_ambiguous");
    }
    let _ = admin.get(&format!("{transactions}&by=id")).await.expect(200);
    admin
        .delete(&format!("{users}/{id}/credentials/{credential}?by=id"))
        .await
        .expect_refusal(404, "credential_not_found");
    let _ = admin.delete(&format!("{users}/{id}?by=id")).await.expect(204);
    let left = admin.get(&users).await.expect(200).json();
    assert_eq!(left.as_array().unwrap().iter().map(|user| user["user_id"].as_str().unwrap()).collect::<Vec<_>>(), [id]);
}

#[tokio::test]
async fn numbered_pages_accept_any_number_and_link_to_the_first_page() {
    let (_server, tenant, admin, _zoe) = server_with_users().await;
    let users = format!("/tenants/{}/users", tenant.id);
    let all = admin.get(&users).await.expect(200);
    for query in ["page=0", "per_page=0", "page=-7&per_page=-1", "per_page=100000"] {
        let page = admin.get(&format!("{users}?{query}")).await.expect(200);
        assert_eq!(page.json(), all.json(), "{query}");
        assert!(page.header("link").unwrap().contains("?page=1&"), "{query}");
        assert!(page.header("link").unwrap().contains("rel=\"first\""), "{query}");
        let own = tenant.http.get(&format!("/credentials?{query}")).await.expect(200);
        assert!(own.header("link").unwrap().contains("rel=\"first\""), "{query}");
    }
    for query in ["page=x", "per_page=1.5", "page=1001&per_page=10", "after=nonsense"] {
        admin.get(&format!("{users}?{query}")).await.expect_refusal(400, "query_invalid");
        tenant.http.get(&format!("/credentials?{query}")).await.expect_refusal(400, "query_invalid");
    }
}
