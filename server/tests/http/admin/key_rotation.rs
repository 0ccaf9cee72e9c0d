//! Scheduled replacement of signing keys (`token.rotate_every`).

use doorward_server::{db::DbError, jobs, service::admin::signing_keys::PUBLISHED_BEFORE_SIGNING_MS};
use doorward_shared::admin::Role;
use doorward_testkit::{Http, Person, TestServer, TestTenant};
use serde_json::{Value, json};

const DAY_MS: i64 = 86_400_000;
const DAYS: u32 = 30;

async fn fixture() -> (TestServer, TestTenant, Http) {
    let server = TestServer::builder().settings(|settings| settings.rotate_every_days = Some(DAYS)).start().await;
    with_tenant(server).await
}

async fn with_tenant(server: TestServer) -> (TestServer, TestTenant, Http) {
    let tenant = server.tenant().await;
    let auditor = server.admin("reader", Role::Auditor).await;
    (server, tenant, auditor)
}

async fn keys(auditor: &Http, tenant: &TestTenant) -> Vec<Value> {
    let path = format!("/tenants/{}/secrets/jwk", tenant.id);
    auditor.get(&path).await.expect(200).json().as_array().unwrap().clone()
}

/// Returns the `kid` of a new token.
async fn kid(tenant: &TestTenant, person: &mut Person) -> String {
    let token = person.login(tenant).await.expect(200).field("token");
    jsonwebtoken::decode_header(&token).unwrap().kid.unwrap()
}

