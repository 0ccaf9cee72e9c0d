//! `/{tenant_id}/audit_logs`.

use doorward_server::{
    domain::RequestMeta,
    service::{admin::disabling, audit},
};
use doorward_shared::{ApiKeyId, AuditType};
use doorward_testkit::{Person, TestServer, TestTenant, database};
use serde_json::json;

#[tokio::test]
async fn the_log_is_filtered_paged_and_exported() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let mut alice = Person::new("alice_1");
    let _ = alice.register_mfa(&tenant).await.expect(200);
    server.clock.advance_ms(1_000);
    let later = server.app.clock.now();
    for _ in 0..3 {
        let _ = alice.mfa_login(&tenant).await.expect(200);
    }
    let total = tenant.count("").await;
    assert_eq!(tenant.count("actor_user_id=alice_1").await, 8);
    assert_eq!(tenant.count("actor_user_id=aliceX1").await, 0, "an underscore is not a wildcard");
    assert_eq!(tenant.count("q=%25").await, 0, "a percent sign is not a wildcard");
    assert_eq!(tenant.count("type=mfa_authentication_final_succeeded").await, 3);
    let both = "type=mfa_authentication_final_succeeded,mfa_authentication_init_succeeded";
    assert_eq!(tenant.count(both).await, 6);
    assert_eq!(tenant.count(&format!("start_time={later}")).await, 6);
    assert_eq!(tenant.count(&format!("end_time={later}")).await, total - 6);
    assert_eq!(tenant.count("meta_source_ip=127.0").await, 8);
    let page = tenant.http.get("/audit_logs?per_page=2&page=2").await.expect(200);
    assert!(page.header("link").unwrap().contains("page=3"));
    let rows = tenant.entries("").await;
    let third = rows[2].text("id").unwrap();
    let newer = tenant.http.get(&format!("/audit_logs?after={third}")).await.expect(200).json();
    assert_eq!(newer.as_array().unwrap().len(), 2);
    let older = tenant.http.get(&format!("/audit_logs?before={third}&per_page=1")).await.expect(200).json();
    assert_eq!(older[0]["id"], rows[3].0["id"]);
    let lines = tenant.http.get("/audit_logs?format=ndjson").await.expect(200);
    assert_eq!(lines.text.lines().count() as u64, total);
    let table = tenant.http.get("/audit_logs?format=csv&type=mfa_authentication_final_succeeded").await.expect(200);
    assert_eq!(table.text.lines().count(), 4);
    tenant.http.get("/audit_logs?type=nonsense").await.expect_refusal(400, "query_invalid");
    tenant.http.get("/audit_logs?start_time=yesterday").await.expect_refusal(400, "query_invalid");
}

#[tokio::test]
async fn exact_filters_can_be_repeated_and_negated() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let (mut alice, mut bob) = (Person::new("alice"), Person::new("bob"));
    let _ = alice.register_mfa(&tenant).await.expect(200);
    let _ = bob.register_mfa(&tenant).await.expect(200);
    let login = alice.mfa_login(&tenant).await.expect(200);
    let refused = tenant.http.post("/mfa/login/initialize", &json!({ "user_id": "nobody" })).await;
    refused.expect_refusal(404, "user_not_found");
    let count = async |query: &str| tenant.count(query).await;
    let total = count("").await;
    let (of_alice, of_bob) = (count("actor=alice").await, count("actor=bob").await);
    assert_eq!((of_alice, of_bob), (4, 2));
    assert_eq!(count("actor=ALICE").await, 0);
    assert_eq!(count("actor=alice&actor=bob").await, 6);
    assert_eq!(count("not_actor=alice&not_actor=bob").await, total - 6);
    assert_eq!(count("outcome=failed").await, 1);
    assert_eq!(count("not_outcome=succeeded&error_code=user_not_found").await, 1);
    assert_eq!(count("not_error_code=user_not_found").await, total - 1);
    assert_eq!(count("source_ip=127.0.0.1").await, count("source_ip=127.0.0.0/8").await);
    assert_eq!(count("not_source_ip=127.0.0.0/8").await + count("source_ip=::ffff:127.0.0.1").await, total);
    assert_eq!(count("source_ip=10.0.0.0/8").await, 0);
    assert_eq!(count(&format!("request_id={}", login.request_id())).await, 1);
    let credential = tenant.entries("type=mfa_authentication_final_succeeded").await[0].text("credential_id").unwrap();
    assert_eq!(count(&format!("credential_id={credential}")).await, 2);
    assert_eq!(count(&format!("not_type=mfa_authentication_final_succeeded&credential_id={credential}")).await, 1);
    for wrong in ["source_ip=localhost", "source_ip=10.0.0.0/33", "outcome=maybe", "not_type=nonsense"] {
        tenant.http.get(&format!("/audit_logs?{wrong}")).await.expect_refusal(400, "query_invalid");
    }
}

