//! Search, completion, saved views and statistics of the audit log.

use std::{fs, path::PathBuf};

use doorward_admin::{
    request::{AuditPosition, BackendRequest},
    settings::Settings,
    ui::Theme,
};
use doorward_shared::{ApiKeyId, AuditType, admin::Role, audit::AuditOutcome};

use crate::{
    data,
    fake_server::{FakeServer, start},
    harness::App,
};

fn last_query(fake: &FakeServer) -> doorward_admin::api::AuditQuery {
    let query = fake.calls().into_iter().rev().find_map(|call| match call {
        BackendRequest::Audit(query, AuditPosition::Newest) => Some(query),
        _ => None,
    });
    query.unwrap()
}

#[tokio::test]
async fn search_combines_fields_and_words() {
    let (fake, app) = start(160, 30).await;
    app.keys("3 / 'type:web*final_failed code:signature_invalid !user:alice since:2h outcome:failed bo' enter").await;
    let query = last_query(&fake);
    assert_eq!((query.kinds.len(), query.outcome), (3, Some(AuditOutcome::Failed)));
    assert_eq!(query.exact, [("error_code", "signature_invalid".to_owned()), ("not_actor", "alice".to_owned())]);
    assert_eq!(query.start.unwrap().to_string(), "2026-11-25T08:30:00.000Z");
    assert_eq!(query.text.as_deref(), Some("bo"));
    app.shows(&["code: signature_invalid ×", "not user: alice ×", "text: bo ×", " bob "]);
    app.lacks(&["dw_0f3a"]);
    // When the search is edited again, the search text is unchanged: relative times stay relative.
    app.keys_show("/", &["/ type:web*final_failed code:signature_invalid !user:alice since:2h"]).await;
    app.keys("esc").await;
    app.click("not user: alice").await;
    app.keys_show("/", &["code:signature_invalid since:2026-11-25T08:30:00 bo"]).await;
    app.lacks(&["!user"]);
}

#[tokio::test]
async fn entries_of_an_api_key_are_opened_from_its_row() {
    let mut world = data::world();
    let key = ApiKeyId::new(world.tenants[0].api_keys[1].id);
    let of_key = world.record(0, AuditType::MfaAuthenticationInitSucceeded, "mallory", 1_000);
    world.record(0, AuditType::MfaAuthenticationInitSucceeded, "nobody", 1_000);
    world.audit.iter_mut().find(|row| row.entry.id == of_key).unwrap().entry.api_key_id = Some(key);
    // Auditors can open these entries as well.
    let fake = FakeServer::with_role(world, Role::Auditor);
    let app = App::start(fake.clone(), 160, 40).await;
    app.keys_show("2 enter l j", &["API keys", "⏎ entries"]).await;
    app.keys_show("enter", &["Audit log", &format!("key: {key} ×"), "mallory"]).await;
    app.lacks(&["nobody"]);
    assert_eq!(last_query(&fake).exact, [("api_key_id", key.to_string())]);
    // The pane shows the id of the API key in the details of the entry and among the most frequent values. The search
    // text contains it in the field `key`.
    app.keys_show("enter", &["API key      ", &key.to_string()]).await;
    app.keys_show("/", &[&format!("/ key:{key}")]).await;
    app.keys("esc x c").await;
    app.keys("l l l l l").await;
    app.shows(&[" key ", &key.to_string()[..20]]);
    app.keys("!").await;
    assert_eq!(last_query(&fake).exact, [("not_api_key_id", key.to_string())]);
    app.lacks(&["mallory"]);
}

#[tokio::test]
async fn problems_are_shown_below_the_search() {
    let (fake, app) = start(120, 30).await;
    app.keys("3 / 'ip:203.0' enter").await;
    app.shows(&["✗ ip:203.0: write an address, a network such as 10.0.0.0/8, or a part such as ip:*203.0*"]);
    assert!(last_query(&fake).is_everything());
    app.keys("^u 'ip:*203.0*' enter").await;
    app.lacks(&["✗ ip"]);
    app.shows(&["address: *203.0* ×"]);
    app.keys_show("x / 'cod:x ' ", &["✗ cod: is not a field"]).await;
    app.keys("esc").await;
    app.lacks(&["cod:", "×"]);
}

#[tokio::test]
async fn incomplete_fields_are_not_requested_while_typing() {
    let (fake, app) = start(120, 30).await;
    app.keys("3 / 'outcome:failed user:bo'").await;
    assert!(last_query(&fake).exact.is_empty());
    assert_eq!(last_query(&fake).outcome, Some(AuditOutcome::Failed));
    app.keys("'b '").await;
    assert_eq!(last_query(&fake).exact, [("actor", "bob".to_owned())]);
    // Esc restores the previous filters of the log.
    app.keys("esc").await;
    assert!(last_query(&fake).is_everything());
}

#[tokio::test]
async fn fields_and_seen_values_are_completed_with_keys_and_mouse() {
    let (fake, app) = start(120, 30).await;
    app.keys_show("3 /", &["type:  code:  ip:  user:  outcome:"]).await;
    app.keys_show("'us' tab", &["/ user:", "alice", "bob", "carol"]).await;
    app.keys_show("'bo' tab", &["/ user:bob", "user: bob ×"]).await;
    app.keys("'co' tab").await;
    app.click("signature_invalid").await;
    app.shows(&["/ user:bob code:signature_invalid"]);
    app.keys("enter").await;
    let exact = [("actor", "bob".to_owned()), ("error_code", "signature_invalid".to_owned())];
    assert_eq!(last_query(&fake).exact, exact);
}

