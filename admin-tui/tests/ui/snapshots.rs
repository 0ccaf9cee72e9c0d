//! Compares screens at 80x24 and on large terminals with committed snapshots. Some screens are also compared at 60x20,
//! together with their styles.
//!
//! `DOORWARD_ACCEPT=1` replaces the snapshots with the current output.

use std::path::PathBuf;

use doorward_admin::{api::ApiError, ui::Theme};
use doorward_shared::admin::Role;

use crate::{
    data,
    fake_server::{FakeServer, tenant_id, unreachable},
    harness::App,
    report,
};

fn file(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "ui", "snapshots", &format!("{name}.txt")].iter().collect()
}

#[track_caller]
fn compare(name: &str, screen: &str) {
    let (path, screen) = (file(name), format!("{screen}\n"));
    if std::env::var_os("DOORWARD_ACCEPT").is_some() {
        std::fs::write(&path, &screen).unwrap();
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(wanted == screen, "{name} differs; expected\n{wanted}\nbut got\n{screen}");
}

const SIZES: [(u16, u16); 2] = [(80, 24), (160, 48)];
/// Sizes for screens that can fill a large terminal.
const WIDE_SIZES: [(u16, u16); 2] = [(80, 24), (200, 50)];

/// Presses keys to open a screen, and compares the screen in two sizes with its snapshots.
async fn compare_screen(name: &str, role: Role, keys: &str, sizes: [(u16, u16); 2]) {
    for (columns, rows) in sizes {
        let app = App::start(FakeServer::with_role(data::world(), role), columns, rows).await;
        app.keys(keys).await;
        compare(&format!("{name}_{columns}x{rows}"), &app.screen());
    }
}

/// Makes every request to the server fail with `error`, and compares the screen in two sizes with its snapshots.
async fn compare_error(name: &str, error: ApiError) {
    for (columns, rows) in [(80, 24), (160, 48)] {
        let fake = FakeServer::new(data::world());
        fake.fail(Some(error.clone()));
        let app = App::start(fake, columns, rows).await;
        compare(&format!("{name}_{columns}x{rows}"), &app.screen());
    }
}

const SERVER: &str = "http://127.0.0.1:8001";

#[tokio::test]
async fn server_unreachable() {
    compare_error("server_unreachable", unreachable()).await;
}

#[tokio::test]
async fn token_rejected() {
    compare_error("token_rejected", ApiError::Unauthorized { url: SERVER.to_owned() }).await;
}

#[tokio::test]
async fn certificate_unknown() {
    let reason = "no trusted authority issued it (a private one is named with --ca-file)".to_owned();
    compare_error("certificate_unknown", ApiError::CertificateUnknown { url: SERVER.to_owned(), reason }).await;
}

#[tokio::test]
async fn not_the_admin_api() {
    let what = "no JSON".to_owned();
    let error = ApiError::Unexpected { url: SERVER.to_owned(), status: Some(404), what };
    compare_error("not_the_admin_api", error).await;
}

#[tokio::test]
async fn overview() {
    for (columns, rows) in [(60, 20), (80, 24), (200, 50)] {
        let mut app = App::start(FakeServer::new(data::world()), columns, rows).await;
        for _ in 0..45 {
            app.pass(1_000).await;
        }
        compare(&format!("overview_{columns}x{rows}"), &app.screen());
    }
}

#[tokio::test]
async fn reports() {
    for (name, keys) in [("explain", "3 e"), ("doctor", "2 enter c")] {
        for (columns, rows) in [(80, 24), (160, 48)] {
            let app = App::start(FakeServer::new(report::world_with_wrong_origin()), columns, rows).await;
            app.keys(keys).await;
            compare(&format!("{name}_{columns}x{rows}"), &app.screen());
        }
    }
}

#[tokio::test]
async fn limited_token() {
    for (columns, rows) in SIZES {
        let mut world = data::world();
        world.own_tenants = Some([0, 2, 3].map(tenant_id).to_vec());
        let app = App::start(FakeServer::with_role(world, Role::Auditor), columns, rows).await;
        compare(&format!("limited_token_{columns}x{rows}"), &app.screen());
    }
}

#[tokio::test]
async fn small_screens_match_their_snapshots() {
    for (name, keys) in [("overview", ""), ("audit", "3"), ("tenant_deleted", "2 d")] {
        for theme in [Theme::Dark, Theme::Light, Theme::Plain] {
            let fake = FakeServer::new(data::world());
            let app = App::start_in(fake, 60, 20, theme, PathBuf::from("/exports")).await;
            app.keys(keys).await;
            compare(&format!("{name}_60x20_{}", theme.name().as_str()), &app.styled_screen());
        }
    }
}

macro_rules! snapshots {
    ($sizes:ident: $($name:ident $role:ident $keys:expr;)+) => { $(
        #[tokio::test]
        async fn $name() {
            compare_screen(stringify!($name), Role::$role, $keys, $sizes).await;
        }
    )+ };
}

snapshots! { WIDE_SIZES:
    tenants Admin "2";
    tenant_activity Admin "2 enter";
    tenant_users Admin "2 enter l l l";
    user Admin "2 enter l l l enter";
    user_refused Admin "2 enter l l l j enter";
}

snapshots! { SIZES:
    overview_as_auditor Auditor "";
    tenants_as_auditor Auditor "2";
    tenants_filtered Admin "2 / 'gl'";
    tenant_created Admin "2 n";
    tenant_deleted Admin "2 d";
    tenant_config Admin "2 e";
    tenant_config_diff Admin "2 e j enter ' plc' enter w";
    tenant_api_keys Admin "2 enter l";
    tenant_api_keys_as_auditor Auditor "2 enter l";
    tenant_api_key_created Admin "2 enter l n";
    tenant_api_key_shown Admin "2 enter l n 'ci' enter";
    tenant_api_key_revoked Admin "2 enter l d";
    tenant_signing_keys Admin "2 enter l l";
    tenant_signing_key_rotated Admin "2 enter l l n";
    tenant_transactions Admin "2 enter h h h enter";
    tenant_trust Admin "2 enter h h";
    audit Admin "3";
    audit_details Admin "3 j j j enter";
    audit_filters Admin "3 f";
    audit_types Admin "3 t 'mfa' ^a";
    audit_filtered Admin "3 ! f tab 'bob' enter";
    audit_search Admin "3 / 'outcome:failed co'";
    audit_top Admin "3 c l";
    audit_views Admin "3 / 'code:signature_invalid' enter v 'bad signatures'";
    audit_export Admin "3 E";
    tokens Admin "4";
    token_created Admin "4 n";
    help Admin "2 ?";
    palette Admin "2 : 'tenant'";
}