#[tokio::test]
async fn entries_name_the_api_key_of_their_request() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let mut alice = Person::new("alice");
    let _ = alice.register(&tenant).await.expect(200);
    let (first, other) = (server.api_key(tenant.id, None).await, server.api_key(tenant.id, None).await);
    let with_first = TestTenant { http: tenant.with_key(&first.secret), ..tenant.clone() };
    let body = alice.login_assertion(&with_first, false).await;
    let _ = tenant.anonymous.post("/login/finalize", &body).await.expect(200);
    let nobody = json!({ "user_id": "nobody" });
    tenant.with_key(&other.secret).post("/mfa/login/initialize", &nobody).await.expect_refusal(404, "user_not_found");
    let key = async |kind: &str| tenant.entries(&format!("type={kind}")).await.remove(0).text("api_key_id");
    assert_eq!(key("webauthn_authentication_init_succeeded").await, Some(first.id.to_string()));
    assert_eq!(key("webauthn_authentication_final_succeeded").await, None);
    assert_eq!(key("mfa_authentication_init_failed").await, Some(other.id.to_string()));
    // The entry of a request with the correct secret names the API key, even if the key is disabled. The entry of a
    // request with a wrong secret does not, because such a secret does not prove that the caller has the key.
    let target = disabling::Target::ApiKey(ApiKeyId::new(other.id));
    assert!(disabling::disable(&server.administrator(), tenant.id, target).await.unwrap());
    tenant.with_key(&other.secret).get("/credentials/AAAA").await.expect_refusal(401, "api_key_disabled");
    let last = if other.secret.ends_with('A') { "B" } else { "A" };
    let wrong = format!("{}{last}", &other.secret[..other.secret.len() - 1]);
    tenant.with_key(&wrong).get("/credentials/AAAA").await.expect_refusal(401, "api_key_invalid");
    let total = tenant.count("").await;
    let (of_first, of_other) = (format!("api_key_id={}", first.id), format!("api_key_id={}", other.id));
    assert_eq!((tenant.count(&of_first).await, tenant.count(&of_other).await), (1, 2));
    assert_eq!(tenant.count(&format!("{of_first}&{of_other}")).await, 3);
    assert_eq!(tenant.count(&format!("not_{of_first}&not_{of_other}")).await, total - 3);
    tenant.http.get("/audit_logs?api_key_id=ci").await.expect_refusal(400, "query_invalid");
}

#[tokio::test]
async fn long_and_repeated_filters_are_rejected() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let get = async |query: String| tenant.http.get(&format!("/audit_logs?{query}")).await;
    for name in ["q", "actor_user_id", "meta_source_ip", "actor", "request_id", "not_transaction_id"] {
        let _ = get(format!("{name}={}", "x".repeat(256))).await.expect(200);
        get(format!("{name}={}", "x".repeat(257))).await.expect_refusal(400, "query_invalid");
    }
    let _ = get(format!("credential_id={}", "x".repeat(1_364))).await.expect(200);
    get(format!("credential_id={}", "x".repeat(1_365))).await.expect_refusal(400, "query_invalid");
    let every: Vec<&str> = AuditType::ALL.iter().map(|kind| kind.as_str()).collect();
    let _ = get(format!("type={}", every.join(","))).await.expect(200);
    get("type=user_deleted&type=user_deleted".to_owned()).await.expect_refusal(400, "query_invalid");
}

