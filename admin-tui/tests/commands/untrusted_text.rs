//! Names with invisible characters.

use doorward_admin::sanitize::needs_escape;
use doorward_shared::admin::Role;
use doorward_testkit::TestServer;
use serde_json::json;

use crate::support::Operator;

/// A name with invisible characters. The server accepts them in names, but refuses control characters.
const NAME: &str = "Shop\u{200f}pohS\u{200b}\u{feff}\u{e0041}日本 Zoë";

#[tokio::test(flavor = "multi_thread")]
async fn unsafe_characters_are_escaped_in_all_output() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let root = server.admin("root", Role::Admin).await;
    let _ = root.put(&format!("/tenants/{}", tenant.id), &json!({ "display_name": NAME })).await.expect(204);
    let keys = format!("/tenants/{}/secrets/api", tenant.id);
    let _ = root.post(&keys, &json!({ "name": NAME })).await.expect(201);
    let _ = root.post("/admin_tokens", &json!({ "name": NAME, "role": "auditor" })).await.expect(201);
    let registration = json!({ "user_id": NAME, "username": NAME, "display_name": NAME });
    let _ = tenant.http.post("/registration/initialize", &registration).await.expect(200);
    let operator = Operator::new(&server, Role::Admin).await;
    let id = tenant.id.to_string();
    for arguments in [
        vec!["api-key", "list", "--tenant", &id],
        vec!["admin-token", "list"],
        vec!["audit"],
        vec!["audit", "--tenant", NAME],
        vec!["tenant", "delete", &id],
        vec!["api-key", "list", "--tenant", "Sho"],
    ] {
        for json in [false, true] {
            let mut arguments = arguments.clone();
            if json {
                arguments.push("--json");
            }
            let ran = operator.run(&arguments).await;
            let shown = format!("{}{}", ran.out, ran.err);
            let unsafe_characters: Vec<_> =
                shown.chars().filter(|&symbol| needs_escape(symbol) && symbol != '\n').collect();
            assert!(unsafe_characters.is_empty(), "{arguments:?}: {unsafe_characters:?}");
            assert!(shown.contains("日本 Zoë"), "{arguments:?}: {shown}");
            let escaped = if ran.code == 0 && json { "\\u200f" } else { "\\u{200f}" };
            assert!(shown.contains(escaped), "{arguments:?}: {shown}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_cells_are_not_formulas() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    for user in ["=1+1", "+1", "-1", "@SUM(A1)", "\u{a0}=1", "a;=1"] {
        let registration = json!({ "user_id": user, "username": "x" });
        let _ = tenant.http.post("/registration/initialize", &registration).await.expect(200);
    }
    let operator = Operator::new(&server, Role::Auditor).await;
    let kind = "webauthn_registration_init_succeeded";
    let text = operator.out(&["audit", "--type", kind, "--export", "-", "--format", "csv"]).await;
    assert_eq!(text.matches("\r\n").count(), 7, "{text}");
    for cell in [",'=1+1,", ",'+1,", ",'-1,", ",'@SUM(A1),", ",'\u{a0}=1,", ",a;'=1,"] {
        assert!(text.contains(cell), "{cell}: {text}");
    }
}
