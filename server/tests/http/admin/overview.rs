//! `/overview`, `/tenant_summaries` and `/tenants/{tenant_id}/summary`.

use doorward_shared::{TenantId, admin::Role};
use doorward_testkit::{Person, TestServer};
use serde_json::{Value, json};

const DAY_MS: i64 = 86_400_000;

#[tokio::test]
async fn overview_shows_counts_activity_busiest_tenants_and_refusals() {
    let server = TestServer::start().await;
    let (quiet, busy) = (server.tenant().await, server.tenant().await);
    let mut alice = Person::new("alice");
    let _ = alice.register_mfa(&busy).await.expect(200);
    server.clock.advance_ms(2 * DAY_MS);
    for _ in 0..2 {
        let _ = alice.mfa_login(&busy).await.expect(200);
    }
    quiet.anonymous.get("/credentials").await.expect_refusal(401, "api_key_missing");
    let admin = server.admin("ops", Role::Auditor).await;
    let overview = admin.get("/overview?days=3").await.expect(200).json();
    assert_eq!(overview["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(overview["engine"], server.app.db.engine().as_str());
    assert!(overview["database_bytes"].as_u64().unwrap() > 4096);
    assert_eq!((&overview["tenants"], &overview["users"], &overview["credentials"]), (&json!(2), &json!(1), &json!(1)));
    let day = server.app.clock.now().day();
    let at = |day: i64| json!(doorward_shared::Timestamp::from_millis(day * DAY_MS));
    assert_eq!(
        overview["activity"],
        json!([
            { "at": at(day - 2), "succeeded": 1, "refused": 0 },
            { "at": at(day - 1), "succeeded": 0, "refused": 0 },
            { "at": at(day), "succeeded": 2, "refused": 1 },
        ])
    );
    assert_eq!(overview["counted_at"], json!(server.app.clock.now()));
    let busiest: Vec<&Value> = overview["busiest"].as_array().unwrap().iter().map(|tenant| &tenant["id"]).collect();
    assert_eq!(busiest, [&json!(busy.id), &json!(quiet.id)]);
    assert_eq!(overview["latest_refusals"][0]["type"], "api_key_rejected");
    assert_eq!(overview["latest_refusals"][0]["tenant_name"], "Example");
    assert_eq!(overview["latest_refusals"].as_array().unwrap().len(), 1);
    assert_eq!(admin.get("/overview").await.expect(200).json()["activity"].as_array().unwrap().len(), 14);
    for days in ["0", "91", "x"] {
        admin.get(&format!("/overview?days={days}")).await.expect_refusal(400, "query_invalid");
    }
}

#[tokio::test]
async fn overview_counts_today_once_a_minute_and_past_days_once() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let admin = server.admin("ops", Role::Auditor).await;
    let reject = async || {
        tenant.anonymous.get("/credentials").await.expect_refusal(401, "api_key_missing");
    };
    // Returns the number of refusals on each of the last two days, and the age of today's count in milliseconds.
    let overview = async || {
        let overview = admin.get("/overview?days=2").await.expect(200).json();
        let refused = [0, 1].map(|day| overview["activity"][day]["refused"].as_u64().unwrap());
        let time = |name: &str| serde_json::from_value::<doorward_shared::Timestamp>(overview[name].clone()).unwrap();
        (refused, time("now").millis() - time("counted_at").millis())
    };
    reject().await;
    assert_eq!(overview().await, ([0, 1], 0));
    reject().await;
    server.clock.advance_ms(59_000);
    assert_eq!(overview().await, ([0, 1], 59_000));
    server.clock.advance_ms(1_000);
    assert_eq!(overview().await, ([0, 2], 0));
    server.clock.advance_ms(DAY_MS);
    assert_eq!(overview().await, ([2, 0], 0));
    // Past days are not counted again, so the overview does not show an entry that is added later for a past day.
    server.clock.advance_ms(-DAY_MS);
    reject().await;
    server.clock.advance_ms(DAY_MS);
    reject().await;
    server.clock.advance_ms(60_000);
    assert_eq!(overview().await, ([2, 1], 0));
}

#[tokio::test]
async fn latest_refusals_name_only_existing_tenants() {
    let server = TestServer::start().await;
    let (kept, gone) = (server.tenant().await, server.tenant().await);
    let admin = server.admin("ops", Role::Admin).await;
    for tenant in [&kept, &gone] {
        tenant.anonymous.get("/credentials").await.expect_refusal(401, "api_key_missing");
        server.clock.advance_ms(1_000);
    }
    server.admin("nobody", Role::Auditor).await.post("/tenants", &json!({})).await.expect_refusal(403, "forbidden");
    let refusals = async || {
        let overview = admin.get("/overview").await.expect(200).json();
        let name = |refusal: &Value| (refusal["tenant_id"].clone(), refusal.get("tenant_name").cloned());
        overview["latest_refusals"].as_array().unwrap().iter().map(name).collect::<Vec<_>>()
    };
    let named = |tenant: &doorward_testkit::TestTenant| (json!(tenant.id), Some(json!("Example")));
    let installation = || (json!(TenantId::INSTALLATION), None);
    assert_eq!(refusals().await, [installation(), named(&gone), named(&kept)]);
    let _ = admin.send(reqwest::Method::DELETE, &format!("/tenants/{}", gone.id), None).await.expect(204);
    let unnamed = (json!(gone.id), None);
    assert_eq!(refusals().await, [installation(), unnamed, named(&kept)], "the log of a deleted tenant is kept");
}

#[tokio::test]
async fn tenant_summary_shows_counts_and_activity() {
    let server = TestServer::start().await;
    let (tenant, other) = (server.tenant().await, server.tenant().await);
    let created = server.app.clock.now();
    let _ = Person::new("alice").register_mfa(&tenant).await.expect(200);
    let mut bob = Person::new("bob");
    let _ = bob.register(&tenant).await.expect(200);
    let _ = Person::new("bob").register_mfa(&tenant).await.expect(200);
    let _ = Person::new("carol").register_mfa(&other).await.expect(200);
    server.clock.advance_ms(8 * DAY_MS);
    let _ = bob.login(&tenant).await.expect(200);
    tenant.with_key("dw_wrong").get("/credentials").await.expect_refusal(401, "api_key_invalid");
    server.flush_usage().await;
    let admin = server.admin("ops", Role::Auditor).await;
    let path = format!("/tenants/{}/summary", tenant.id);
    let summary = admin.get(&format!("{path}?days=9")).await.expect(200).json();
    let mut expected = json!({
        "id": tenant.id, "display_name": "Example", "rp_id": "example.com", "created_at": created,
        "users": 2, "credentials": 3, "api_keys": 1, "succeeded": 1, "refused": 1,
        "last_activity": server.app.clock.now(),
    });
    let listed = admin.get("/tenant_summaries?sort=users").await.expect(200).json();
    assert_eq!(listed["items"][0], expected);
    assert_eq!((&listed["total"], listed.get("next")), (&json!(2), None));
    expected["activity"] = summary["activity"].clone();
    assert_eq!(summary, expected);
    let activity = summary["activity"].as_array().unwrap();
    assert_eq!(activity.len(), 9);
    assert_eq!((&activity[0]["succeeded"], &activity[8]["succeeded"]), (&json!(3), &json!(1)));
    assert_eq!(activity[8]["refused"], 1);
    let unknown = format!("/tenants/{}/summary", TenantId::INSTALLATION);
    admin.get(&unknown).await.expect_refusal(404, "tenant_not_found");
}

#[tokio::test]
async fn last_activity_is_written_at_most_once_a_minute() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let admin = server.admin("ops", Role::Auditor).await;
    let flush = async || server.app.key_usage.flush(&server.app.db, false).await.unwrap();
    let _ = flush().await;
    let start = server.app.clock.now();
    for (seconds, written) in [(10, 0), (40, 0), (60, 60), (100, 60), (125, 125)] {
        let at = start.plus_millis(seconds * 1_000);
        server.clock.advance_ms(at.millis() - server.app.clock.now().millis());
        tenant.anonymous.get("/credentials").await.expect_refusal(401, "api_key_missing");
        let _ = flush().await;
        let summary = admin.get(&format!("/tenants/{}/summary", tenant.id)).await.expect(200).json();
        assert_eq!(summary["last_activity"], json!(start.plus_millis(written * 1_000)), "{seconds}");
    }
    // The activity of 250 tenants is written in several units of work.
    for number in 0..250 {
        server.app.key_usage.tenant_active(TenantId::new(uuid::Uuid::from_u128(number + 1)), server.app.clock.now());
    }
    assert_eq!(flush().await, 250);
    assert_eq!(flush().await, 0);
}