#[tokio::test]
async fn a_cursor_misses_no_entry_that_began_earlier_and_was_written_later() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let begin = || {
        let (meta, now) = (RequestMeta::default(), server.app.clock.now());
        audit::event(&server.app, tenant.id, &meta, AuditType::ApiKeyRejected, now).unwrap()
    };
    let slow = begin().by("slow".to_owned());
    server.clock.advance_ms(25);
    let quick = begin().by("quick".to_owned());
    server.app.db.write(move |connection| quick.write(connection)).await.unwrap();
    let newest = tenant.entries("").await.remove(0);
    assert_eq!(newest.text("actor_user_id").as_deref(), Some("quick"));
    server.app.db.write(move |connection| slow.write(connection)).await.unwrap();
    let newer = tenant.http.get(&format!("/audit_logs?after={}", newest.text("id").unwrap())).await.expect(200).json();
    assert_eq!(newer[0]["actor_user_id"], "slow");
}

#[tokio::test]
async fn exported_cells_are_not_formulas() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let formulas = ["=HYPERLINK(\"http://evil.test\",\"click\")", "+1", "-1", "@SUM(A1)", "＝1", "a;=1"];
    for formula in formulas {
        let caller = tenant.http.clone().header_bytes("user-agent", formula.as_bytes());
        let request = json!({ "user_id": formula, "transaction_id": formula, "transaction_data": 1 });
        caller.post("/transaction/initialize", &request).await.expect_refusal(404, "user_not_found");
    }
    let table = tenant.http.get("/audit_logs?format=csv&type=webauthn_transaction_init_failed").await.expect(200);
    assert_eq!(table.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(table.header("content-disposition"), Some("attachment; filename=\"audit.csv\""));
    let mut rows = csv::Reader::from_reader(table.text.as_bytes());
    let titles = rows.headers().unwrap().clone();
    let column = |name: &str| titles.iter().position(|title| title == name).unwrap();
    let (actor, transaction, agent) = (column("actor_user_id"), column("transaction_id"), column("meta_user_agent"));
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), formulas.len());
    for (row, formula) in rows.iter().zip(formulas) {
        let harmless = if formula.contains(';') { "a;'=1".to_owned() } else { format!("'{formula}") };
        assert_eq!((&row[actor], &row[transaction], &row[agent]), (&*harmless, &*harmless, &*harmless));
    }
    let raw = tenant.http.get("/audit_logs?format=ndjson&type=webauthn_transaction_init_failed").await.expect(200);
    assert_eq!(raw.header("content-type"), Some("application/x-ndjson"));
    let first: serde_json::Value = serde_json::from_str(raw.text.lines().next().unwrap()).unwrap();
    assert_eq!(first["actor_user_id"], formulas[0], "NDJSON is as it was");
}

#[tokio::test]
async fn exports_contain_no_invisible_characters() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let agent = "a\u{9b}31m\u{202e}b\u{2066}c";
    let caller = tenant.http.clone().header_bytes("user-agent", agent.as_bytes());
    caller.get("/transaction/nobody").await.expect_refusal(404, "user_not_found");
    for format in ["ndjson", "csv"] {
        let export = tenant.http.get(&format!("/audit_logs?type=request_rejected&format={format}")).await.expect(200);
        assert!(export.text.contains("a\\u009b31m\\u202eb\\u2066c"), "{}", export.text);
        assert!(!export.text.contains(['\u{9b}', '\u{202e}', '\u{2066}']), "{}", export.text);
    }
    let lines = tenant.http.get("/audit_logs?type=request_rejected&format=ndjson").await.expect(200);
    let entry: serde_json::Value = serde_json::from_str(&lines.text).unwrap();
    assert_eq!(entry["meta_user_agent"], agent);
}

