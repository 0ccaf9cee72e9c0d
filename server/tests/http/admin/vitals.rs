//! `/vitals` and `/tenants/{tenant_id}/activity`.

use doorward_shared::{
    TenantId,
    admin::{CeremonyCount, Role, TenantActivity, Vitals},
};
use doorward_testkit::{Person, TestServer};

#[tokio::test]
async fn vitals_count_requests_ceremonies_and_refusals_of_tenants() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let admin = server.admin("ops", Role::Auditor).await;
    let vitals = async || -> Vitals { serde_json::from_value(admin.get("/vitals").await.expect(200).json()).unwrap() };
    let before = vitals().await;
    let mut alice = Person::new("alice");
    let _ = alice.register_mfa(&tenant).await.expect(200);
    let body = alice.mfa_assertion(&tenant).await;
    let _ = tenant.http.post("/mfa/login/finalize", &body).await.expect(200);
    let _ = tenant.http.post("/mfa/login/finalize", &body).await.expect(401);
    let after = vitals().await;
    assert_eq!(before.node, after.node);
    assert!(after.node.ends_with(&format!("/{}", std::process::id())), "{}", after.node);
    assert!(after.uptime_ms >= before.uptime_ms);
    // The vitals count two registration requests, two login requests and one refused request, but no admin requests.
    assert_eq!(after.requests - before.requests, 5);
    assert_eq!(after.request_times.since(&before.request_times).total(), 5);
    let count = |ceremony: &str| after.ceremonies.iter().find(|it| it.ceremony == ceremony).cloned();
    let mfa_login = CeremonyCount { ceremony: "mfa_login".to_owned(), succeeded: 1, refused: 1 };
    assert_eq!(count("mfa_login"), Some(mfa_login));
    let code = after.refusals.iter().find(|it| it.code == "challenge_unknown");
    assert_eq!(code.map(|it| it.count), Some(1));
    assert!(after.write_wait.total() > before.write_wait.total());
    assert!(!after.queues.is_empty());
    assert!(after.connections.is_some_and(|open| open > 0));
}

#[tokio::test]
async fn activity_of_a_tenant_shows_success_refusals_users_and_models() {
    let server = TestServer::start().await;
    let (tenant, other) = (server.tenant().await, server.tenant().await);
    let admin = server.admin("ops", Role::Auditor).await;
    let mut alice = Person::new("alice");
    let _ = alice.register_mfa(&tenant).await.expect(200);
    let body = alice.mfa_assertion(&tenant).await;
    let _ = tenant.http.post("/mfa/login/finalize", &body).await.expect(200);
    for _ in 0..2 {
        let _ = tenant.http.post("/mfa/login/finalize", &body).await.expect(401);
    }
    tenant.anonymous.get("/credentials").await.expect_refusal(401, "api_key_missing");
    let _ = Person::new("bob").register_mfa(&other).await.expect(200);
    let path = format!("/tenants/{}/activity", tenant.id);
    let activity: TenantActivity = serde_json::from_value(admin.get(&path).await.expect(200).json()).unwrap();
    let count = |ceremony: &str| {
        let found = activity.ceremonies.iter().find(|it| it.ceremony == ceremony);
        found.map(|it| (it.succeeded, it.refused))
    };
    assert_eq!(count("mfa_registration"), Some((1, 0)));
    assert_eq!(count("mfa_login"), Some((1, 2)));
    assert_eq!(count("login"), None);
    assert_eq!(activity.active_users, 1);
    let refusals: Vec<_> = activity.refusals.iter().map(|it| (it.code.as_str(), it.count)).collect();
    assert_eq!(refusals, [("challenge_unknown", 2), ("api_key_missing", 1)]);
    assert_eq!(activity.models.iter().map(|it| it.credentials).sum::<u64>(), 1);
    assert_eq!(activity.examined_credentials, 1);
    assert!(activity.examined_entries >= 7, "{activity:?}");
    assert!(activity.examined_since.is_some());
    let unknown = format!("/tenants/{}/activity", TenantId::new(uuid::Uuid::from_u128(7)));
    admin.get(&unknown).await.expect_refusal(404, "tenant_not_found");
}