#[tokio::test]
async fn views_are_saved_opened_and_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("admin.toml");
    let text = "# servers\n[profiles.prod]\nurl = \"https://a.example\"\n";
    fs::write(&file, text).unwrap();
    let settings = Settings { file: Some(file.clone()), ..Settings::default() };
    let fake = FakeServer::new(data::world());
    let mut app = App::start_with(fake.clone(), 120, 30, Theme::Dark, PathBuf::new(), settings).await;
    app.keys_show("3 v", &["Saved views", "No view is saved yet.", "^s saves: all entries"]).await;
    app.keys_show("^s", &["type a name first"]).await;
    app.keys("esc / 'outcome:failed user:bob since:1d' enter").await;
    app.keys_show("v 'bob fails'", &["^s saves: outcome:failed user:bob since:1d"]).await;
    app.keys("^s").await;
    while !fs::read_to_string(&file).unwrap().contains("bob fails") {
        app.pass(10).await;
    }
    let saved = fs::read_to_string(&file).unwrap();
    assert!(saved.starts_with(text), "{saved}");
    assert!(saved.contains("[views]\n\"bob fails\" = \"outcome:failed user:bob since:1d\""), "{saved}");
    app.keys("x v").await;
    app.wait_for("bob fails").await;
    app.keys_show("enter", &["user: bob ×", "outcome: failed ×"]).await;
    // The log of a tenant offers the same view, and a click applies the view.
    app.keys("2 enter a v").await;
    app.click("bob fails").await;
    app.shows(&["Audit log of Acme Bank", "user: bob ×"]);
    app.keys_show("v ^x", &["No view is saved yet."]).await;
    while fs::read_to_string(&file).unwrap().contains("bob fails") {
        app.pass(10).await;
    }
}

#[tokio::test]
async fn delete_key_edits_the_name_and_keeps_the_views() {
    let views = [("bob fails".to_owned(), "user:bob".to_owned())].into();
    let settings = Settings { views, ..Settings::default() };
    let fake = FakeServer::new(data::world());
    let app = App::start_with(fake, 120, 30, Theme::Dark, PathBuf::new(), settings).await;
    app.keys_show("3 v 'bob' home del", &["Name ob", "bob fails"]).await;
}

#[tokio::test]
async fn failed_save_of_a_view_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("admin.toml");
    fs::write(&file, "[views").unwrap();
    let settings = Settings { file: Some(file), ..Settings::default() };
    let fake = FakeServer::new(data::world());
    let mut app = App::start_with(fake, 120, 30, Theme::Dark, PathBuf::new(), settings).await;
    app.keys("3 v 'mine' ^s").await;
    app.wait_for("The view was not saved").await;
}

#[tokio::test]
async fn top_values_are_counted_and_filter_the_log() {
    let (fake, app) = start(160, 40).await;
    app.keys_show("3 c", &["Most frequent", "of the 49 entries loaded so far", "code", "signature_invalid"]).await;
    app.keys_show("l", &["alice", "bob", "dw_0f3a"]).await;
    app.keys("enter").await;
    assert_eq!(last_query(&fake).exact.len(), 1);
    app.keys("esc x c c").await;
    app.click(" address ").await;
    app.shows(&["203.0.113.1"]);
    app.click(" user ").await;
    app.keys("!").await;
    assert!(last_query(&fake).exact[0].0 == "not_actor", "{:?}", last_query(&fake));
    app.keys("c").await;
    app.lacks(&["Most frequent"]);
}

#[tokio::test]
async fn models_of_registrations_are_counted() {
    let mut world = data::world();
    world.record(0, AuditType::MfaRegistrationFinalSucceeded, "zoe", 0);
    world.audit.last_mut().unwrap().entry.detail = Some(serde_json::json!({ "aaguid": "ee882879-721c" }));
    let app = App::start(FakeServer::new(world), 160, 40).await;
    app.keys_show("3 c h", &["ee882879-721c"]).await;
    app.keys_show("enter", &["cannot be filtered by model"]).await;
}

#[tokio::test]
async fn histogram_shows_refusals_without_colour() {
    let mut world = data::World::default();
    world.add_tenant("Acme");
    for at in 0..100 {
        world.record(0, AuditType::MfaAuthenticationFinalSucceeded, "alice", at * 1_000);
    }
    world.record(0, AuditType::MfaAuthenticationFinalFailed, "bob", 50_000);
    let app = App::start_in(FakeServer::new(world), 100, 30, Theme::Plain, PathBuf::new()).await;
    app.keys_show("3", &["✓ ok        99", "✗ refused    1", "100 entries loaded · ", "UTC"]).await;
    let screen = app.screen();
    let refused = screen.lines().find(|line| line.contains("✗ refused")).unwrap();
    // Only one interval has a bar. Intervals without refusals are empty.
    assert_eq!(refused.chars().filter(|symbol| ('▁'..='█').contains(symbol)).collect::<String>(), "█");
    app.keys("H").await;
    app.lacks(&["✗ refused"]);
}

#[tokio::test]
async fn search_panes_and_views_are_drawn_in_every_size() {
    let app = App::start(FakeServer::new(data::world()), 80, 24).await;
    for keys in ["3", "enter", "tab", "j", "tab c", "l", "esc c /", "'user:'", "'bob ip:x' enter", "esc v", "esc"] {
        app.keys(keys).await;
        for (columns, rows) in [(50, 12), (60, 15), (80, 24), (119, 30), (131, 20), (300, 90), (80, 24)] {
            app.resize(columns, rows).await;
            assert!(!app.has_ended().await, "{keys} at {columns}x{rows}");
        }
    }
}
