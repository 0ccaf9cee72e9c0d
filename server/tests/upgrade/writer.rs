//! Writes the fixture of this version.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use doorward_authenticator::{Attestation, Authenticator, Counter, base64url};
use doorward_server::{
    crypto::{PlainSecret, api_key::imported_secret, key_hash},
    db::DatabaseOptions,
    domain::{ApiKey, RequestMeta, Tenant},
    installation::{self, Location, Purpose},
    service::admin::{
        AdminContext,
        import::{self, ImportedTenant, Mode},
    },
};
use doorward_shared::{
    ApiKeyId, TenantId,
    admin::SigningAlgorithm,
    config::{RelyingParty, TenantConfig},
};
use doorward_testkit::{
    Http, ORIGIN, Person, Process, RP_ID, TestTenant, claims, database, mds, process, server, until,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    clients::{Clients, PageAtCursor, TenantKey, ids},
    dump,
    fixture::{FILES, FOLDER, Installation, data},
    migrations,
};

/// Command that writes the fixture of this version again.
pub(crate) const COMMAND: &str = "cargo test --workspace --test upgrade -- --ignored write";
/// Name of the file that marks the fixture of a released version. Such a fixture is never written again.
pub(crate) const RELEASED: &str = "RELEASED";
/// `token.issuer` of fixtures.
pub(crate) const ISSUER: &str = "https://login.example.com";
/// Data of the transaction that alice confirms.
pub(crate) const TRANSACTION: &str = "{\"amount\":\"12 €\"}";
/// Model that the trust policy of the tenant Shop refuses.
pub(crate) const DENIED_AAGUID: [u8; 16] = [0xd0; 16];

const SETTINGS: &str = "\
# Settings of a fixture. FOLDER stands for the folder of the installation.
[data]
dir = \"FOLDER\"

[database]
connections = 4

[limits]
body_bytes = \"128KiB\"
admin_token_lifetime = \"off\"

[token]
issuer = \"https://login.example.com\"

