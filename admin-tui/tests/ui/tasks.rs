//! Complete tasks, from the first key to the result.

use doorward_admin::{
    api::{ExportFormat, Total},
    request::{AuditPosition, BackendRequest},
};
use doorward_shared::{AuditType, admin::Role, audit::AuditOutcome, page::Order};

use crate::{data, fake_server::FakeServer, harness::App};

#[tokio::test]
async fn tenant_is_created_renamed_and_deleted() {
    let fake = FakeServer::new(data::world());
    let app = App::start(fake.clone(), 80, 24).await;
    app.keys("2 n").await;
    app.write("Wonka").await;
    app.keys("tab").await;
    app.write("wonka.example").await;
    app.keys("tab").await;
    app.write("https://wonka.example, https://www.wonka.example").await;
    app.keys("tab right enter").await;
    app.shows(&["Tenants › Wonka", "Created tenant Wonka"]);
    let created = fake.calls().into_iter().find_map(|call| match call {
        BackendRequest::CreateTenant(request) => Some(*request),
        _ => None,
    });
    let created = created.unwrap();
    let config = created.config.unwrap();
    assert_eq!(config.webauthn.relying_party.id, "wonka.example");
    assert_eq!(config.webauthn.relying_party.origins, ["https://wonka.example", "https://www.wonka.example"]);
    assert!(!created.create_api_key);

    app.keys("R").await;
    for _ in 0.."Wonka".len() {
        app.keys("backspace").await;
    }
    app.write("Willy").await;
    app.keys("enter").await;
    app.shows(&["Tenants › Willy", "Renamed to Willy"]);

    app.keys("D").await;
    app.write("Will").await;
    app.keys("enter").await;
    assert_eq!(
        fake.count(|call| matches!(call, BackendRequest::DeleteTenant(_))),
        0,
        "an incomplete name confirmed the deletion"
    );
    app.write("y").await;
    app.keys("enter").await;
    app.shows(&["Deleted tenant Willy", "8 tenants"]);
    app.lacks(&["› Willy"]);
}

#[tokio::test]
async fn form_shows_missing_values_and_errors_of_the_server() {
    let fake = FakeServer::new(data::world());
    let app = App::start(fake.clone(), 80, 24).await;
    app.keys("2 n enter").await;
    app.shows(&["a name is required"]);
    app.write("refuse me").await;
    app.lacks(&["a name is required"]);
    app.keys("tab tab").await;
    app.write("https://x.example").await;
    app.keys("enter").await;
    app.shows(&["origins require the RP ID"]);
    assert_eq!(fake.count(|call| matches!(call, BackendRequest::CreateTenant(_))), 0);
    app.write("x.example").await;
    app.keys("enter").await;
    app.shows(&["New tenant", "display_name is taken"]);
    app.keys("esc").await;
    app.lacks(&["New tenant"]);
}

#[tokio::test]
async fn api_key_is_created_with_an_expiry_and_revoked() {
    let fake = FakeServer::new(data::world());
    let app = App::start(fake.clone(), 80, 24).await;
    app.keys("2 enter l n").await;
    app.write("nightly").await;
    app.keys("tab").await;
    app.write("yesterday").await;
    app.keys("enter").await;
    app.shows(&["write 12h, 90d"]);
    for _ in 0.."yesterday".len() {
        app.keys("backspace").await;
    }
    app.write("90d").await;
    app.keys("enter").await;
    app.shows(&[data::SECRET, "2027-02-23 10:30:00", "shown only once"]);
    app.keys("c esc").await;
    app.shows(&["nightly", "in 12w"]);
    app.keys("g d").await;
    app.shows(&["Revoke API key nightly?"]);
    app.keys("enter").await;
    app.shows(&["Revoke API key nightly?"]);
    app.keys("y").await;
    app.shows(&["Revoked API key nightly"]);
    app.lacks(&["in 12w"]);
}

#[tokio::test]
async fn signing_keys_are_rotated_and_retired() {
    let fake = FakeServer::new(data::world());
    let app = App::start(fake.clone(), 100, 24).await;
    app.keys("2 enter l l n right right enter").await;
    app.shows(&["RS256", "signs from 2026-11-25 10:40:00"]);
    app.keys("d").await;
    app.shows(&["It is the key that signs now."]);
    app.keys("y").await;
    app.shows(&["Retired the signing key", "retired 2026-11-25"]);
    app.keys("G d").await;
    app.shows(&["already retired"]);
}

#[tokio::test]
async fn user_is_found_and_a_credential_is_removed() {
    let fake = FakeServer::new(data::world());
    let app = App::start(fake.clone(), 100, 30).await;
    app.keys("2 enter l l l /").await;
    app.write("ali").await;
    app.lacks(&["carol"]);
    app.keys("enter enter").await;
    app.shows(&["Acme Bank › alice@example.com", "iCloud Keychain", "YubiKey 5C", "transfer-000"]);
    app.keys("j d").await;
    app.shows(&["Remove credential YubiKey 5C?"]);
    app.keys("y").await;
    app.shows(&["Removed credential YubiKey 5C", "Credentials (1)"]);
    app.keys("D").await;
    app.shows(&["Delete user alice@example.com?", "1 credential"]);
    app.keys("y").await;
    app.shows(&["Deleted user alice@example.com", "No user matches."]);
    app.keys("esc").await;
    app.shows(&["carol"]);
}

