//! Tests of whole tasks, from the first key press to the result.

use doorward_admin::{
    api::{ExportFormat, Total},
    request::{AuditPosition, BackendRequest},
};
use doorward_shared::{AuditType, admin::Role, audit::AuditOutcome, page::Order};

use crate::{
    data,
    fake_server::{FakeServer, start},
    harness::App,
};

#[tokio::test]
async fn tenant_is_created_renamed_and_deleted() {
    let (fake, app) = start(80, 24).await;
    app.keys("2 n 'Wonka' tab 'wonka.example' tab 'https://wonka.example, https://www.wonka.example'").await;
    app.keys_show("tab right enter", &["Tenants › Wonka", "Created tenant Wonka"]).await;
    let created = fake.calls().into_iter().find_map(|call| match call {
        BackendRequest::CreateTenant(request) => Some(*request),
        _ => None,
    });
    let created = created.unwrap();
    let config = created.config.unwrap();
    assert_eq!(config.webauthn.relying_party.id, "wonka.example");
    assert_eq!(config.webauthn.relying_party.origins, ["https://wonka.example", "https://www.wonka.example"]);
    assert!(!created.create_api_key);

    app.keys_show("R ^u 'Willy' enter", &["Tenants › Willy", "Renamed to Willy"]).await;

    app.keys("D 'Will' enter").await;
    assert_eq!(
        fake.count(|call| matches!(call, BackendRequest::DeleteTenant(..))),
        0,
        "an incomplete name confirmed the deletion"
    );
    app.keys_show("'y' enter", &["Deleted tenant Willy", "8 tenants"]).await;
    app.lacks(&["› Willy"]);
}

#[tokio::test]
async fn form_shows_missing_values_and_errors_of_the_server() {
    let (fake, app) = start(80, 24).await;
    app.keys_show("2 n enter", &["a name is required"]).await;
    app.keys("'refuse me'").await;
    app.lacks(&["a name is required"]);
    app.keys_show("tab tab 'https://x.example' enter", &["origins require the RP ID"]).await;
    assert_eq!(fake.count(|call| matches!(call, BackendRequest::CreateTenant(_))), 0);
    app.keys_show("'x.example' enter", &["New tenant", "display_name is taken"]).await;
    app.keys("esc").await;
    app.lacks(&["New tenant"]);
}

#[tokio::test]
async fn api_key_is_created_with_an_expiry_and_revoked() {
    let app = App::start(FakeServer::new(data::world()), 80, 24).await;
    app.keys_show("2 enter l n 'nightly' tab 'yesterday' enter", &["write 12h, 90d"]).await;
    app.keys_show("^u '90d' enter", &[data::SECRET, "2027-02-23 10:30:00", "shown only once"]).await;
    app.keys_show("c esc", &["nightly", "in 12w"]).await;
    app.keys_show("g d", &["Revoke API key nightly?"]).await;
    app.keys_show("enter", &["Revoke API key nightly?"]).await;
    app.keys_show("y", &["Revoked API key nightly"]).await;
    app.lacks(&["in 12w"]);
}

#[tokio::test]
async fn signing_keys_are_rotated_retired_and_withdrawn() {
    let app = App::start(FakeServer::new(data::world()), 100, 24).await;
    app.keys_show("2 enter l l n right right enter", &["RS256", "signs from 2026-11-25 10:40:00"]).await;
    app.keys_show("d", &["It is the key that signs now."]).await;
    app.keys_show("y", &["Retired the signing key", "retired 2026-11-25"]).await;
    app.keys_show("G d", &["already retired"]).await;
    app.keys_show("x", &["Withdraw this signing key", "Its tokens are refused."]).await;
    app.keys_show("y", &["Withdrew the signing key", "withdrawn 2026-11-25"]).await;
    app.keys_show("x", &["already withdrawn"]).await;
}