#[tokio::test]
async fn contradictory_filters_return_an_empty_page() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    tenant.http.get("/transaction/nobody").await.expect_refusal(404, "user_not_found");
    for query in [
        "outcome=failed&not_outcome=failed",
        "not_outcome=failed&not_outcome=succeeded",
        "type=request_rejected&not_type=request_rejected",
        "type=request_rejected&outcome=succeeded",
        "error_code=user_not_found&not_error_code=user_not_found",
        "start_time=2100-01-01T00:00:00Z&end_time=2000-01-01T00:00:00Z",
    ] {
        let page = tenant.http.get(&format!("/audit_logs?{query}")).await.expect(200);
        assert_eq!((page.text.as_str(), page.header("x-total-count")), ("[]", Some("0")), "{query}");
        assert!(page.header("link").unwrap().contains("rel=\"first\""), "{query}");
    }
}

#[tokio::test]
async fn exported_tables_contain_the_detail_as_json() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let mut alice = Person::new("alice");
    let _ = alice.register(&tenant).await.expect(200);
    let credentials = tenant.http.get("/credentials").await.expect(200).json();
    let path = format!("/credentials/{}", credentials[0]["id"].as_str().unwrap());
    let _ = tenant.http.patch(&path, &json!({ "name": "My, \"new\" phone" })).await.expect(204);
    let table = tenant.http.get("/audit_logs?format=csv").await.expect(200);
    let mut rows = csv::Reader::from_reader(table.text.as_bytes());
    let column = rows.headers().unwrap().iter().position(|title| title == "detail").unwrap();
    let details: Vec<String> = rows.records().map(|row| row.unwrap()[column].to_owned()).collect();
    let listed: Vec<serde_json::Value> =
        tenant.entries("not_type=audit_exported").await.iter().rev().map(|entry| entry.0["detail"].clone()).collect();
    assert_eq!(details.len(), listed.len());
    for (detail, listed) in details.iter().zip(&listed) {
        assert_eq!(if detail.is_empty() { json!(null) } else { serde_json::from_str(detail).unwrap() }, *listed);
    }
    assert_eq!(listed.last().unwrap()["name"]["after"], "My, \"new\" phone");
}

#[tokio::test]
async fn an_export_of_several_slices_is_complete_and_in_order() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let before = tenant.count("").await;
    for _ in 0..520 {
        let _ = tenant.anonymous.get("/credentials").await.expect(401);
    }
    let text = tenant.http.get("/audit_logs?format=ndjson").await.expect(200).text;
    let ids: Vec<String> = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len() as u64, before + 520);
    assert!(ids.is_sorted(), "oldest first");
}

#[tokio::test]
async fn types_may_be_repeated_and_both_cursors_exclude_each_other() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let mut alice = Person::new("alice");
    let _ = alice.register_mfa(&tenant).await.expect(200);
    let both = "type=mfa_registration_init_succeeded&type=mfa_registration_final_succeeded";
    assert_eq!(tenant.count(both).await, 2);
    let id = tenant.entries(both).await[0].text("id").unwrap();
    for query in [&*format!("after={id}&before={id}"), "after=x", "format=xml", "end_time=2026-13-01"] {
        tenant.http.get(&format!("/audit_logs?{query}")).await.expect_refusal(400, "query_invalid");
    }
    // An unescaped plus sign in a time zone is decoded as a space. The server accepts this space.
    assert_eq!(tenant.count(&format!("{both}&start_time=2020-01-01T00:00:00+01:00")).await, 2);
    let row = &tenant.entries("type=mfa_registration_final_succeeded").await[0];
    let agent = tenant.http.clone().header("user-agent", &"x".repeat(600));
    let refused = agent.get("/credentials/AAAA").await;
    assert_eq!(tenant.entry_of(&refused).await.text("meta_user_agent").unwrap().len(), 256);
    for name in [
        "id",
        "type",
        "meta_http_request_id",
        "meta_source_ip",
        "meta_user_agent",
        "actor_user_id",
        "created_at",
        "updated_at",
        "tenant_id",
        "transaction_id",
        "credential_id",
    ] {
        assert!(row.0.get(name).is_some(), "{name}");
    }
    assert_eq!(row.text("tenant_id"), Some(tenant.id.to_string()));
}

