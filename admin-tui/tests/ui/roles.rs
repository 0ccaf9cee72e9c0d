//! An auditor is offered nothing that the token may not do, and keys do nothing that is not offered.

use doorward_admin::{backend::Call, keymap::Command, model::Model, screen::Screen, screen::tenant::Tenant};
use doorward_shared::admin::Role;

use crate::{data, fake::Fake, fake::tenant_id, harness::App};

fn changes(call: &Call) -> bool {
    !matches!(
        call,
        Call::Me
            | Call::Overview(_)
            | Call::Tenants(_)
            | Call::TenantOverview(..)
            | Call::Tenant(_)
            | Call::CheckConfig(_)
            | Call::ApiKeys(_)
            | Call::SigningKeys(_)
            | Call::Users(..)
            | Call::User(..)
            | Call::Transactions(..)
            | Call::Audit(..)
            | Call::AdminTokens
    )
}

#[tokio::test]
async fn no_key_of_an_auditor_changes_anything() {
    let places = [
        "1",
        "2",
        "2 enter",
        "2 enter l",
        "2 enter l l",
        "2 enter l l l",
        "2 enter l l l enter",
        "2 enter h",
        "3",
        "4",
    ];
    for place in places {
        let fake = Fake::with_role(data::world(), Role::Auditor);
        let app = App::start(fake.clone(), 100, 30).await;
        app.keys(place).await;
        for key in ["n", "e", "R", "d", "D", "w", "U", "space", "y", "enter"] {
            app.keys(key).await;
            app.lacks(&["cancel", "Delete", "Revoke", "New ", "Rename"]);
        }
        assert_eq!(fake.count(changes), 0, "at {place}");
        let app = App::start(fake, 100, 40).await;
        app.keys(place).await;
        app.keys("?").await;
        app.lacks(&["create ", "delete the", "revoke the", "rename", "retire"]);
    }
}

#[test]
fn commands_that_change_are_reported_to_administrators_alone() {
    let changing =
        [Command::New, Command::Rename, Command::Delete, Command::DeleteWhole, Command::Save, Command::Revert];
    let mut tenant = Tenant::new(tenant_id(0), "Acme".to_owned());
    for tab in doorward_admin::screen::tenant::Tab::ALL {
        tenant.tab = tab;
        let screen = Screen::Tenant(Box::new(tenant.clone()));
        let offered =
            |may_change| screen.page().commands(may_change).into_iter().map(|it| it.command).collect::<Vec<_>>();
        assert!(offered(false).iter().all(|command| !changing.contains(command)), "{tab:?}");
        assert!(offered(true).iter().any(|command| changing.contains(command)), "{tab:?}");
    }
}

#[test]
fn nothing_is_offered_before_the_role_is_known() {
    let options = doorward_admin::model::Options {
        server: String::new(),
        theme: doorward_admin::view::Theme::Plain,
        folders: doorward_admin::folders::Folders::default(),
        now: crate::harness::start_time(),
    };
    assert_eq!(Model::new(options, (80, 24)).role(), Role::Auditor);
}
