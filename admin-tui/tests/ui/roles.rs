//! The app offers auditors no commands that change data. The keys of such commands do nothing.

use std::sync::Arc;

use doorward_admin::{
    model::Model,
    request::BackendRequest,
    screen::tenant::{Tab, Tenant},
    ui::{Command, Page as _, Rights},
};
use doorward_shared::admin::Role;

use crate::{data, fake_server::FakeServer, fake_server::tenant_id, harness::App};

fn changes(call: &BackendRequest) -> bool {
    !matches!(
        call,
        BackendRequest::Me
            | BackendRequest::Overview(_)
            | BackendRequest::Vitals
            | BackendRequest::TenantActivity(_)
            | BackendRequest::Tenants(_)
            | BackendRequest::TenantOverview(..)
            | BackendRequest::Tenant(_)
            | BackendRequest::CheckConfig(_)
            | BackendRequest::ApiKeys(_)
            | BackendRequest::SigningKeys(_)
            | BackendRequest::Users(..)
            | BackendRequest::User(..)
            | BackendRequest::Transactions(..)
            | BackendRequest::Audit(..)
            | BackendRequest::AdminTokens
            | BackendRequest::MetadataStatus
            | BackendRequest::CryptoRadar(_)
            | BackendRequest::PreviewTrust(..)
    )
}

#[tokio::test]
async fn auditor_keys_change_nothing() {
    let screens = "1, 2, 2 enter, 2 enter l, 2 enter l l, 2 enter l l l, 2 enter l l l enter, 2 enter h, 2 enter h h, 2 enter h h h, 3, 4";
    for screen in screens.split(", ") {
        let fake = FakeServer::with_role(data::world(), Role::Auditor);
        let app = App::start(fake.clone(), 100, 30).await;
        app.keys(screen).await;
        for key in ["n", "e", "R", "d", "D", "x", "X", "w", "U", "space", "y", "enter"] {
            app.keys(key).await;
            app.lacks(&["cancel", "Delete", "Revoke", "Disable ", "New ", "Rename"]);
        }
        assert_eq!(fake.count(changes), 0, "at {screen}");
        let app = App::start(fake, 100, 40).await;
        app.keys(screen).await;
        app.keys("?").await;
        app.lacks(&["create ", "delete the", "revoke the", "disable the", "rename", "retire"]);
    }
}

#[test]
fn changing_commands_are_offered_only_to_admins() {
    let changing = [
        Command::New,
        Command::Rename,
        Command::Delete,
        Command::DeleteParent,
        Command::ToggleDisabled,
        Command::ToggleParentDisabled,
        Command::Save,
        Command::Revert,
    ];
    let mut tenant = Tenant::new(tenant_id(0), "Acme".to_owned());
    for tab in Tab::ALL {
        tenant.tab = tab;
        let offered = |changes| {
            let rights = Rights { changes, all_tenants: true };
            tenant.bindings(rights).into_iter().map(|it| it.command).collect::<Vec<_>>()
        };
        assert!(offered(false).iter().all(|command| !changing.contains(command)), "{tab:?}");
        assert!(offered(true).iter().any(|command| changing.contains(command)), "{tab:?}");
    }
}

#[test]
fn token_may_change_nothing_before_its_role_is_known() {
    let options = crate::harness::options(doorward_admin::ui::Theme::Plain, std::path::PathBuf::new());
    assert_eq!(Model::new(options).rights(), Rights { changes: false, all_tenants: false });
}

/// Starts the app with a token that is limited to two tenants.
async fn start_limited(role: Role) -> (Arc<FakeServer>, App) {
    let mut world = data::world();
    world.own_tenants = Some(vec![tenant_id(1), tenant_id(3)]);
    let fake = FakeServer::with_role(world, role);
    let app = App::start(fake.clone(), 100, 30).await;
    (fake, app)
}