/// Counts the pages that one MFA login writes to the write-ahead log. The initialize and the finalize
/// request have separate commits.
#[tokio::test]
async fn a_lone_mfa_ceremony_writes_at_most_13_pages() {
    use diesel::{Connection as _, SqliteConnection, connection::SimpleConnection as _};

    if !database::is_sqlite("a_lone_mfa_ceremony_writes_at_most_13_pages") {
        return;
    }
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let mut people: Vec<Person> = (0..60).map(|number| Person::new(&format!("user-{number}"))).collect();
    for person in &mut people {
        let _ = person.register_mfa(&tenant).await.expect(200);
        let _ = person.mfa_login(&tenant).await.expect(200);
    }
    let url = server.database_url().to_owned();
    let mut pages = Vec::new();
    for person in &mut people {
        let mut reader = SqliteConnection::establish(&url).unwrap();
        reader.batch_execute("PRAGMA busy_timeout = 5000; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        // While this reader is open, SQLite appends to the write-ahead log and never restarts it from the beginning.
        reader.batch_execute("BEGIN; SELECT COUNT(*) FROM tenants").unwrap();
        let before = std::fs::metadata(format!("{url}-wal")).unwrap().len();
        let _ = person.mfa_login(&tenant).await.expect(200);
        let after = std::fs::metadata(format!("{url}-wal")).unwrap().len();
        reader.batch_execute("COMMIT").unwrap();
        // Each frame consists of a page of 4 096 bytes and a header of 24 bytes.
        pages.push((after - before) / 4_120);
    }
    pages.sort_unstable();
    let mean = pages.iter().sum::<u64>() as f64 / pages.len() as f64;
    println!("pages: median {}, mean {mean:.1}, all {pages:?}", pages[pages.len() / 2]);
    assert!(pages[pages.len() / 2] <= 13 && mean <= 14.0, "{pages:?}");
}

#[tokio::test]
async fn exports_abort_while_a_transaction_withholds_entries() {
    if !database::is_postgres("exports_abort_while_a_transaction_withholds_entries") {
        return;
    }
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let _ = tenant.http.get("/audit_logs").await.expect(200);
    let (meta, now) = (RequestMeta::default(), server.app.clock.now());
    // The two entries have different types. With the same type, one transaction could wait for the counter that the
    // other transaction has locked.
    let [slow, quick] = [AuditType::ApiKeyRejected, AuditType::UserDeleted]
        .map(|kind| audit::event(&server.app, tenant.id, &meta, kind, now).unwrap());
    let ((written, mut wait), (end, ended)) =
        (tokio::sync::mpsc::unbounded_channel(), std::sync::mpsc::channel::<()>());
    let app = std::sync::Arc::clone(&server.app);
    let unit = tokio::spawn(async move {
        app.db
            .write(move |connection| {
                slow.write(connection)?;
                let _ = written.send(());
                let _ = ended.recv();
                Ok::<_, doorward_server::db::DbError>(())
            })
            .await
    });
    wait.recv().await.unwrap();
    server.app.db.write(move |connection| quick.write(connection)).await.unwrap();
    let page = tenant.http.get("/audit_logs").await.expect(200);
    assert_eq!(page.header("x-total-count-relation"), Some("gte"));
    let export = async || {
        let request = reqwest::Client::new().get(format!("{}/audit_logs?format=ndjson", tenant.http.base()));
        request.header("apiKey", &tenant.api_key).send().await.unwrap().text().await
    };
    assert!(export().await.is_err());
    drop(end);
    unit.await.unwrap().unwrap();
    let whole = export().await.unwrap();
    let page = tenant.http.get("/audit_logs").await.expect(200);
    assert_eq!(page.header("x-total-count-relation"), None);
    let with_export = whole.lines().count() + 1;
    assert_eq!(
        page.header("x-total-count"),
        Some(&*with_export.to_string()),
        "an export does not contain its own entry"
    );
}