#[tokio::test]
async fn user_is_found_and_a_credential_is_removed() {
    let app = App::start(FakeServer::new(data::world()), 100, 30).await;
    app.keys("2 enter l l l / 'ali'").await;
    app.lacks(&["carol"]);
    app.keys("enter enter").await;
    app.shows(&["Acme Bank › alice@example.com", "iCloud Keychain", "YubiKey 5C", "transfer-000"]);
    app.keys_show("j d", &["Remove credential YubiKey 5C?"]).await;
    app.keys_show("y", &["Removed credential YubiKey 5C", "Credentials (1)"]).await;
    app.keys_show("D", &["Delete user alice@example.com?", "1 credential"]).await;
    app.keys_show("y", &["Deleted user alice@example.com", "No user matches."]).await;
    app.keys_show("esc", &["carol"]).await;
}

#[tokio::test]
async fn admin_token_is_created_and_revoked() {
    let (fake, app) = start(80, 24).await;
    app.keys_show("4 n 'pager' tab right enter", &[data::SECRET]).await;
    let role = fake.calls().into_iter().find_map(|call| match call {
        BackendRequest::CreateAdminToken(request, _) => request.role,
        _ => None,
    });
    assert_eq!(role, Some(Role::Admin));
    app.keys_show("c esc j d", &["Revoke admin token grafana?"]).await;
    app.keys_show("y", &["Revoked admin token grafana", "2 tokens"]).await;
}

#[tokio::test]
async fn tenants_are_sorted_filtered_and_loaded_while_scrolling() {
    let mut world = data::World::default();
    for at in 0..230 {
        world.add_tenant(&format!("Tenant {at:03}"));
    }
    let fake = FakeServer::new(world);
    let app = App::start(fake.clone(), 80, 24).await;
    app.keys("2 s s S").await;
    let sorted = fake.calls().into_iter().rev().find_map(|call| match call {
        BackendRequest::Tenants(query) => Some((query.sort.map(|sort| sort.as_str()), query.order)),
        _ => None,
    });
    assert_eq!(sorted, Some((Some("name"), Some(Order::Descending))));
    app.shows(&["Name ↓", "Tenant 229", "230 tenants"]);
    app.keys_show("G G G G", &["Tenant 000"]).await;
    assert!(fake.count(|call| matches!(call, BackendRequest::Tenants(query) if query.after.is_some())) >= 2);
    app.keys_show("/ 't 04'", &["10 tenants", "Tenant 049"]).await;
    app.lacks(&["Tenant 000"]);
    app.keys_show("enter esc", &["230 tenants"]).await;
}

#[tokio::test]
async fn audit_entry_opens_its_tenant_and_its_user() {
    let mut world = data::world();
    world.record(0, AuditType::MfaAuthenticationFinalSucceeded, "alice", 1_000);
    world.record(usize::MAX, AuditType::AdminTokenRevoked, "ops", 500);
    let app = App::start(FakeServer::new(world), 100, 30).await;
    app.keys_show("3 o", &["belongs to no tenant"]).await;
    app.keys_show("j o", &["Audit log › Acme Bank", "Configuration"]).await;
    app.keys_show("esc u", &["Audit log › alice", "iCloud Keychain"]).await;
    app.keys_show("a", &["alice › Audit log of Acme Bank", "user: alice ×"]).await;
    app.keys_show("esc esc", &["live"]).await;
    app.lacks(&["›"]);
}

#[tokio::test]
async fn log_of_a_user_and_its_export_contain_no_other_users() {
    let mut world = data::world();
    for user in ["alice", "alice2", "malice"] {
        world.record(0, AuditType::MfaAuthenticationFinalSucceeded, user, 1_000);
    }
    let fake = FakeServer::new(world);
    let app = App::start(fake.clone(), 100, 30).await;
    app.keys_show("2 enter l l l enter a", &["user: alice ×", " alice "]).await;
    app.lacks(&["alice2", "malice"]);
    let matching = app.screen().matches(" alice ").count() - 1;
    app.keys_show("E enter", &[&format!("Exported {matching} entries")]).await;
}

