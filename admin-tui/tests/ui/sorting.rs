//! Sorting of tables by keys and by clicks on the titles of their columns.

use doorward_admin::request::BackendRequest;
use doorward_shared::{
    admin::{SecretItem, TenantSort},
    page::Order,
};

use crate::{
    data,
    fake_server::{FakeServer, start},
    harness::App,
};

fn last_order(fake: &FakeServer) -> (TenantSort, Order) {
    let calls = fake.calls();
    let query = calls.iter().rev().find_map(|call| match call {
        BackendRequest::Tenants(query) => Some(query),
        _ => None,
    });
    query.and_then(|query| Some((query.sort?, query.order?))).unwrap()
}

#[tokio::test]
async fn tenants_are_sorted_by_clicks_on_column_titles() {
    let (fake, app) = start(110, 30).await;
    app.keys("2").await;
    for (title, sort, order) in [
        ("Name", TenantSort::Name, Order::Ascending),
        ("Name ↑", TenantSort::Name, Order::Descending),
        ("RP ID", TenantSort::RpId, Order::Ascending),
        ("Users", TenantSort::Users, Order::Descending),
        ("Users ↓", TenantSort::Users, Order::Ascending),
        ("Keys", TenantSort::ApiKeys, Order::Descending),
        ("OK 7d", TenantSort::Succeeded, Order::Descending),
        ("Refused", TenantSort::Refused, Order::Descending),
        ("Refused ↓", TenantSort::Refused, Order::Ascending),
        ("Active", TenantSort::Activity, Order::Descending),
    ] {
        app.click(title).await;
        assert_eq!(last_order(&fake), (sort, order), "{title}");
    }
}

#[tokio::test]
async fn key_sorts_tenants_by_each_column_from_left_to_right() {
    let (fake, app) = start(110, 30).await;
    app.keys_show("2", &["Active ↓"]).await;
    let titles = ["Created ↓", "Name ↑", "RP ID ↑", "Users ↓", "Keys ↓", "OK 7d ↓", "Refused ↓", "Active ↓"];
    for title in titles {
        app.keys_show("s", &[title]).await;
    }
    app.keys_show("S", &["Active ↑"]).await;
    assert_eq!(last_order(&fake), (TenantSort::Activity, Order::Ascending));
}

#[tokio::test]
async fn list_says_if_only_some_tenants_are_sorted_by_their_counts() {
    let mut world = data::world();
    for number in 0..1_000 {
        world.add_tenant(&format!("Tenant {number}"));
    }
    let app = App::start(FakeServer::new(world), 110, 30).await;
    app.keys_show("2", &["1008 tenants"]).await;
    app.lacks(&["sorted:"]);
    app.click("Refused").await;
    app.shows(&["sorted: the 1000 active last of 1008 tenants", "Refused ↓"]);
    app.keys("/ 'Globex' enter").await;
    app.lacks(&["sorted:"]);
}

#[tokio::test]
async fn tenants_are_filtered_by_rp_id() {
    let (_fake, app) = start(80, 24).await;
    app.keys("2 / 'umbrellahealth.example'").await;
    app.shows(&["Umbrella Health", "1 tenant"]);
}

/// Returns the texts in the order in which they appear on the screen, from top to bottom.
fn order<'a>(screen: &str, texts: &[&'a str]) -> Vec<&'a str> {
    let mut found: Vec<_> = texts.iter().map(|text| (screen.find(text).unwrap(), *text)).collect();
    found.sort_unstable();
    found.into_iter().map(|(_, text)| text).collect()
}

#[tokio::test]
async fn keys_are_sorted_by_any_column_and_keep_the_selection() {
    let (_fake, mut app) = start(100, 30).await;
    let names = ["backend production", "backend staging", "migration 2025"];
    app.keys("2 enter l j j").await;
    app.keys_show("s", &["Name ↑", "▌migration 2025"]).await;
    app.keys_show("S", &["Name ↓", "▌migration 2025"]).await;
    assert_eq!(order(&app.screen(), &names), [names[2], names[1], names[0]]);
    app.click("Expires").await;
    // Keys that never expire come first.
    assert_eq!(order(&app.screen(), &names), [names[0], names[2], names[1]]);
    app.shows(&["Expires ↑", "▌migration 2025"]);
    // The order survives a refresh.
    app.pass(5_000).await;
    app.shows(&["Expires ↑", "▌migration 2025"]);
    assert_eq!(order(&app.screen(), &names), [names[0], names[2], names[1]]);
}