/// Returns the names of the tenants that limited tokens in these tests may use.
fn names() -> [String; 2] {
    [1, 3].map(|at| data::world().tenants[at].summary.tenant.display_name.clone())
}

#[tokio::test]
async fn limited_token_gets_its_tenants_in_place_of_other_screens() {
    let [one, other] = names();
    let (fake, mut app) = start_limited(Role::Admin).await;
    let limit = "The token ops only changes 2 tenants.";
    app.shows(&[
        "ops (admin, 2 tenants)",
        "Overview",
        limit,
        "needs a token for all tenants",
        &one,
        &other,
        "2 tenants",
    ]);
    app.keys_show("3", &["Audit log", limit, "Enter opens the log of one tenant", &one, "⏎ audit"]).await;
    app.keys_show("4", &["Admin tokens", limit, "only with a token for all tenants"]).await;
    app.lacks(&["not allowed", "n new", "d revoke "]);
    app.keys_show("3 enter", &["Audit log of "]).await;
    app.keys_show("1 enter", &["Success of ceremonies"]).await;
    app.keys("esc").await;
    app.pass(5_000).await;
    app.shows(&[limit, &one]);
    app.keys_show("2", &[&one, "2 tenants"]).await;
    app.lacks(&["n new", "Acme Bank"]);
    app.keys("n").await;
    app.lacks(&["New tenant"]);
    assert_eq!(fake.count(is_refused), 0);
}

#[tokio::test]
async fn read_only_limited_token_says_so_and_changes_nothing() {
    let (fake, app) = start_limited(Role::Auditor).await;
    app.shows(&["ops (auditor, 2 tenants)", "The token ops only reads 2 tenants."]);
    for key in ["n", "d", "x", "R", "e", "D", "X", "space"] {
        app.keys(&format!("2 {key}")).await;
        app.lacks(&["cancel"]);
    }
    assert_eq!(fake.count(changes) + fake.count(is_refused), 0);
}

#[tokio::test]
async fn palette_of_a_limited_token_searches_only_its_tenants() {
    let (fake, mut app) = start_limited(Role::Admin).await;
    app.keys(": 'req-0001'").await;
    app.pass(1_000).await;
    app.lacks(&["not allowed"]);
    let audits = || fake.count(|call| matches!(call, BackendRequest::Audit(..)));
    assert_eq!(audits(), 0);
    app.keys("esc 2 enter").await;
    let before = audits();
    app.keys(": 'req-0001'").await;
    app.pass(1_000).await;
    app.lacks(&["not allowed"]);
    assert_eq!(audits() - before, 2, "credentials and requests, in the log of the tenant");
    app.keys_show("esc : 'go to'", &["go to the overview"]).await;
    app.lacks(&["go to the admin tokens"]);
    assert_eq!(fake.count(is_refused), 0);
}

/// Returns whether the server refuses a request of a limited token.
fn is_refused(call: &BackendRequest) -> bool {
    match call {
        BackendRequest::Audit(query, _) | BackendRequest::AuditCount(query) => query.tenant.is_none(),
        BackendRequest::Overview(_) | BackendRequest::Vitals | BackendRequest::AdminTokens => true,
        BackendRequest::CreateTenant(_) | BackendRequest::CreateAdminToken(..) => true,
        _ => false,
    }
}

#[tokio::test]
async fn list_of_tokens_shows_role_and_tenants() {
    let mut world = data::world();
    world.tokens[2].tenants = Some(vec![tenant_id(1), tenant_id(3)]);
    world.tokens[2].tenant_names = Some(names().to_vec());
    let app = App::start(FakeServer::new(world), 160, 40).await;
    let [one, other] = names();
    app.keys_show("4", &["Role", "Tenants", "all", &format!("{one}, {other}"), "all, and the installation"]).await;
    app.keys_show("G", &["only 2 tenants", &tenant_id(3).to_string()]).await;
    app.keys_show("s s s", &["Tenants ↑"]).await;
}
