//! `/{tenant_id}/audit_logs`.

use doorward_server::{domain::RequestMeta, service::audit};
use doorward_shared::AuditType;
use doorward_testkit::{Person, TestServer};

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
    assert_eq!(tenant.count("actor_user_id=aliceX1").await, 0, "an underscore is no wildcard");
    assert_eq!(tenant.count("q=%25").await, 0, "a percent sign is no wildcard");
    assert_eq!(tenant.count("type=mfa_authentication_final_succeeded").await, 3);
    let both = "type=mfa_authentication_final_succeeded,mfa_authentication_init_succeeded";
    assert_eq!(tenant.count(both).await, 6);
    assert_eq!(tenant.count(&format!("start_time={later}")).await, 6);
    assert_eq!(tenant.count(&format!("end_time={later}")).await, total - 6);
    assert_eq!(tenant.count("meta_source_ip=127.0").await, 8);
    let page = tenant.http.get("/audit_logs?per_page=2&page=2").await.expect(200);
    assert!(page.header("link").unwrap().contains("page=3"));
    let rows = tenant.rows("").await;
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
async fn reading_on_misses_nothing_that_began_earlier_and_ended_later() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let begin = || {
        let (meta, now) = (RequestMeta::default(), server.app.clock.now());
        audit::event(&server.app, tenant.id, &meta, AuditType::ApiKeyRejected, now).unwrap()
    };
    let slow = begin().by("slow".to_owned());
    server.clock.advance_ms(25);
    let quick = begin().by("quick".to_owned());
    server.app.store.write(move |connection| quick.write(connection)).await.unwrap();
    let newest = tenant.rows("per_page=1").await.remove(0);
    assert_eq!(newest.text("actor_user_id").as_deref(), Some("quick"));
    server.app.store.write(move |connection| slow.write(connection)).await.unwrap();
    let newer = tenant.http.get(&format!("/audit_logs?after={}", newest.text("id").unwrap())).await.expect(200).json();
    assert_eq!(newer[0]["actor_user_id"], "slow");
}