#[tokio::test]
async fn tenants_are_listed_searched_and_sorted_in_pages() {
    let server = TestServer::start().await;
    let admin = server.admin("ops", Role::Admin).await;
    for number in 0..7 {
        let request = json!({ "display_name": format!("{} {number}", ["Shop", "bank", "Äpfel"][number % 3]) });
        let _ = admin.post("/tenants", &request).await.expect(201);
        server.clock.advance_ms(1_000);
    }
    for (query, expected) in [
        ("", ["bank 1", "bank 4", "Shop 0", "Shop 3", "Shop 6", "Äpfel 2", "Äpfel 5"].as_slice()),
        ("order=desc", &["Äpfel 5", "Äpfel 2", "Shop 6", "Shop 3", "Shop 0", "bank 4", "bank 1"]),
        ("sort=created&order=asc", &["Shop 0", "bank 1", "Äpfel 2", "Shop 3", "bank 4", "Äpfel 5", "Shop 6"]),
        ("sort=activity&q=BANK", &["bank 4", "bank 1"]),
        ("sort=users&q=%25", &[]),
    ] {
        let (mut names, mut after) = (Vec::new(), String::new());
        loop {
            let path = format!("/tenant_summaries?limit=2&{query}&after={after}");
            let page = admin.get(&path).await.expect(200).json();
            let items = page["items"].as_array().unwrap();
            names.extend(items.iter().map(|item| item["display_name"].as_str().unwrap().to_owned()));
            assert_eq!(page["total"], expected.len(), "{query}");
            match page["next"].as_str() {
                Some(next) => after = next.to_owned(),
                None => break,
            }
        }
        assert_eq!(names, expected, "{query}");
    }
    for query in ["sort=size", "order=up", "limit=0", "limit=201", "after=x", "sort=users&after=MQp0eA"] {
        admin.get(&format!("/tenant_summaries?{query}")).await.expect_refusal(400, "query_invalid");
    }
    // A cursor is valid only with the sort order of the page that returned the cursor.
    let page = admin.get("/tenant_summaries?sort=users&limit=1").await.expect(200).json();
    let after = page["next"].as_str().unwrap();
    let _ = admin.get(&format!("/tenant_summaries?sort=users&after={after}")).await.expect(200);
    for order in ["sort=api_keys", "sort=created", "sort=refused", "sort=name", "sort=users&order=asc"] {
        let path = format!("/tenant_summaries?{order}&after={after}");
        admin.get(&path).await.expect_refusal(400, "query_invalid");
    }
}

