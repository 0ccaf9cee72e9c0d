//! Names of query parameters.

use doorward_server::routes::Access;

use super::fixture::{Fixture, guarded};

#[tokio::test]
async fn unknown_parameters_are_refused_on_every_endpoint() {
    let fixture = Fixture::new().await;
    for endpoint in guarded().filter(|endpoint| endpoint.access != Access::Metrics) {
        let path = format!("{}?unknown=1", fixture.path(endpoint, &fixture.one, &fixture.one));
        let response = fixture.admin.send(endpoint.method.parse().unwrap(), &path, Some(b"{}".to_vec())).await;
        response.expect_refusal(400, "parameter_unknown");
        assert!(response.field("details").starts_with("unknown is unknown"), "{path}: {}", response.field("details"));
    }
    let _ = fixture.admin.get("/metrics?unknown=1").await.expect(200);
}

#[tokio::test]
async fn misspelt_filter_is_refused_with_the_nearest_name() {
    let fixture = Fixture::new().await;
    let tenant = fixture.one.tenant.id;
    for (path, details) in [
        (format!("/tenants/{tenant}/audit_logs?outcom=failed"), "outcom is unknown; did you mean `outcome`?"),
        ("/audit_logs?Type=tenant_created".to_owned(), "Type is unknown; did you mean `type`?"),
        ("/audit_logs?actor_user=alice".to_owned(), "actor_user is unknown; did you mean `actor_user_id`?"),
        ("/tenants?perpage=5".to_owned(), "perpage is unknown; did you mean `per_page`?"),
        ("/admin_tokens?role=auditor".to_owned(), "role is unknown"),
    ] {
        let response = fixture.auditor.get(&path).await;
        response.expect_refusal(400, "parameter_unknown");
        assert_eq!(response.field("details"), details);
    }
    let erase = fixture.admin.delete(&format!("/tenants/{tenant}?erase_adit=true")).await;
    erase.expect_refusal(400, "parameter_unknown");
    assert_eq!(fixture.entries(&erase).await[0]["type"], "admin_request_rejected");
    let _ = fixture.admin.get(&format!("/tenants/{tenant}")).await.expect(200);
}

#[tokio::test]
async fn repeated_parameters_are_refused_in_both_apis() {
    let fixture = Fixture::new().await;
    let tenant = &fixture.one.tenant;
    for path in
        ["/tenants?q=a&q=b", "/audit_logs?start_time=2026-01-01T00:00:00Z&start_time=", "/overview?days=1&days=2"]
    {
        let response = fixture.auditor.get(path).await;
        response.expect_refusal(400, "query_invalid");
        assert!(response.field("details").ends_with("must not be repeated"), "{path}");
    }
    let _ = fixture
        .auditor
        .get("/audit_logs?actor=a&actor=b&not_type=tenant_created&not_type=tenant_deleted")
        .await
        .expect(200);
    for path in ["/credentials?user_id=a&user_id=b", "/audit_logs?page=1&page=2", "/transaction/alice?after=&after="] {
        tenant.http.get(path).await.expect_refusal(400, "query_invalid");
    }
    let _ = tenant.http.get("/credentials?unknown=1&unknown=2").await.expect(200);
    let _ = tenant.http.get("/audit_logs?unknown=1&actor=a&actor=b").await.expect(200);
}
