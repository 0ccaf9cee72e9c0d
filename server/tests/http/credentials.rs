//! `/{tenant_id}/credentials`.

use diesel::RunQueryDsl as _;
use doorward_server::{
    db::{Connection, DbError},
    store::users,
};
use doorward_shared::admin::Role;
use doorward_testkit::{Person, TestServer, database};
use serde_json::json;

use crate::support::server_with_tenant;

#[tokio::test]
async fn credentials_are_listed_renamed_and_deleted() {
    let (server, tenant) = server_with_tenant().await;
    let mut alice = Person::new("alice");
    let _ = alice.register(&tenant).await.expect(200);
    server.clock.advance_ms(10);
    let mut bob = Person::new("bob");
    let _ = bob.register_mfa(&tenant).await.expect(200);
    let listed = tenant.http.get("/credentials?per_page=1").await.expect(200);
    assert_eq!(listed.header("x-total-count"), Some("2"));
    assert!(listed.header("link").unwrap().contains("rel=\"next\""));
    assert_eq!((&listed.json()[0]["user_id"], &listed.json()[0]["is_mfa"]), (&json!("bob"), &json!(true)));
    let of_alice = tenant.http.get("/credentials?user_id=alice").await.expect(200).json();
    assert_eq!(of_alice.as_array().unwrap().len(), 1);
    let one = &of_alice[0];
    for name in [
        "id",
        "name",
        "public_key",
        "attestation_type",
        "attestation_stated",
        "attested",
        "attestation_trust",
        "algorithm",
        "sign_count",
        "aaguid",
        "model_verified",
        "created_at",
        "transports",
        "backup_eligible",
        "backup_state",
        "is_mfa",
        "user_id",
    ] {
        assert!(one.get(name).is_some(), "{name}: {one}");
    }
    assert!(one.get("last_used_at").is_none());
    let path = format!("/credentials/{}", one["id"].as_str().unwrap());
    let renamed = tenant.http.patch(&path, &json!({ "name": "Phone" })).await.expect(204);
    assert_eq!(tenant.entry_of(&renamed).await.kind(), "webauthn_credential_updated");
    assert_eq!(tenant.http.get(&path).await.expect(200).json()["name"], "Phone");
    let unnamed = tenant.http.patch(&path, &json!({})).await;
    unnamed.expect_refusal(400, "validation_failed");
    assert_eq!(unnamed.field("details"), "name is a required field");
    let _ = alice.login(&tenant).await.expect(200);
    assert!(tenant.http.get(&path).await.expect(200).json()["last_used_at"].is_string());
    let deleted = tenant.http.delete(&path).await.expect(204);
    let entry = tenant.entry_of(&deleted).await;
    assert_eq!(
        (entry.kind(), entry.text("actor_user_id")),
        ("webauthn_credential_deleted".into(), Some("alice".into()))
    );
    tenant.http.get(&path).await.expect_refusal(404, "credential_not_found");
    tenant.http.delete(&path).await.expect_refusal(404, "credential_not_found");
    tenant.http.get("/credentials?page=x").await.expect_refusal(400, "query_invalid");
}

