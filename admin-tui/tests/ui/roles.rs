//! The app offers auditors no commands that change data. The keys of such commands do nothing.

use doorward_admin::{
    model::Model,
    request::BackendRequest,
    screen::tenant::{Tab, Tenant},
    ui::{Command, Page as _},
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
        let offered = |may_change| tenant.bindings(may_change).into_iter().map(|it| it.command).collect::<Vec<_>>();
        assert!(offered(false).iter().all(|command| !changing.contains(command)), "{tab:?}");
        assert!(offered(true).iter().any(|command| changing.contains(command)), "{tab:?}");
    }
}

#[test]
fn token_may_change_nothing_before_its_role_is_known() {
    let options = crate::harness::options(doorward_admin::ui::Theme::Plain, std::path::PathBuf::new());
    assert!(!Model::new(options).may_change());
}