#[tokio::test]
async fn tenants_are_sorted_by_keys_and_by_the_counts_of_seven_days() {
    let server = TestServer::start().await;
    let admin = server.admin("ops", Role::Admin).await;
    let (one, two) = (server.tenant().await, server.tenant().await);
    let path = format!("/tenants/{}/secrets/api", two.id);
    let _ = admin.post(&path, &json!({ "name": "second" })).await.expect(201);
    let first = async |sort: &str| {
        let page = admin.get(&format!("/tenant_summaries?sort={sort}&limit=1")).await.expect(200).json();
        assert_eq!(page["total"], 2, "{sort}");
        page["items"][0].clone()
    };
    assert_eq!(first("api_keys").await["id"], json!(two.id));
    let reject = async |tenant: &doorward_testkit::TestTenant| {
        tenant.anonymous.get("/credentials").await.expect_refusal(401, "api_key_missing");
    };
    reject(&one).await;
    server.clock.advance_ms(6 * DAY_MS);
    reject(&one).await;
    reject(&two).await;
    let most = first("refused").await;
    assert_eq!((&most["id"], &most["refused"]), (&json!(one.id), &json!(2)));
    // The first refusal is now older than seven days.
    server.clock.advance_ms(DAY_MS);
    reject(&two).await;
    let most = first("refused").await;
    assert_eq!((&most["id"], &most["refused"]), (&json!(two.id), &json!(2)));
    let _ = Person::new("alice").register_mfa(&one).await.expect(200);
    let most = first("succeeded").await;
    assert_eq!((&most["id"], &most["succeeded"]), (&json!(one.id), &json!(1)));
}

#[tokio::test]
async fn tenants_are_found_and_sorted_by_their_current_rp_id() {
    let server = TestServer::start().await;
    let admin = server.admin("ops", Role::Admin).await;
    let config = |rp_id: &str| {
        let relying_party = json!({ "id": rp_id, "display_name": "x", "origins": [format!("https://{rp_id}")] });
        json!({ "cors": { "allowed_origins": [] }, "webauthn": { "relying_party": relying_party } })
    };
    for (name, rp_id) in [("One", "zebra.example.com"), ("Two", "login.acme.example"), ("Three", "acme.test")] {
        let request = json!({ "display_name": name, "config": config(rp_id) });
        let _ = admin.post("/tenants", &request).await.expect(201);
    }
    let names = async |query: &str| {
        let page = admin.get(&format!("/tenant_summaries?{query}")).await.expect(200).json();
        let items = page["items"].as_array().unwrap().clone();
        assert_eq!(page["total"], items.len());
        items.iter().map(|item| item["display_name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("q=ACME").await, ["Three", "Two"]);
    assert_eq!(names("sort=rp_id").await, ["Three", "Two", "One"]);
    let one = admin.get("/tenant_summaries?q=zebra").await.expect(200).json()["items"][0]["id"].clone();
    let path = format!("/tenants/{}/config", one.as_str().unwrap());
    let _ = admin.put(&path, &config("acme-bank.example")).await.expect(204);
    assert!(names("q=zebra").await.is_empty());
    assert_eq!(names("sort=rp_id&order=desc&q=acme").await, ["Two", "Three", "One"]);
}

#[tokio::test]
async fn job_counts_past_days_before_an_overview_needs_them() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let admin = server.admin("ops", Role::Auditor).await;
    tenant.anonymous.get("/credentials").await.expect_refusal(401, "api_key_missing");
    server.clock.advance_ms(3 * DAY_MS);
    doorward_server::jobs::count_days(&server.app).await.unwrap();
    // The overview uses the cached sum of the past day, so it does not show the changed count.
    server.sql("UPDATE audit_counts SET count = 7 WHERE type = 'api_key_rejected'").await;
    let overview = admin.get("/overview?days=5").await.expect(200).json();
    let refused = [0, 1, 2, 3, 4].map(|day| overview["activity"][day]["refused"].as_u64().unwrap());
    assert_eq!(refused, [0, 1, 0, 0, 0]);
}
