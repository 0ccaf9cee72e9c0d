//! `doctor`

use doorward_shared::admin::Role;
use doorward_testkit::Person;

use crate::support::setup;

#[tokio::test(flavor = "multi_thread")]
async fn unknown_origin_of_the_tenants_domain_is_an_error() {
    let (server, tenant, operator) = setup(Role::Auditor).await;
    // The command uses the clock of its own machine, so the test sets the server's clock to the same time.
    server.clock.advance_ms(doorward_admin::clock::now().millis() - server.app.clock.now().millis());
    let healthy = operator.run(&["doctor", "Example"]).await;
    assert_eq!(healthy.code, 0, "{}", healthy.err);
    assert!(!healthy.out.contains("error "), "{}", healthy.out);

    let mut alice = Person::new("alice");
    let _ = alice.register_mfa(&tenant).await.expect(200);
    let request = serde_json::json!({ "user_id": "alice" });
    let options = tenant.http.post("/mfa/login/initialize", &request).await.expect(200).json();
    let mut parts = alice.browser.get_parts(&mut alice.authenticator, &options).unwrap();
    parts.client_data.set("origin", "https://www.example.com");
    let response = tenant.http.post("/mfa/login/finalize", &parts.sign().unwrap().into_json()).await;
    response.expect_refusal(401, "origin_mismatch");

    let found = operator.run(&["doctor", "Example"]).await;
    assert_eq!(found.code, 1, "{}", found.out);
    assert!(found.err.contains("1 error found"), "{}", found.err);
    assert!(found.err.contains("run the commands on the same server: http://127.0.0.1:"), "{}", found.err);
    assert!(found.out.starts_with("error "), "{}", found.out);
    let command = format!(
        "doorward-admin tenant config get {id} | jq '.webauthn.relying_party.origins += [\"https://www.example.com\"]' \
         | doorward-admin tenant config set {id} -",
        id = tenant.id
    );
    assert!(found.out.contains(&command), "{command}\n{}", found.out);
    let json = operator.run(&["doctor", "Example", "--json"]).await;
    let findings: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((&findings[0]["name"], &findings[0]["severity"]), (&"origin_unknown".into(), &"error".into()));
    assert_eq!(json.code, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_tenant_is_refused() {
    let (_server, _tenant, operator) = setup(Role::Auditor).await;
    operator.fails(&["doctor", "Nobody"], 3, &["no tenant has the id or name"]).await;
}