#[tokio::test]
async fn refused_requests_write_audit_entries() {
    let (_server, tenant) = server_with_tenant().await;
    let mut alice = Person::new("alice");
    let _ = alice.register(&tenant).await.expect(200);
    let id = tenant.http.get("/credentials").await.expect(200).json()[0]["id"].as_str().unwrap().to_owned();
    let (known, unknown) = (format!("/credentials/{id}"), "/credentials/AAAA");
    let name = json!({ "name": "Phone" });
    let (update, delete) = ("webauthn_credential_update_failed", "webauthn_credential_delete_failed");

    let nameless = tenant.http.patch(&known, &json!({ "name": " " })).await;
    let entry = tenant.expect_audited_refusal(&nameless, 400, "validation_failed", update).await;
    assert_eq!(entry.text("credential_id"), Some(id));
    let long = tenant.http.patch(&known, &json!({ "name": "x".repeat(129) })).await;
    assert_eq!(long.field("details"), "name must be a maximum of 128 characters in length");
    let _ = tenant.expect_audited_refusal(&long, 400, "validation_failed", update).await;
    for path in [unknown, "/credentials/not+base64", "/credentials/AAAA="] {
        let not_found = format!("credential with id '{}' not found", &path["/credentials/".len()..]);
        let renamed = tenant.http.patch(path, &name).await;
        let details = "the tenant has no such credential, or it was deleted";
        renamed.expect_error(404, "credential_not_found", &not_found, details);
        let entry = tenant.expect_audited_refusal(&renamed, 404, "credential_not_found", update).await;
        assert_eq!(entry.text("error"), Some(not_found));
        let _ =
            tenant.expect_audited_refusal(&tenant.http.delete(path).await, 404, "credential_not_found", delete).await;
        let found = tenant.http.get(path).await;
        let _ = tenant.expect_audited_refusal(&found, 404, "credential_not_found", "request_rejected").await;
    }
    for query in ["page=x", "per_page=x", "order=up", "user_id=a%00"] {
        let response = tenant.http.get(&format!("/credentials?{query}")).await;
        response.expect_refusal(400, "query_invalid");
        // Without a valid key, the response does not depend on the query.
        tenant.anonymous.get(&format!("/credentials?{query}")).await.expect_refusal(401, "api_key_missing");
    }
    let wrong = tenant.http.get("/audit_logs?type=nonsense").await;
    wrong.expect_refusal(400, "query_invalid");
    // A read with invalid parameters leaves no audit entry. Otherwise, reading the log with a misspelt filter would add
    // an entry to the log.
    let entries = tenant.entries("?type=request_rejected").await;
    assert!(entries.iter().all(|entry| entry.code().as_deref() != Some("query_invalid")), "{entries:?}");
    let nobody = tenant.http.get("/transaction/nobody").await;
    let _ = tenant.expect_audited_refusal(&nobody, 404, "user_not_found", "request_rejected").await;
}

