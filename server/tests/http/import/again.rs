//! Repeated imports of the same source. They keep the data of tenants that Doorward already serves, and do not restore
//! data that was deleted in Doorward.

use doorward_server::{
    import::neutral::{self, Target},
    jobs,
};

use super::*;

const PASSKEY: &str = "zRLM1B5u4u4C14GsQB2TbU1nDlc";
const FORUM_PASSKEY: &str = "1wG4lLCVmxzqX8IEfDjx9Q";

fn include_used() -> Options {
    Options { include_used: true, ..Options::default() }
}

/// Calls the API with an imported key, so that the tenant counts as served by Doorward.
async fn serve(server: &TestServer, tenant: &TestTenant) {
    let _ = tenant.http.get("/credentials").await.expect(200);
    server.flush_usage().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_used_keys_and_completed_ceremonies_count_as_served() {
    let Some(source) = Source::new("only_used_keys_and_completed_ceremonies_count_as_served").await else { return };
    for (server, _folder) in targets().await {
        let _ = source.import(&server, Options::default()).await.unwrap();
        let (shop, forum) = (tenant(&server, SHOP, SHOP_KEY), tenant(&server, FORUM, FORUM_KEY));
        assert_eq!(shop.anonymous.post("/registration/initialize", &json!({})).await.status, 401);
        server.flush_usage().await;
        let second = source.import(&server, Options::default()).await.unwrap();
        assert!(second.tenants.iter().all(|tenant| tenant.state == TenantState::Imported), "{second:?}");

        let handle = uuid::Uuid::parse_str(CAROL).unwrap();
        let key = sample_key(FORUM_PASSKEY);
        let mut laptop = authenticator("forum.example", FORUM_PASSKEY, handle.as_bytes(), key);
        let _ = log_in(&forum, "https://forum.example", "/login", json!({}), &mut laptop).await;
        serve(&server, &shop).await;
        // The use of an API key writes no audit entry. This statement makes the summaries look as if there were no
        // entries.
        server.sql("UPDATE tenant_summaries SET last_activity = created_at").await;
        let third = source.import(&server, Options::default()).await.unwrap();
        let is_left_out = |tenant: &TenantReport| tenant.state == TenantState::Skipped && tenant.is_outdated;
        assert!(third.tenants.iter().all(is_left_out), "{third:?}");
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn imported_signing_key_is_rotated_only_after_the_switch() {
    let Some(source) = Source::new("imported_signing_key_is_rotated_only_after_the_switch").await else { return };
    let server = TestServer::builder().settings(|settings| settings.rotate_every_days = Some(30)).start().await;
    let _ = source.import(&server, Options::default()).await.unwrap();
    assert_eq!(jobs::rotate_signing_keys(&server.app).await.unwrap(), 0);
    serve(&server, &tenant(&server, SHOP, SHOP_KEY)).await;
    assert_eq!(jobs::rotate_signing_keys(&server.app).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleted_tenant_is_imported_again_with_its_log() {
    let Some(source) = Source::new("deleted_tenant_is_imported_again_with_its_log").await else { return };
    for (server, _folder) in targets().await {
        let _ = source.import(&server, Options::default()).await.unwrap();
        let admin = server.admin("ops", Role::Admin).await;
        let _ = admin.delete(&format!("/tenants/{SHOP}?erase_audit=true")).await.expect(204);
        jobs::finish_deletions(&server.app).await.unwrap();
        let again = source.import(&server, Options::default()).await.unwrap();
        assert_eq!(rows(&again, SHOP, "audit_entries"), [10, 0, 0, 0, 0], "{again:?}");
        let user = admin.get(&format!("/tenants/{SHOP}/users/{CUSTOMER}")).await.expect(200).json();
        let order = &user["transactions"][0];
        assert_ne!(order["created_at"], order["updated_at"], "the transaction is confirmed");
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_of_a_file_are_not_deleted_by_a_later_import() {
    let Some(source) = Source::new("rows_of_a_file_are_not_deleted_by_a_later_import").await else { return };
    for (server, folder) in targets().await {
        let _ = source.import(&server, Options::default()).await.unwrap();
        let path = folder.path().join("other.jsonl");
        let header = r#"{"type":"header","format":"doorward-tenant","version":1}"#;
        let user = json!({ "type": "user", "user_id": "other", "name": "o", "created_at": "2024-01-01T00:00:00Z" });
        std::fs::write(&path, format!("{header}\n{user}\n")).unwrap();
        let (context, shop) = (server.administrator(), SHOP.parse().unwrap());
        let load = move || neutral::load(&context, &path, Target::Existing(shop));
        let _ = tokio::task::spawn_blocking(load).await.unwrap().unwrap();
        let later = source.import(&server, Options::default()).await.unwrap();
        assert_eq!(rows(&later, SHOP, "users"), [0, 0, 2, 0, 0]);
        assert!(of(&later, SHOP).problems.iter().any(|problem| problem.subject == "deletions"), "{later:?}");
        let admin = server.admin("reader", Role::Auditor).await;
        let _ = admin.get(&format!("/tenants/{SHOP}/users/other?by=user_id")).await.expect(200);
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_deleted_in_doorward_are_not_added_again() {
    let Some(source) = Source::new("rows_deleted_in_doorward_are_not_added_again").await else { return };
    for (number, (server, _folder)) in targets().await.into_iter().enumerate() {
        let _ = source.import(&server, Options::default()).await.unwrap();
        let shop = tenant(&server, SHOP, SHOP_KEY);
        let _ = shop.http.delete(&format!("/credentials/{PASSKEY}")).await.expect(204);
        server.flush_usage().await;
        let new_user = format!(
            "INSERT INTO webauthn_users VALUES (gen_random_uuid(), 'new-{number}', 'n', '', 'New', '{SHOP}', now(), now());
             UPDATE webauthn_users SET display_name = 'Later {number}' WHERE id = '{CUSTOMER}'"
        );
        source.sql(&new_user).await;
        let later = source.import(&server, include_used()).await.unwrap();
        assert_eq!(rows(&later, SHOP, "credentials"), [0, 0, 1, 0, 1], "{later:?}");
        assert_eq!(rows(&later, SHOP, "users"), [1, 0, 2 + number as u64, 0, 0], "{later:?}");
        assert_eq!(shop.http.get("/credentials").await.expect(200).json().as_array().unwrap().len(), 1);
        assert_eq!(database::faults(server.database_url()).await, Vec::<String>::new());
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deletions_after_an_interrupted_import_are_applied() {
    let Some(source) = Source::new("deletions_after_an_interrupted_import_are_applied").await else { return };
    let targets = targets().await;
    for (server, _) in &targets {
        let options = DatabaseOptions::new(source.url.parse().unwrap());
        let stop = |progress: Progress| assert_ne!(progress.table, "transactions", "the test stops the import here");
        assert!(hanko::run(options, server.administrator(), Options::default(), stop).await.is_err());
    }
    let deletions = "DELETE FROM webauthn_credentials WHERE id LIKE 'wo_%';
                     DELETE FROM webauthn_users WHERE user_id = 'customer-1002'";
    source.sql(deletions).await;
    for (server, _folder) in targets {
        let report = source.import(&server, Options::default()).await.unwrap();
        assert_eq!(rows(&report, SHOP, "users"), [0, 0, 1, 1, 0], "{report:?}");
        assert_eq!(rows(&report, SHOP, "credentials"), [0, 0, 1, 1, 0], "{report:?}");
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_key_is_created_once_and_a_later_key_is_published_first() {
    let Some(source) = Source::new("signing_key_is_created_once_and_a_later_key_is_published_first").await else {
        return;
    };
    source
        .sql(
            "CREATE TABLE late AS SELECT * FROM jwks WHERE id = 3; CREATE TABLE forum AS SELECT * FROM jwks WHERE id = 1;
             DELETE FROM jwks WHERE id IN (1, 3)",
        )
        .await;
    let targets = targets().await;
    for (server, _) in &targets {
        let first = source.import(server, Options::default()).await.unwrap();
        assert_eq!(rows(&first, FORUM, "signing_keys")[0], 1);
        let second = source.import(server, Options::default()).await.unwrap();
        assert_eq!(rows(&second, FORUM, "signing_keys")[0], 0, "{second:?}");
        assert_eq!(key_set(&tenant(server, FORUM, FORUM_KEY)).await.keys.len(), 1);
        serve(server, &tenant(server, SHOP, SHOP_KEY)).await;
    }
    source.sql("INSERT INTO jwks SELECT * FROM late").await;
    for (server, _folder) in targets {
        let late = source.import(&server, include_used()).await.unwrap();
        assert_eq!(rows(&late, SHOP, "signing_keys"), [1, 0, 1, 0, 0]);
        let shop = tenant(&server, SHOP, SHOP_KEY);
        let mut phone = authenticator("shop.example", PASSKEY, b"customer-1001", sample_key(PASSKEY));
        let options = shop.http.post("/login/initialize", &json!({})).await.expect(200).json();
        let assertion = Client::new("https://shop.example").get(&mut phone, &options).unwrap();
        let token = shop.http.post("/login/finalize", &assertion).await.expect(200).field("token");
        assert_eq!(decode_header(&token).unwrap().kid.unwrap(), "f4b7a2d9-0c68-4e15-a3b2-19d7c84e5f06");
        assert_eq!(key_set(&shop).await.keys.len(), 2, "the late key is published");
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn later_import_replaces_digests_of_a_lost_digest_key() {
    let Some(source) = Source::new("later_import_replaces_digests_of_a_lost_digest_key").await else { return };
    for (server, _folder) in targets().await {
        let _ = source.import(&server, Options::default()).await.unwrap();
        // `signing-key reset`, which is used after the loss of the master key, deletes this row.
        server.sql("DELETE FROM installation WHERE name = 'api_key_digest_key'").await;
        let again = source.import(&server, Options::default()).await.unwrap();
        assert_eq!(rows(&again, SHOP, "api_keys"), [0, 2, 0, 0, 0], "{again:?}");
        let server = server.restart().await;
        let _ = tenant(&server, SHOP, SHOP_KEY).http.get("/credentials").await.expect(200);
        server.stop().await;
    }
}

/// Runs `first` in a PostgreSQL transaction, waits until another transaction waits for this one, and then runs `then`.
async fn hold(server: &TestServer, first: &str, then: &str) -> tokio::task::JoinHandle<()> {
    const WAITED_FOR: &str = "SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'transactionid' AND transactionid = \
         pg_current_xact_id()::xid";
    let url = server.database_url().to_owned();
    let statements = format!(
        "DO $$ BEGIN {first}; PERFORM pg_advisory_xact_lock(77);
         WHILE NOT EXISTS ({WAITED_FOR}) LOOP
           IF clock_timestamp() > now() + interval '30 seconds' THEN RAISE 'no transaction waits'; END IF;
         END LOOP;
         {then}; END $$"
    );
    let held = {
        let url = url.clone();
        tokio::spawn(async move { database::execute(&url, &statements).await })
    };
    let is_held = "SELECT objid::text AS value FROM pg_locks WHERE locktype = 'advisory' AND objid = 77 AND database = \
                   (SELECT oid FROM pg_database WHERE datname = current_database())";
    while database::texts(&url, is_held).await.is_empty() {
        assert!(!held.is_finished(), "the transaction ended too early");
    }
    held
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn import_during_other_transactions_loses_no_counter_and_no_unit() {
    let Some(source) = Source::new("import_during_other_transactions_loses_no_counter_and_no_unit").await else {
        return;
    };
    let server = TestServer::start().await;
    let _ = source.import(&server, Options::default()).await.unwrap();
    source.sql("UPDATE webauthn_credentials SET name = 'Renamed' WHERE id LIKE 'wo_%'").await;
    let counted = "UPDATE credentials SET sign_count = 5000 WHERE id LIKE 'wo_%'";
    let held = hold(&server, counted, "PERFORM 1").await;
    let renamed = source.import(&server, Options::default()).await.unwrap();
    held.await.unwrap();
    assert_eq!(rows(&renamed, SHOP, "credentials")[1], 1);
    let counter = "SELECT sign_count::text || name AS value FROM credentials WHERE id LIKE 'wo_%'";
    assert_eq!(database::texts(server.database_url(), counter).await, ["5000Renamed"]);

    let changes = format!(
        "INSERT INTO webauthn_users VALUES (gen_random_uuid(), 'a-new', 'n', '', 'New', '{SHOP}', now(), now());
         UPDATE webauthn_users SET display_name = 'Changed' WHERE id = '{CUSTOMER}'"
    );
    source.sql(&changes).await;
    // These statements lock rows in the same order as a request that changes a user and then the tenant's counts.
    let first = format!("UPDATE users SET icon = icon WHERE id = '{CUSTOMER}'");
    let then = format!("UPDATE tenant_summaries SET users = users WHERE tenant_id = '{SHOP}'");
    let held = hold(&server, &first, &then).await;
    let changed = source.import(&server, Options::default()).await.unwrap();
    held.await.unwrap();
    assert_eq!(rows(&changed, SHOP, "users"), [1, 1, 1, 0, 0]);
    assert_eq!(database::faults(server.database_url()).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dry_run_reports_the_numbers_of_the_run_that_follows() {
    let Some(source) = Source::new("dry_run_reports_the_numbers_of_the_run_that_follows").await else { return };
    let targets = targets().await;
    for (server, _) in &targets {
        let _ = source.import(server, Options::default()).await.unwrap();
    }
    let (added, refused, long) = (uuid::Uuid::from_u128(0xe8), uuid::Uuid::from_u128(0xe9), "x".repeat(65));
    let credential = |id: &str, user: &uuid::Uuid| {
        format!(
            "INSERT INTO webauthn_credentials (id, user_id, public_key, attestation_type, aaguid, sign_count, \
             webauthn_user_id, created_at, updated_at, is_mfa) SELECT '{id}', 'any', public_key, attestation_type, \
             aaguid, 0, '{user}', now(), now(), is_mfa FROM webauthn_credentials WHERE id = '{PASSKEY}';"
        )
    };
    // The source has a new user, a user that cannot be imported, and a deleted user. Each has a credential.
    source
        .sql(&format!(
            "INSERT INTO webauthn_users VALUES ('{added}', 'customer-1003', 'd', '', 'Dan', '{SHOP}', now(), now());
             INSERT INTO webauthn_users VALUES ('{refused}', '{long}', 'x', '', 'X', '{SHOP}', now(), now());
             {}{}
             DELETE FROM webauthn_credentials WHERE webauthn_user_id = '{CUSTOMER}';
             DELETE FROM webauthn_users WHERE id = '{CUSTOMER}'",
            credential("bmV3LWNyZWRlbnRpYWw", &added),
            credential("b3RoZXItY3JlZGVudGlhbA", &refused),
        ))
        .await;
    for (server, _folder) in targets {
        let dry = source.import(&server, Options { dry_run: true, ..Options::default() }).await.unwrap();
        let run = source.import(&server, Options::default()).await.unwrap();
        assert_eq!(rows(&run, SHOP, "users"), [1, 0, 1, 1, 1]);
        assert_eq!(rows(&run, SHOP, "credentials"), [1, 0, 0, 0, 1], "deleted together with their user");
        for kind in ["users", "credentials", "transactions"] {
            assert_eq!(rows(&dry, SHOP, kind), rows(&run, SHOP, kind), "{kind}");
        }
        assert_eq!(of(&dry, SHOP).problems, of(&run, SHOP).problems);
        server.stop().await;
    }
}
