//! Metrics of HTTP requests.

use doorward_shared::admin::Role;
use doorward_testkit::TestServer;

#[tokio::test]
async fn unknown_methods_share_one_label() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let admin = server.admin("prometheus", Role::Auditor).await;
    for number in 0..10 {
        let method = format!("INVENTED{number}").parse().unwrap();
        tenant.anonymous.send(method, "/credentials", None).await.expect_refusal(405, "method_not_allowed");
    }
    let text = admin.get("/metrics").await.expect(200).text;
    assert!(!text.contains("INVENTED"), "{text}");
    let line = text.lines().find(|line| line.contains("method=\"other\"") && line.contains("status=\"405\""));
    assert!(line.is_some_and(|line| line.ends_with(" 10")), "{text}");
}