#[tokio::test]
async fn pages_link_to_their_neighbours() {
    let (server, tenant) = server_with_tenant().await;
    let mut ids = Vec::new();
    for number in 0..5 {
        server.clock.advance_ms(10);
        let mut person = Person::new(if number < 4 { "a&b" } else { "carol" });
        // Each iteration registers another authenticator. Without checks, the client accepts all options.
        person.browser = person.browser.without_checks();
        let options = tenant.http.post("/registration/initialize", &person.registration_request()).await.expect(200);
        let body = person.create(&options.json());
        let _ = tenant.http.post("/registration/finalize", &body).await.expect(200);
        ids.push(body["id"].as_str().unwrap().to_owned());
    }
    let newest: Vec<&str> = ids[..4].iter().rev().map(String::as_str).collect();
    let root = tenant.http.at(server.public_url.clone());
    let (mut path, mut seen) = (format!("/{}/credentials?user_id=a%26b&per_page=3", tenant.id), Vec::new());
    let mut pages = 0;
    loop {
        let page = root.get(&path).await.expect(200);
        assert_eq!(page.header("x-total-count"), Some("4"));
        seen.extend(page.json().as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        pages += 1;
        let links = page.header("link").unwrap().to_owned();
        let link = |rel: &str| {
            let links = links.split(',').map(|link| link.split_once("; ").unwrap());
            links
                .filter(|(_, name)| *name == format!("rel=\"{rel}\""))
                .map(|(at, _)| at.trim_matches(['<', '>']))
                .next()
        };
        let next = link("next").map(str::to_owned);
        assert_eq!(link("last").is_some(), next.is_some());
        assert_eq!((link("first").is_some(), link("prev").is_some()), (true, pages > 1), "{links}");
        match next {
            Some(next) => path = next,
            None => break,
        }
    }
    assert_eq!(pages, 2);
    assert_eq!(seen, newest);
    let oldest = tenant.http.get("/credentials?order=asc&per_page=2").await.expect(200).json();
    assert_eq!((&oldest[0]["id"], &oldest[1]["id"]), (&json!(ids[0]), &json!(ids[1])));
    let beyond = tenant.http.get("/credentials?page=9").await.expect(200);
    assert_eq!((beyond.text.as_str(), beyond.header("x-total-count")), ("[]", Some("5")));
    let nobody = tenant.http.get("/credentials?user_id=nobody").await.expect(200);
    assert_eq!((nobody.text.as_str(), nobody.header("x-total-count")), ("[]", Some("0")));
    assert!(nobody.header("link").unwrap().ends_with("rel=\"first\""));
    let only_head = tenant.http.send(reqwest::Method::HEAD, "/credentials", None).await.expect(200);
    assert_eq!((only_head.text.as_str(), only_head.header("x-total-count")), ("", Some("5")));
}

/// On PostgreSQL, a request may wait for a transaction that deletes the request's target. When the request continues,
/// it must detect that the target no longer exists.
#[tokio::test]
async fn changes_during_a_deletion_are_refused() {
    if !database::is_postgres("changes_during_a_deletion_are_refused") {
        return;
    }
    let (server, tenant) = server_with_tenant().await;
    let admin = server.admin("root", Role::Admin).await;
    let user_path = format!("/tenants/{}/users/alice", tenant.id);
    for case in 0..3 {
        let mut alice = Person::new("alice");
        let _ = alice.register(&tenant).await.expect(200);
        let listed = tenant.http.get("/credentials?user_id=alice").await.expect(200).json();
        let path = format!("/credentials/{}", listed[0]["id"].as_str().unwrap());
        let ((deleted, mut wait), (end, ended)) =
            (tokio::sync::mpsc::unbounded_channel(), std::sync::mpsc::channel::<()>());
        let (app, tenant_id) = (std::sync::Arc::clone(&server.app), tenant.id);
        let deletion = tokio::spawn(async move {
            let unit = move |connection: &mut Connection| {
                let user = users::find_by_external(connection, tenant_id, "alice")?.expect("a user");
                let now = doorward_shared::Timestamp::from_millis(0);
                users::delete(connection, tenant_id, user.id, now, 1_000)?;
                let _ = deleted.send(());
                let _ = ended.recv();
                Ok::<_, DbError>(())
            };
            app.db.write(unit).await
        });
        wait.recv().await.unwrap();
        let (client, admin, user_path) = (tenant.http.clone(), admin.clone(), user_path.clone());
        let request = tokio::spawn(async move {
            match case {
                0 => client.delete(&path).await,
                1 => client.patch(&path, &json!({ "name": "Phone" })).await,
                _ => admin.delete(&user_path).await,
            }
        });
        while !waits_for_a_lock(&server).await {
            assert!(!request.is_finished(), "the request waits for the deletion");
        }
        drop(end);
        deletion.await.unwrap().unwrap();
        let response = request.await.unwrap();
        response.expect_refusal(404, if case == 2 { "user_not_found" } else { "credential_not_found" });
    }
    assert_eq!(tenant.count("type=webauthn_credential_deleted,webauthn_credential_updated,user_deleted").await, 0);
    assert_eq!(tenant.count("type=webauthn_credential_delete_failed,webauthn_credential_update_failed").await, 2);
}

/// Returns whether a transaction of this PostgreSQL database waits for another transaction.
async fn waits_for_a_lock(server: &TestServer) -> bool {
    let waiting =
        "EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')";
    let read = move |connection: &mut Connection| match connection {
        Connection::Postgres(c, _) => {
            Ok::<bool, DbError>(diesel::select(diesel::dsl::sql::<diesel::sql_types::Bool>(waiting)).get_result(c)?)
        }
        Connection::Sqlite(_) => Ok(false),
    };
    server.app.db.read(read).await.unwrap()
}