#[tokio::test]
async fn admin_token_is_created_and_revoked() {
    let fake = FakeServer::new(data::world());
    let app = App::start(fake.clone(), 80, 24).await;
    app.keys("4 n").await;
    app.write("pager").await;
    app.keys("tab right enter").await;
    app.shows(&[data::SECRET]);
    let role = fake.calls().into_iter().find_map(|call| match call {
        BackendRequest::CreateAdminToken(request) => request.role,
        _ => None,
    });
    assert_eq!(role, Some(Role::Admin));
    app.keys("c esc j d").await;
    app.shows(&["Revoke admin token grafana?"]);
    app.keys("y").await;
    app.shows(&["Revoked admin token grafana", "2 tokens"]);
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
    for _ in 0..4 {
        app.keys("G").await;
    }
    app.shows(&["Tenant 000"]);
    assert!(fake.count(|call| matches!(call, BackendRequest::Tenants(query) if query.after.is_some())) >= 2);
    app.keys("/").await;
    app.write("t 04").await;
    app.shows(&["10 tenants", "Tenant 049"]);
    app.lacks(&["Tenant 000"]);
    app.keys("enter").await;
    app.keys("esc").await;
    app.shows(&["230 tenants"]);
}

#[tokio::test]
async fn audit_entry_opens_its_tenant_and_its_user() {
    let mut world = data::world();
    world.record(0, AuditType::MfaAuthenticationFinalSucceeded, "alice", 1_000);
    world.record(usize::MAX, AuditType::AdminTokenRevoked, "ops", 500);
    let app = App::start(FakeServer::new(world), 100, 30).await;
    app.keys("3 o").await;
    app.shows(&["belongs to no tenant"]);
    app.keys("j o").await;
    app.shows(&["Audit log › Acme Bank", "Configuration"]);
    app.keys("esc u").await;
    app.shows(&["Audit log › alice", "iCloud Keychain"]);
    app.keys("a").await;
    app.shows(&["alice › Audit log of Acme Bank", "user: alice ×"]);
    app.keys("esc esc").await;
    app.shows(&["live"]);
    app.lacks(&["›"]);
}

#[tokio::test]
async fn filters_combine_and_are_removed_one_by_one() {
    let fake = FakeServer::new(data::world());
    let app = App::start(fake.clone(), 160, 30).await;
    app.keys("3 f right right tab").await;
    app.write("bob").await;
    app.keys("tab").await;
    app.write("203.0").await;
    app.keys("tab").await;
    app.write("2h").await;
    app.keys("enter").await;
    app.shows(&["outcome: failed ×", "user: bob ×", "address: 203.0 ×", "from: 2026-11-25 08:30:00 ×"]);
    app.keys("t").await;
    app.write("authentication_final_failed").await;
    app.keys("space down space enter").await;
    app.shows(&["type: webauthn_authentication_final_failed ×", "type: mfa_authentication_final_failed ×"]);
    let query = fake.calls().into_iter().rev().find_map(|call| match call {
        BackendRequest::Audit(query, AuditPosition::Newest) => Some(query),
        _ => None,
    });
    let query = query.unwrap();
    assert_eq!(query.outcome, Some(AuditOutcome::Failed));
    assert_eq!(query.kinds.len(), 2);
    assert_eq!((query.actor.as_deref(), query.source_ip.as_deref()), (Some("bob"), Some("203.0")));
    app.click("user: bob").await;
    app.lacks(&["user: bob"]);
    app.keys("backspace").await;
    app.lacks(&["from:"]);
    app.keys("/").await;
    app.write("nobody").await;
    app.shows(&["text: nobody ×", "No entry matches"]);
    app.keys("esc x").await;
    app.lacks(&["×", "No entry"]);
    app.keys("i").await;
    app.shows(&["log: installation ×", "admin token created"]);
}

#[tokio::test]
async fn export_shows_progress_and_can_be_cancelled() {
    let fake = FakeServer::new(data::world());
    let app = App::start(fake.clone(), 100, 24).await;
    app.keys("3 !").await;
    fake.hold(true);
    app.keys("E right").await;
    app.shows(&["/exports/audit-2026-11-25-10-30-00.csv"]);
    app.keys("enter").await;
    app.shows(&["Exporting", "50 %  6 of 12", "^x cancels"]);
    app.keys("E enter").await;
    app.shows(&["Another export is in progress"]);
    app.keys("^x").await;
    app.shows(&["Export cancelled"]);
    app.lacks(&["Exporting"]);
    fake.hold(false);
    app.keys("E enter").await;
    app.shows(&["Exported 12 entries to /exports/audit-2026-11-25-10-30-00.ndjson"]);
    app.keys("E tab ^u").await;
    app.write("~/refused.csv").await;
    app.keys("enter").await;
    app.shows(&["Exported 12 entries to /home/ops/refused.csv"]);
    assert_eq!(ExportFormat::Ndjson.to_string(), "ndjson");
}

#[tokio::test]
async fn export_with_a_lower_bound_as_total_shows_no_percentage() {
    let fake = FakeServer::new(data::world());
    fake.set_export_total(Total::AtLeast(10_000));
    let app = App::start(fake.clone(), 100, 24).await;
    app.keys("3 !").await;
    fake.hold(true);
    app.keys("E enter").await;
    app.shows(&["Exporting 6 of 10000+ entries"]);
    app.lacks(&["%"]);
}

#[tokio::test]
async fn overview_opens_tenants_and_refusals() {
    let app = App::start(FakeServer::new(data::world()), 100, 30).await;
    app.keys("j enter").await;
    app.shows(&["Overview › Globex"]);
    app.keys("esc tab enter").await;
    app.shows(&["Overview › Audit log", "outcome: failed ×", "api_key_rejected", "req-0046"]);
    app.keys("esc s").await;
    app.shows(&["30 days"]);
}