#[tokio::test]
async fn users_are_sorted_and_partial_lists_say_so() {
    let (_fake, app) = start(100, 30).await;
    app.keys("2 enter l l l").await;
    app.click("Creds").await;
    app.shows(&["Creds ↑"]);
    assert_eq!(order(&app.screen(), &["alice@", "carol@"]), ["carol@", "alice@"]);
    app.lacks(&["sorted among"]);
}

#[tokio::test]
async fn sorted_rows_stay_in_place_during_a_refresh() {
    let mut world = data::world();
    let keys = &mut world.tenants[0].api_keys;
    let model = keys[0].clone();
    *keys = (0..60)
        .map(|at| SecretItem { id: data::uuid(0xa, at), name: format!("key {:02}", at * 7 % 60), ..model.clone() })
        .collect();
    let mut app = App::start(FakeServer::new(world), 100, 30).await;
    app.keys("2 enter l s G").await;
    for _ in 0..25 {
        app.keys("k").await;
    }
    let place = app.find("▌key 34");
    assert!(place.is_some(), "{}", app.screen());
    app.pass(5_000).await;
    assert_eq!(app.find("▌key 34"), place, "{}", app.screen());
}

#[tokio::test]
async fn admin_tokens_are_sorted_by_keys_and_clicks() {
    let (_fake, mut app) = start(100, 30).await;
    let names = ["ops (in use)", "grafana", "contractor"];
    app.keys_show("4 j s", &["Name ↑", "▌grafana"]).await;
    assert_eq!(order(&app.screen(), &names), [names[2], names[1], names[0]]);
    app.click("Role").await;
    assert_eq!(order(&app.screen(), &names), [names[2], names[0], names[1]], "equal rows keep their order");
    app.click("Expires").await;
    app.click("Expires ↑").await;
    app.shows(&["Expires ↓", "▌grafana"]);
    assert_eq!(order(&app.screen(), &names), [names[1], names[2], names[0]]);
    // The order survives a reload.
    app.keys("r").await;
    app.pass(1_000).await;
    assert_eq!(order(&app.screen(), &names), [names[1], names[2], names[0]]);
    app.shows(&["▌grafana"]);
}

#[tokio::test]
async fn credentials_of_a_user_are_sorted_and_keep_selection_and_marks() {
    let (fake, app) = start(140, 40).await;
    let names = ["iCloud Keychain", "YubiKey 5C"];
    app.keys_show("2 enter l l l enter space", &["✓ iCloud Keychain", "▌YubiKey 5C"]).await;
    app.click("Kind").await;
    app.click("Kind ↑").await;
    app.shows(&["Kind ↓", "✓ iCloud Keychain", "▌YubiKey 5C"]);
    assert_eq!(order(&app.screen(), &names), [names[1], names[0]]);
    app.keys_show("d", &["Remove 1 credential?", "iCloud Keychain"]).await;
    app.keys("y").await;
    assert_eq!(fake.world.lock().unwrap().tenants[0].credentials[0].name.as_deref(), Some("YubiKey 5C"));
    // A list of events stays in the order of time.
    app.keys("tab").await;
    app.lacks(&["s sort"]);
}

#[tokio::test]
async fn transactions_are_sorted_and_partial_lists_say_so() {
    let (fake, app) = start(140, 40).await;
    let names = ["transfer-002", "transfer-003", "transfer-005"];
    app.keys("2 enter l l l l").await;
    app.click("State").await;
    app.shows(&["State ↑"]);
    app.lacks(&["sorted among"]);
    assert_eq!(order(&app.screen(), &names), [names[1], names[2], names[0]]);
    app.keys_show("S", &["State ↓"]).await;
    assert_eq!(order(&app.screen(), &names), [names[0], names[1], names[2]]);
    {
        let transactions = &mut fake.world.lock().unwrap().tenants[0].transactions;
        let model = transactions[0].clone();
        *transactions = (0..300)
            .map(|at| {
                let mut it = model.clone();
                it.transaction.id = doorward_shared::TransactionRowId::new(data::uuid(3, at));
                it.transaction.identifier = format!("order-{at:03}");
                it
            })
            .collect();
    }
    app.keys_show("r", &["sorted among the newest 50 transactions"]).await;
}