[audit]
retention_days = 36500
forward = [\"stdout\"]
forward_secret_file = \"FOLDER/forward.secret\"
forward_networks = [\"10.0.0.0/8\"]

[probe]
every = \"1h\"
keys_file = \"FOLDER/probe.keys\"
";

/// Returns the name of the fixture of this version.
pub(crate) fn fixture_name() -> String {
    format!("installation-{}", env!("CARGO_PKG_VERSION"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "writes the fixture of this version; CONTRIBUTING.md describes when this is allowed"]
async fn write() {
    let to = data().join(fixture_name());
    refuse_released(&to).unwrap();
    let mut installation = Installation::with_settings(SETTINGS);
    installation.write("forward.secret", "a secret of at least 32 characters\n");
    create_tenants(&mut installation);
    create_admin_tokens(&mut installation);
    import_tenant(&mut installation).await;
    import_metadata(&installation).await;
    let server = installation.serve();
    use_shop(&server, &mut installation).await;
    use_forum(&server, &installation).await;
    disable(&installation.admin(&server, "all"), &tenant_path(&installation, "Closed", "")).await;
    read_pages(&server, &mut installation).await;
    wait_for_background_work(&server, &mut installation).await;
    server.terminate();
    write_files(&installation, &to).await;
}

fn refuse_released(fixture: &Path) -> Result<(), String> {
    if fixture.join(RELEASED).exists() {
        return Err(format!(
            "{} is the fixture of a released version, which never changes. First increase the version in Cargo.toml",
            fixture.display()
        ));
    }
    Ok(())
}

#[test]
fn fixture_of_a_released_version_is_not_written_again() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(refuse_released(folder.path()), Ok(()));
    fs::write(folder.path().join(RELEASED), "").unwrap();
    assert!(refuse_released(folder.path()).unwrap_err().contains("never changes"));
}

/// Runs a command and returns its JSON output.
fn run(installation: &Installation, arguments: &[&str]) -> Value {
    let mut command = installation.command();
    command.args(arguments).arg("--json");
    process::json(command)
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn create_tenants(installation: &mut Installation) {
    for name in ["Shop", "Forum", "Closed", "Probed", "Gone"] {
        let arguments = ["tenant", "create", "--name", name, "--rp-id", RP_ID, "--origin", ORIGIN, "--api-key"];
        let created = run(installation, &arguments);
        let key = TenantKey { id: text(&created["id"]), api_key: text(&created["api_key"]["secret"]) };
        installation.clients.tenants.insert(name.to_owned(), key);
    }
    let gone = installation.clients.tenants.remove("Gone").expect("a tenant");
    let _ = run(installation, &["tenant", "delete", &gone.id, "--yes"]);
    installation.clients.deleted_tenant = gone.id;
    let revoked = run(installation, &["api-key", "create", "--tenant", "Shop", "--name", "old backend"]);
    let _ = run(installation, &["api-key", "revoke", "--tenant", "Shop", &text(&revoked["id"]), "--yes"]);
    installation.clients.revoked_api_key = text(&revoked["secret"]);
    let probed = &installation.clients.tenants["Probed"];
    installation.write("probe.keys", format!("{} {} {ORIGIN}\n", probed.id, probed.api_key));
}

fn create_admin_tokens(installation: &mut Installation) {
    let mut tokens = BTreeMap::new();
    for (name, more) in [
        ("all", &["--role", "admin"][..]),
        ("limited", &["--role", "admin", "--tenant", "Shop"]),
        ("metrics", &["--role", "metrics"]),
        ("revoked", &["--role", "auditor", "--expires", "3650d"]),
    ] {
        let token = run(installation, &[&["admin-token", "create", "--name", name], more].concat());
        if name == "revoked" {
            let _ = run(installation, &["admin-token", "revoke", &text(&token["id"]), "--yes"]);
        }
        tokens.insert(name.to_owned(), text(&token["secret"]));
    }
    installation.clients.admin_tokens = tokens;
}

/// Adds a tenant with an API key of another system. Such a key contains no key id.
async fn import_tenant(installation: &mut Installation) {
    let (folder, url) = (installation.folder(), installation.database_url().parse().unwrap());
    let location = Location::in_folder(folder);
    let opened =
        installation::open(&location, DatabaseOptions::new(url), server::settings(), Purpose::Administer).await;
    let app = opened.unwrap().app;
    let context =
        AdminContext { app: Arc::clone(&app), actor: "import".to_owned(), meta: RequestMeta::default(), scope: None };
    let (id, now) = (TenantId::new(Uuid::from_u128(0x1a2b)), app.clock.now());
    let api_key = base64url(&[0x5a; 64]) + "==";
    let secret: PlainSecret = imported_secret(&api_key).unwrap();
    let key = ApiKey {
        tenant_id: id,
        id: ApiKeyId::new(Uuid::from_u128(0x3c4d)),
        name: "Imported key".to_owned(),
        hint: "Wlpa…".to_owned(),
        hash: key_hash::hash(&secret, app.entropy.as_ref()).unwrap(),
        digest: Some(import::digest_key(&context).await.unwrap().digest(id, &secret)),
        created_at: now,
        expires_at: None,
        last_used_at: None,
        disabled_at: None,
    };
    let relying_party = RelyingParty::new(RP_ID.to_owned(), "Imported".to_owned(), vec![ORIGIN.to_owned()]);
    let tenant = Tenant {
        id,
        display_name: "Imported".to_owned(),
        config: TenantConfig::for_relying_party(relying_party),
        created_at: now,
        updated_at: now,
        disabled_at: None,
    };
    let signing_keys = vec![import::new_signing_key(&context, id, SigningAlgorithm::Es256).await.unwrap()];
    let imported =
        ImportedTenant { tenant, keep_config: true, api_keys: vec![key], revoke_missing: false, signing_keys };
    let _ = import::tenant(&context, Mode::Write, imported).await.unwrap();
    import::mark_mixed(&context, id).await.unwrap();
    app.db.close().await;
    let key = TenantKey { id: id.to_string(), api_key };
    installation.clients.tenants.insert("Imported".to_owned(), key);
}

/// Imports metadata. Then deletes all models except the one of the test manufacturer, because the certificates of the
/// others would make the fixture too large.
async fn import_metadata(installation: &Installation) {
    let folder = tempfile::tempdir().unwrap();
    let (blob, root) = (folder.path().join("blob.jwt"), folder.path().join("root.pem"));
    fs::write(&blob, mds::BLOB).unwrap();
    fs::write(&root, mds::ROOT).unwrap();
    let (blob, root) = (blob.display().to_string(), root.display().to_string());
    let imported = run(installation, &["mds", "import", &blob, "--root", &root]);
    assert_eq!(imported["number"], 1);
    let others = format!(
        "DELETE FROM metadata_entries WHERE description <> '{}'; DELETE FROM metadata_roots WHERE NOT EXISTS \
         (SELECT 1 FROM metadata_entries WHERE instr(roots, fingerprint) > 0)",
        mds::MODEL
    );
    database::execute(&installation.database_url(), &others).await;
}

fn tenant_path(installation: &Installation, name: &str, rest: &str) -> String {
    format!("/tenants/{}{rest}", installation.clients.tenants[name].id)
}

/// Disables a tenant, user or credential.
async fn disable(admin: &Http, path: &str) {
    let _ = admin.send("PUT".parse().unwrap(), &format!("{path}/disabled"), None).await.expect(204);
}

async fn use_shop(server: &Process, installation: &mut Installation) {
    let (admin, shop) = (installation.admin(server, "all"), installation.tenant(server, "Shop"));
    installation.clients.config = configure(&admin, &tenant_path(installation, "Shop", "")).await;
    let passkey = || Authenticator::new().attestation(Attestation::PackedSelf).counter(Counter::Increasing);
    let mut alice = Person::with("alice", passkey());
    let mut bob = Person::with("bob", passkey().aaguid(mds::AAGUID));
    let (mut carol, mut dave) = (Person::new("carol"), Person::new("dave"));
    for person in [&mut alice, &mut carol, &mut dave] {
        let _ = person.register(&shop).await.expect(200);
    }
    register_with_attestation(&shop, &mut bob).await;
    installation.clients.token = alice.login(&shop).await.expect(200).field("token");
    let _ = alice.transaction(&shop, "order-1", &serde_json::from_str(TRANSACTION).unwrap()).await.expect(200);
    let token = bob.mfa_login(&shop).await.expect(200).field("token");
    let _ = shop.http.post("/token/redeem", &json!({ "token": token })).await.expect(200);
    installation.clients.redeemed_token = token;

    // Causes refusals, and creates a challenge that remains unused.
    let body = alice.login_assertion(&shop, true).await;
    let _ = shop.http.post("/login/finalize", &body).await.expect(200);
    shop.http.post("/login/finalize", &body).await.expect_refusal(401, "challenge_unknown");
    shop.with_key("dw_wrong").get("/credentials").await.expect_refusal(401, "api_key_invalid");
    let _ = shop.http.post("/login/initialize", &json!({ "user_id": "alice" })).await.expect(200);

    let credential = base64url(&dave.authenticator.credentials()[0].id);
    for path in ["/users/carol".to_owned(), format!("/users/dave/credentials/{credential}")] {
        disable(&admin, &tenant_path(installation, "Shop", &path)).await;
    }
    for person in [alice, bob, carol, dave] {
        let exported = person.authenticator.export().unwrap();
        installation.clients.authenticators.insert(person.user_id, exported);
    }
}

/// Changes settings of many kinds. Returns the configuration.
async fn configure(admin: &Http, path: &str) -> Value {
    let mut config = admin.get(path).await.expect(200).json()["config"].clone();
    config["webauthn"]["timeout"] = json!(45_000);
    config["webauthn"]["relying_party"]["top_origins"] = json!(["https://partner.example"]);
    config["webauthn"]["hints"] = json!(["client-device"]);
    config["webauthn"]["allowed_extensions"] = json!(["prf"]);
    config["mfa"]["challenge_lifetime"] = json!(90_000);
    config["acr"] = json!({ "aal2": "https://example.com/aal2" });
    config["limits"] = json!({ "credentials_per_user": 8, "transaction_data_bytes": 4_096 });
    let denied = Uuid::from_bytes(DENIED_AAGUID);
    config["trust"] = json!({
        "passkeys": { "registration": "enforce", "login": "monitor", "deny_aaguids": [denied], "deny_statuses": ["REVOKED"] },
        "second_factors": { "registration": "enforce", "login": "enforce", "min_certification": "L1" },
    });
    let _ = admin.put(&format!("{path}/config"), &config).await.expect(204);
    admin.get(path).await.expect(200).json()["config"].clone()
}

/// Registers a second factor with an attestation that proves the model of the authenticator.
async fn register_with_attestation(tenant: &TestTenant, person: &mut Person) {
    let request = person.registration_request();
    let options = tenant.http.post("/mfa/registration/initialize", &request).await.expect(200);
    let mut body = person.create(&options.json());
    mds::attest(&mut body);
    let registered = tenant.http.post("/mfa/registration/finalize", &body).await.expect(200);
    assert_eq!(claims(&registered)["attested"], true);
}

/// Creates a signing key in each state: withdrawn, retired, active, next.
async fn use_forum(server: &Process, installation: &Installation) {
    let (admin, forum) = (installation.admin(server, "all"), installation.tenant(server, "Forum"));
    let path = tenant_path(installation, "Forum", "/secrets/jwk");
    let first = text(&admin.get(&path).await.expect(200).json()[0]["id"]);
    let _ = admin.delete(&format!("{path}/{first}?withdraw=true")).await.expect(200);
    let _ = admin.post(&format!("{path}?force=true"), &json!({ "algorithm": "EdDSA" })).await.expect(201);
    let _ = admin.post(&path, &json!({ "algorithm": "RS256" })).await.expect(201);
    let mut alice = Person::new("alice \u{1f511}");
    let _ = alice.register(&forum).await.expect(200);
    let _ = alice.login(&forum).await.expect(200);
}

/// Reads pages that begin at a cursor.
async fn read_pages(server: &Process, installation: &mut Installation) {
    let admin = installation.admin(server, "all");
    let users = tenant_path(installation, "Shop", "/user_summaries?limit=1");
    let first = admin.get(&users).await.expect(200).json();
    let tenants = "/tenant_summaries?sort=name&limit=2";
    let first_tenants = admin.get(tenants).await.expect(200).json();
    let log = tenant_path(installation, "Shop", "/audit_logs?per_page=5");
    let entries = ids(&admin.get(&log).await.expect(200).json());
    let cursor = |page: &Value| text(&page["next"]);
    for path in [
        format!("{users}&after={}", cursor(&first)),
        format!("{tenants}&after={}", cursor(&first_tenants)),
        format!("{log}&before={}", entries[4]),
    ] {
        let ids = ids(&admin.get(&path).await.expect(200).json());
        assert!(!ids.is_empty(), "{path}");
        installation.clients.pages.push(PageAtCursor { path, ids });
    }
    installation.clients.audit_entries = installation.tenant(server, "Shop").count("").await;
}

/// Waits until the scheduled probe has ended and all audit entries have been forwarded.
async fn wait_for_background_work(server: &Process, installation: &mut Installation) {
    let (admin, metrics) = (installation.admin(server, "all"), installation.admin(server, "metrics"));
    let probed = format!("doorward_probe_success{{tenant=\"{}\"}} 1", installation.clients.tenants["Probed"].id);
    until("the probe ends", async || metrics.get("/metrics").await.expect(200).text.contains(&probed)).await;
    let newest = ids(&admin.get("/audit_logs?per_page=1").await.expect(200).json()).remove(0);
    let last = || installation.forwarded().last().map(|entry| text(&entry["id"])).unwrap_or_default();
    until("all entries were forwarded", async || last() == newest).await;
    // A node stores the forwarding position only after the delivery.
    let stored = async || {
        let query = "SELECT value FROM installation WHERE name LIKE 'audit_forward/%'";
        let positions = database::texts(&installation.database_url(), query).await;
        positions.iter().any(|position| position.contains(&newest))
    };
    until("the position is stored", stored).await;
    installation.clients.forwarded_until = newest;
}

async fn write_files(installation: &Installation, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to).unwrap();
    let folder = installation.folder().display().to_string();
    for tenant in ["Shop", "Forum"] {
        let file = to.join(format!("{tenant}.jsonl"));
        let _ = run(installation, &["export", tenant, "--to", &file.display().to_string()]);
    }
    let _ = run(installation, &["backup", "--to", &installation.folder().join("backup.db").display().to_string()]);
    copy_text(installation.folder(), to, "backup.db.manifest.json", &folder);
    FILES.iter().for_each(|file| copy_text(installation.folder(), to, file, &folder));
    let key = base64url(&fs::read(installation.folder().join("master.key")).unwrap());
    fs::write(to.join("master.key.base64"), key + "\n").unwrap();
    let clients: &Clients = &installation.clients;
    fs::write(to.join("clients.json"), serde_json::to_string_pretty(clients).unwrap() + "\n").unwrap();
    fs::write(to.join("database.sql"), dump::statements(&installation.database_url()).await).unwrap();
    fs::write(to.join(dump::POSTGRES_FILE), dump::postgres_schema()).unwrap();
    fs::copy(migrations::folder().join(migrations::FILE), to.join(migrations::FILE)).unwrap();
}

fn copy_text(from: &Path, to: &Path, file: &str, folder: &str) {
    let text = fs::read_to_string(from.join(file)).unwrap().replace(folder, FOLDER);
    fs::write(to.join(file), text).unwrap();
}