/// If an administrator deletes a credential, the actor is the admin token, not the user who owns the credential.
#[tokio::test]
async fn deletion_of_a_credential_by_an_administrator_opens_no_user() {
    let mut world = data::world();
    world.record(0, AuditType::CredentialDeletedByAdmin, "ops", 500);
    let app = App::start(FakeServer::new(world), 100, 30).await;
    app.keys("3 u").await;
    app.lacks(&["Audit log › ops"]);
}

#[tokio::test]
async fn filters_combine_and_are_removed_one_by_one() {
    let (fake, app) = start(160, 30).await;
    app.keys("3 f right right tab 'bob' tab '203.0' tab '2h' enter").await;
    app.shows(&["outcome: failed ×", "user: *bob* ×", "address: *203.0* ×", "from: 2026-11-25 08:30:00 ×"]);
    app.keys("t 'authentication_final_failed' space down space enter").await;
    app.shows(&["type: webauthn_authentication_final_failed ×", "type: mfa_authentication_final_failed ×"]);
    let query = fake.calls().into_iter().rev().find_map(|call| match call {
        BackendRequest::Audit(query, AuditPosition::Newest) => Some(query),
        _ => None,
    });
    let query = query.unwrap();
    assert_eq!(query.outcome, Some(AuditOutcome::Failed));
    assert_eq!(query.kinds.len(), 2);
    assert_eq!((query.actor.as_deref(), query.source_ip.as_deref()), (Some("bob"), Some("203.0")));
    app.click("user: *bob*").await;
    app.lacks(&["user: *bob*"]);
    app.keys("backspace").await;
    app.lacks(&["from:"]);
    app.keys_show("/ 'nobody'", &["text: nobody ×", "No entry matches"]).await;
    app.keys("esc x").await;
    app.lacks(&["×", "No entry"]);
    app.keys_show("i", &["log: installation ×", "admin token created"]).await;
}

#[tokio::test]
async fn export_shows_progress_and_can_be_cancelled() {
    let (fake, app) = start(100, 24).await;
    app.keys("3 !").await;
    fake.hold(true);
    app.keys_show("E right", &["/exports/audit-2026-11-25-10-30-00.csv"]).await;
    app.keys_show("enter", &["Exporting", "50 %  6 of 12", "^x cancels"]).await;
    app.keys_show("E enter", &["Another export is in progress"]).await;
    app.keys_show("^x", &["Export cancelled"]).await;
    app.lacks(&["Exporting"]);
    fake.hold(false);
    app.keys_show("E enter", &["Exported 12 entries to /exports/audit-2026-11-25-10-30-00.ndjson"]).await;
    app.keys_show("E tab ^u '~/refused.csv' enter", &["Exported 12 entries to /home/ops/refused.csv"]).await;
    assert_eq!(ExportFormat::Ndjson.to_string(), "ndjson");
}

#[tokio::test]
async fn export_with_a_lower_bound_as_total_shows_no_percentage() {
    let fake = FakeServer::new(data::world());
    fake.set_export_total(Total::AtLeast(10_000));
    let app = App::start(fake.clone(), 100, 24).await;
    app.keys("3 !").await;
    fake.hold(true);
    app.keys_show("E enter", &["Exporting 6 of 10000+ entries"]).await;
    app.lacks(&["%"]);
}

#[tokio::test]
async fn overview_opens_tenants_and_refusals() {
    let app = App::start(FakeServer::new(data::world()), 100, 30).await;
    app.keys_show("j enter", &["Overview › Globex"]).await;
    app.keys("esc tab enter").await;
    app.shows(&["Overview › Audit log", "outcome: failed ×", "api_key_rejected", "req-0046"]);
    app.keys_show("esc s", &["30 days"]).await;
}