async fn published(tenant: &TestTenant) -> Vec<String> {
    let document = tenant.anonymous.get("/.well-known/jwks.json").await.expect(200).json();
    document["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn due_key_is_replaced_and_its_successor_is_published_before_it_signs() {
    let (server, tenant, auditor) = fixture().await;
    let mut zoe = Person::new("zoe");
    let _ = zoe.register(&tenant).await.expect(200);
    let old = kid(&tenant, &mut zoe).await;
    let [only] = keys(&auditor, &tenant).await.try_into().unwrap();
    let time = |key: &Value, name: &str| key[name].as_str().unwrap().parse::<doorward_shared::Timestamp>().unwrap();
    assert_eq!(time(&only, "rotates_at"), time(&only, "signs_from").plus_millis(i64::from(DAYS) * DAY_MS));

    server.clock.advance_ms(i64::from(DAYS) * DAY_MS - 1);
    assert_eq!(jobs::rotate_signing_keys(&server.app).await.unwrap(), 0);
    server.clock.advance_ms(1);
    assert_eq!(jobs::rotate_signing_keys(&server.app).await.unwrap(), 1);
    assert_eq!(jobs::rotate_signing_keys(&server.app).await.unwrap(), 0, "the new key is not due");

    let listed = keys(&auditor, &tenant).await;
    assert_eq!(listed.len(), 2);
    let new = listed[0]["id"].as_str().unwrap().to_owned();
    assert!(listed[0]["rotates_at"].is_string() && listed[1]["rotates_at"].is_null(), "{listed:?}");
    let documents = published(&tenant).await;
    assert!(documents.contains(&old) && documents.contains(&new));
    server.clock.advance_ms(PUBLISHED_BEFORE_SIGNING_MS - 1);
    assert_eq!(kid(&tenant, &mut zoe).await, old);
    server.clock.advance_ms(1);
    assert_eq!(kid(&tenant, &mut zoe).await, new);

    let entry = tenant.entries("type=signing_key_created").await.remove(0).0;
    assert_eq!(entry["actor_user_id"], "job:token.rotate_every", "{entry}");
    let metrics = server.admin("scraper", Role::Metrics).await.get("/metrics").await.expect(200).text;
    assert!(metrics.contains("doorward_signing_keys_rotated_total 1"), "{metrics}");
}

#[tokio::test]
async fn rotation_keeps_the_algorithm_and_is_delayed_by_a_manual_rotation() {
    let (server, tenant, auditor) = fixture().await;
    let admin = server.admin("ops", Role::Admin).await;
    server.clock.advance_ms(20 * DAY_MS);
    let path = format!("/tenants/{}/secrets/jwk?force=true", tenant.id);
    let _ = admin.post(&path, &json!({ "algorithm": "EdDSA" })).await.expect(201);
    server.clock.advance_ms(20 * DAY_MS);
    assert_eq!(jobs::rotate_signing_keys(&server.app).await.unwrap(), 0);
    server.clock.advance_ms(10 * DAY_MS);
    assert_eq!(jobs::rotate_signing_keys(&server.app).await.unwrap(), 1);
    let newest = keys(&auditor, &tenant).await.remove(0);
    assert_eq!((&newest["algorithm"], &newest["signing"]), (&json!("EdDSA"), &json!(false)));
    let refused = admin.post("/admin_tokens", &json!({ "name": "Job: rotate", "role": "admin" })).await;
    refused.expect_refusal(400, "validation_failed");
}

#[tokio::test]
async fn private_part_of_a_key_that_no_longer_signs_is_destroyed_after_a_week() {
    let (server, tenant, auditor) = fixture().await;
    let admin = server.admin("ops", Role::Admin).await;
    let path = format!("/tenants/{}/secrets/jwk", tenant.id);
    // Retires two keys, and then withdraws one of them.
    let withdrawn = admin.post(&format!("{path}?force=true"), &json!({})).await.expect(201).field("id");
    let _ = admin.post(&format!("{path}?force=true"), &json!({})).await.expect(201);
    let _ = admin.delete(&format!("{path}/{withdrawn}?withdraw=true")).await.expect(200);
    let private = async || {
        let query = "SELECT CASE WHEN length(sealed_private_key) > 0 THEN 'key' ELSE 'none' END AS value \
                     FROM signing_keys ORDER BY value";
        doorward_testkit::database::texts(server.database_url(), query).await
    };
    server.clock.advance_ms(7 * DAY_MS);
    assert_eq!(jobs::destroy_retired_keys(&server.app).await.unwrap(), 0);
    server.clock.advance_ms(1);
    assert_eq!(private().await, ["key", "key", "key"]);
    assert_eq!(jobs::destroy_retired_keys(&server.app).await.unwrap(), 2);
    assert_eq!(jobs::destroy_retired_keys(&server.app).await.unwrap(), 0);
    assert_eq!(private().await, ["key", "none", "none"]);
    assert_eq!(keys(&auditor, &tenant).await.len(), 3, "the public keys stay");
    let mut zoe = Person::new("zoe");
    let _ = zoe.register(&tenant).await.expect(200);
    assert_eq!(published(&tenant).await, [kid(&tenant, &mut zoe).await]);
}

#[tokio::test]
async fn destroyed_private_part_is_erased_from_the_file() {
    if !doorward_testkit::database::is_sqlite("destroyed_private_part_is_erased_from_the_file") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("doorward.db");
    let builder = TestServer::builder().data_dir(folder.path().to_path_buf()).database(file.display().to_string());
    let (server, tenant, _auditor) = with_tenant(builder.start().await).await;
    let admin = server.admin("ops", Role::Admin).await;
    let path = format!("/tenants/{}/secrets/jwk?force=true", tenant.id);
    let _ = admin.post(&path, &json!({ "algorithm": "RS256" })).await.expect(201);
    let _ = admin.post(&path, &json!({ "algorithm": "ES256" })).await.expect(201);
    let private = async |condition: &str| {
        let query = format!("SELECT hex(sealed_private_key) AS value FROM signing_keys WHERE retired_at {condition}");
        let keys = doorward_testkit::database::texts(server.database_url(), &query).await;
        let byte = |text: &str, at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
        keys.iter().map(|key| (0..key.len()).step_by(2).map(|at| byte(key, at)).collect()).collect::<Vec<Vec<u8>>>()
    };
    let (retired, current) = (private("IS NOT NULL").await, private("IS NULL").await);
    assert_eq!((retired.len(), current.len()), (2, 1));
    server.clock.advance_ms(7 * DAY_MS + 1);
    assert_eq!(jobs::destroy_retired_keys(&server.app).await.unwrap(), 2);
    server.stop().await;
    let file = std::fs::read(&file).unwrap();
    let found = |part: &[u8]| file.windows(part.len()).any(|window| window == part);
    assert!(found(&current[0]), "closing the database moves everything from the write-ahead log to the file");
    for part in retired.iter().flat_map(|key| key.chunks_exact(16)) {
        assert!(!found(part), "a part of a destroyed key");
    }
}

#[tokio::test]
async fn nothing_is_replaced_without_the_setting() {
    let (server, tenant, auditor) = with_tenant(TestServer::start().await).await;
    server.clock.advance_ms(4_000 * DAY_MS);
    assert_eq!(jobs::rotate_signing_keys(&server.app).await.unwrap(), 0);
    let listed = keys(&auditor, &tenant).await;
    assert!(listed.len() == 1 && listed[0]["rotates_at"].is_null(), "{listed:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_jobs_replace_each_key_once() {
    let (server, tenant, auditor) = fixture().await;
    let more = [server.tenant().await, server.tenant().await];
    server.clock.advance_ms(i64::from(DAYS) * DAY_MS);
    let run = || jobs::rotate_signing_keys(&server.app);
    let (a, b, c) = tokio::join!(run(), run(), run());
    assert_eq!(a.unwrap() + b.unwrap() + c.unwrap(), 3);
    for tenant in more.iter().chain([&tenant]) {
        assert_eq!(keys(&auditor, tenant).await.len(), 2);
    }
}

#[tokio::test]
async fn tenant_whose_key_is_damaged_does_not_stop_the_others() {
    let (server, damaged, auditor) = fixture().await;
    let statement =
        format!("UPDATE signing_keys SET sealed_private_key = public_jwk WHERE tenant_id = '{}'", damaged.id);
    let statement = match doorward_testkit::database::postgres() {
        Some(_) => statement.replace("public_jwk", "public_jwk::bytea"),
        None => statement.replace("public_jwk", "CAST(public_jwk AS BLOB)"),
    };
    doorward_testkit::database::execute(server.database_url(), &statement).await;
    // Creating a tenant invalidates the cached signing keys.
    let good = server.tenant().await;
    server.clock.advance_ms(i64::from(DAYS) * DAY_MS);
    let result = jobs::rotate_signing_keys(&server.app).await;
    assert!(matches!(&result, Err(DbError::Database(reason)) if reason.ends_with("for 1 tenant")), "{result:?}");
    assert_eq!(keys(&auditor, &good).await.len(), 2);
}
