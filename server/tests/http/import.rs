//! Import of a Hanko database. A sample file contains the schema and the rows, and its header contains the keys with
//! which the tests log in. The source is a PostgreSQL database. The tests import it into one target on each engine.

mod again;

use std::sync::Arc;

use doorward_authenticator::{Algorithm, Authenticator, Client, Counter, Credential, Key, base64url, from_base64url};
use doorward_server::{
    crypto::RsaPrivateKey,
    db::DatabaseOptions,
    import::{
        Progress, Report, TenantReport, TenantState,
        hanko::{self, ImportError, Options},
    },
};
use doorward_shared::{TenantId, admin::Role};
use doorward_testkit::{TestServer, TestTenant, claims, database, process};
use jsonwebtoken::{Algorithm as JwtAlgorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use serde_json::{Value, json};

const SAMPLE: &str = include_str!("../../../testkit/fixtures/hanko-sample.sql");
const SHOP: &str = "3b9f6c1e-7a54-4d0b-9c2e-5f1a8d7e6b40";
const FORUM: &str = "c2d4e8a0-1b3f-4c5d-8e7f-90a1b2c3d4e5";
const SHOP_KEY: &str = "hjMOKu80niBMAhC5wiLYa_NXSeSIV0ISwckC1CqlNghrxyF3StQzbeTp_q92PIM4d2ozZxfMskCz7mngS_jIuQ==";
const OTHER_SHOP_KEY: &str = "2lZdmNvj7y3Dt7qigQvsyv6CTAchs7WFY4QIZ3BLiACUsZxBh0MV7P72z3FjttIm4aqUab8e-CCxTaeRkGz8aA==";
const FORUM_KEY: &str = "LEJYnrURUVuBcvk_qnZQubVVcV8LBqeNOLrdYv2oF8BHSxXcUjF1d9aHGToqfDLozfObv1jucmcLNORPHF9ulw==";
/// A secret with which Hanko encrypts signing keys. It must not work as an API key.
const SHOP_JWK_SECRET: &str =
    "JUno7OZC1o1LHG6UFyR37wj7EdGQGwYkRj5PGFiyY3ct6v2yPpWzRFxRYeuERalTLu_PLwFyG7BHol4OxYJdew==";
const CAROL: &str = "a3d6f2c4-9b1e-4f70-8c35-27e1d0b9a6f8";
const SHOP_CONFIG: &str = "000000a1-0000-4000-8000-0000000000a1";
const CUSTOMER: &str = "000000e1-0000-4000-8000-0000000000e1";

/// Returns the text that follows `before` in the header of the sample, up to the end of the line.
fn header_value(before: &str) -> &'static str {
    let line = SAMPLE.lines().find(|line| line.contains(before)).unwrap();
    line.split_once(before).unwrap().1.trim()
}

/// A source database with the sample.
struct Source {
    url: String,
    _database: Option<database::TestDatabase>,
}

impl Source {
    async fn new(test: &str) -> Option<Self> {
        if !database::is_postgres(test) {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let (url, database) = database::for_test(folder.path()).await;
        let source = Self { url, _database: database };
        source.sql(SAMPLE).await;
        Some(source)
    }

    async fn sql(&self, statements: &str) {
        database::execute(&self.url, statements).await;
    }

    async fn import(&self, server: &TestServer, options: Options) -> Result<Report, ImportError> {
        let source = DatabaseOptions::new(self.url.parse().unwrap());
        hanko::run(source, server.administrator(), options, |_| ()).await
    }
}

/// Starts a server on each engine. The caller must drop the folders after the servers.
async fn targets() -> Vec<(TestServer, tempfile::TempDir)> {
    let (sqlite, postgres) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = sqlite.path().join("doorward.db").display().to_string();
    let on_sqlite = TestServer::builder().data_dir(sqlite.path().to_path_buf()).database(file).start().await;
    let on_postgres = TestServer::builder().data_dir(postgres.path().to_path_buf()).start().await;
    vec![(on_sqlite, sqlite), (on_postgres, postgres)]
}

fn tenant(server: &TestServer, id: &str, key: &str) -> TestTenant {
    TestTenant::new(server, id.parse().unwrap(), key.to_owned())
}

fn of<'a>(report: &'a Report, id: &str) -> &'a TenantReport {
    report.tenants.iter().find(|tenant| tenant.id.to_string() == id).unwrap()
}

/// Returns the numbers of added, updated, unchanged, deleted and refused rows.
fn rows(report: &Report, id: &str, kind: &str) -> [u64; 5] {
    let tally = of(report, id).rows.get(kind).copied().unwrap_or_default();
    [tally.added, tally.updated, tally.unchanged, tally.deleted, tally.refused]
}

fn authenticator(rp_id: &str, id: &str, handle: &[u8], key: Key) -> Authenticator {
    let mut authenticator = Authenticator::new().algorithm(key.algorithm()).backup(true, true);
    authenticator.credentials_mut().push(Credential {
        id: from_base64url(id).unwrap(),
        rp_id: rp_id.to_owned(),
        user_handle: handle.to_vec(),
        discoverable: true,
        sign_count: 0,
        key: Arc::new(key),
    });
    authenticator
}

/// Returns the private key of a passkey, from the scalar in the header of the sample.
fn sample_key(id: &str) -> Key {
    let rest = SAMPLE.split_once(&format!("--   {id}")).unwrap().1;
    let hex = rest.split_once("scalar (hex) ").unwrap().1.get(..64).unwrap();
    let bytes: Vec<u8> = (0..32).map(|at| u8::from_str_radix(&hex[at * 2..at * 2 + 2], 16).unwrap()).collect();
    Key::from_secret(&bytes.try_into().unwrap()).unwrap()
}

/// Returns the RS256 key of the sample's second factor.
fn sample_mfa_key() -> Key {
    let mut jwk: Value = serde_json::from_str(&format!("{{\"d\":{}", header_value("--     {\"d\":"))).unwrap();
    jwk["kid"] = "any".into();
    let key = RsaPrivateKey::from_jwk(jwk.to_string().as_bytes()).unwrap();
    Key::from_pkcs8(Algorithm::Rs256, &key.pkcs8).unwrap()
}

async fn log_in(
    tenant: &TestTenant,
    origin: &str,
    path: &str,
    body: Value,
    authenticator: &mut Authenticator,
) -> Value {
    let options = tenant.http.post(&format!("{path}/initialize"), &body).await.expect(200).json();
    let assertion = Client::new(origin).get(authenticator, &options).unwrap();
    claims(&tenant.http.post(&format!("{path}/finalize"), &assertion).await.expect(200))
}

async fn key_set(tenant: &TestTenant) -> JwkSet {
    serde_json::from_str(&tenant.anonymous.get("/.well-known/jwks.json").await.expect(200).text).unwrap()
}

fn verify(keys: &JwkSet, token: &str) -> Value {
    let kid = decode_header(token).unwrap().kid.unwrap();
    let mut validation = Validation::new(JwtAlgorithm::RS256);
    validation.set_audience(&["shop.example"]);
    validation.validate_exp = false;
    decode::<Value>(token, &DecodingKey::from_jwk(keys.find(&kid).unwrap()).unwrap(), &validation).unwrap().claims
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn imported_users_log_in_and_old_tokens_and_keys_stay_valid() {
    let Some(source) = Source::new("imported_users_log_in_and_old_tokens_and_keys_stay_valid").await else { return };
    let security_key = Key::generate(Algorithm::EdDsa).unwrap();
    let cose = [&[0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21, 0x58, 0x20][..], security_key.public_bytes()].concat();
    let (ed25519, exported) = (base64url(&[7; 16]), security_key.to_pkcs8().unwrap());
    let credential = format!(
        "INSERT INTO webauthn_credentials (id, user_id, public_key, attestation_type, aaguid, sign_count, name, \
         last_used_at, webauthn_user_id, created_at, updated_at, is_mfa) VALUES ('{ed25519}', 'customer-1001', '{}', \
         'packed', '00000000-0000-0000-0000-000000000000', 0, 'Key ring', now(), '{CUSTOMER}', now(), now(), true)",
        base64url(&cose)
    );
    source.sql(&credential).await;
    for (server, _folder) in targets().await {
        let report = source.import(&server, Options::default()).await.unwrap();
        assert!(of(&report, SHOP).problems.is_empty(), "{report:?}");
        let (shop, forum) = (tenant(&server, SHOP, SHOP_KEY), tenant(&server, FORUM, FORUM_KEY));

        let keys = key_set(&shop).await;
        let kids: Vec<_> = keys.keys.iter().filter_map(|key| key.common.key_id.clone()).collect();
        assert_eq!(kids, ["17e9d3c5-b82f-4d46-8a70-c5f2e1094b3a", "f4b7a2d9-0c68-4e15-a3b2-19d7c84e5f06"]);
        let old = SAMPLE.lines().find_map(|line| line.strip_prefix("--   eyJ")).unwrap();
        assert_eq!(verify(&keys, &format!("eyJ{old}"))["sub"], "customer-1001");

        let passkey = "zRLM1B5u4u4C14GsQB2TbU1nDlc";
        let mut phone = authenticator("shop.example", passkey, b"customer-1001", sample_key(passkey));
        let token = log_in(&shop, "https://shop.example", "/login", json!({}), &mut phone).await;
        assert_eq!((&token["sub"], &token["cred"]), (&"customer-1001".into(), &passkey.into()));
        let options = shop.http.post("/login/initialize", &json!({})).await.expect(200).json();
        let assertion = Client::new("https://shop.example").get(&mut phone, &options).unwrap();
        let response = shop.http.post("/login/finalize", &assertion).await.expect(200);
        let kid = decode_header(response.field("token")).unwrap().kid.unwrap();
        assert_eq!(kid, kids[0], "the newest key of the source signs");
        assert_eq!(verify(&keys, &response.field("token"))["sub"], "customer-1001");

        let mfa = "wo_TsqrTbpDoqj89TmuapHj9kmmAFwHkYrUUcl1WliNfXtWbykYxNq2MlQu6sL6lWCTveFK_cq01xiDcIYQeVw";
        let ring = Key::from_pkcs8(Algorithm::EdDsa, &exported).unwrap();
        for (id, key) in [(mfa, sample_mfa_key()), (ed25519.as_str(), ring)] {
            let mut security_key =
                authenticator("shop.example", id, b"customer-1001", key).counter(Counter::Increasing);
            security_key.credentials_mut()[0].sign_count = 1_000;
            let body = json!({ "user_id": "customer-1001" });
            let token = log_in(&shop, "https://shop.example", "/mfa/login", body, &mut security_key).await;
            assert_eq!((&token["sub"], &token["cred"]), (&"customer-1001".into(), &id.into()));
            // A second factor is not a passkey.
            let options = shop.http.post("/login/initialize", &json!({})).await.expect(200).json();
            let assertion = Client::new("https://shop.example").get(&mut security_key, &options).unwrap();
            assert_eq!(shop.http.post("/login/finalize", &assertion).await.status, 401);
        }

        let passkey = "1wG4lLCVmxzqX8IEfDjx9Q";
        let handle = uuid::Uuid::parse_str(CAROL).unwrap();
        let mut laptop = authenticator("forum.example", passkey, handle.as_bytes(), sample_key(passkey));
        assert_eq!(log_in(&forum, "https://forum.example", "/login", json!({}), &mut laptop).await["sub"], CAROL);
        assert_eq!(database::faults(server.database_url()).await, Vec::<String>::new());
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn imported_api_keys_work_only_for_their_tenant_until_they_are_revoked() {
    let Some(source) = Source::new("imported_api_keys_work_only_for_their_tenant").await else { return };
    for (server, _folder) in targets().await {
        let _ = source.import(&server, Options::default()).await.unwrap();
        let (shop, forum) = (tenant(&server, SHOP, SHOP_KEY), tenant(&server, FORUM, FORUM_KEY));
        for key in [SHOP_KEY, OTHER_SHOP_KEY, &format!(" {SHOP_KEY} ")] {
            let listed = shop.with_key(key).get("/credentials").await.expect(200).json();
            assert_eq!(listed.as_array().unwrap().len(), 2);
        }
        let other = SHOP_KEY.replace("hjMO", "hjMP");
        for (tenant, key) in [(&shop, FORUM_KEY), (&forum, SHOP_KEY), (&shop, SHOP_JWK_SECRET), (&shop, &other)] {
            tenant.with_key(key).get("/credentials").await.expect_refusal(401, "api_key_invalid");
        }
        let key = server.api_key(shop.id, None).await;
        let _ = shop.with_key(&key.secret).get("/credentials").await.expect(200);
        let admin = server.admin("ops", Role::Admin).await;
        let listed = admin.get(&format!("/tenants/{SHOP}/secrets/api")).await.expect(200).json();
        let backend = listed.as_array().unwrap().iter().find(|one| one["name"] == "Backend 2025").unwrap();
        assert_eq!(backend["hint"], "hjMO…");
        let path = format!("/tenants/{SHOP}/secrets/api/{}", backend["id"].as_str().unwrap());
        let _ = admin.delete(&path).await.expect(204);
        shop.http.get("/credentials").await.expect_refusal(401, "api_key_invalid");
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_imported_once_and_a_later_run_imports_changes() {
    let Some(source) = Source::new("everything_is_imported_once_and_a_later_run_imports_changes").await else { return };
    let mut steps = Vec::new();
    let targets = targets().await;
    for (server, _) in &targets {
        let dry = source.import(server, Options { dry_run: true, ..Options::default() }).await.unwrap();
        assert!(!dry.changed() && dry.tenants.iter().all(|tenant| tenant.state == TenantState::Importable));
        assert_eq!(server.administrator().app.tenant(SHOP.parse().unwrap()).await.unwrap().map(|_| ()), None);
        let first = source.import(server, Options::default()).await.unwrap();
        for (kind, shop, forum) in [
            ("tenants", 1, 1),
            ("api_keys", 2, 1),
            ("signing_keys", 2, 1),
            ("users", 2, 1),
            ("credentials", 2, 1),
            ("transactions", 1, 0),
            ("audit_entries", 10, 1),
        ] {
            assert_eq!(rows(&first, SHOP, kind), [shop, 0, 0, 0, 0], "{kind}");
            assert_eq!(rows(&first, FORUM, kind), [forum, 0, 0, 0, 0], "{kind}");
        }
        assert!(first.problems.is_empty(), "the session of the sample has expired: {:?}", first.problems);
        let second = source.import(server, Options::default()).await.unwrap();
        assert!(!second.changed(), "{second:?}");
        steps.push(check_details(server).await);
    }
    assert_eq!(steps[0], steps[1], "both engines contain the same");
    source
        .sql(&format!(
            "INSERT INTO webauthn_users VALUES ('000000e9-0000-4000-8000-0000000000e9', 'customer-1003', 'dan', '', 'Dan', \
             '{SHOP}', now(), now());
             UPDATE webauthn_users SET display_name = 'Ada Changed' WHERE id = '{CUSTOMER}';
             UPDATE webauthn_credentials SET name = 'Renamed' WHERE id = 'zRLM1B5u4u4C14GsQB2TbU1nDlc';
             DELETE FROM webauthn_credentials WHERE id LIKE 'wo_%';
             DELETE FROM webauthn_users WHERE user_id = 'customer-1002';
             DELETE FROM secrets WHERE name = 'Backend 2025';
             UPDATE webauthn_configs SET timeout = 90000 WHERE config_id = '{SHOP_CONFIG}';
             INSERT INTO audit_logs VALUES (gen_random_uuid(), 'webauthn_credential_updated', NULL, 'r', '203.0.113.9', 'u', \
             'customer-1001', '{SHOP}', now(), now(), NULL)"
        ))
        .await;
    for (server, _folder) in targets {
        let dry_run = async || source.import(&server, Options { dry_run: true, ..Options::default() }).await.unwrap();
        let dry = dry_run().await;
        assert_eq!(rows(&dry, SHOP, "tenants"), [0, 1, 0, 0, 0]);
        assert_eq!(rows(&dry, SHOP, "users"), [1, 1, 0, 1, 0]);
        assert_eq!(rows(&dry, SHOP, "credentials"), [0, 1, 0, 1, 0]);
        assert_eq!(rows(&dry, SHOP, "api_keys"), [0, 0, 1, 1, 0]);
        assert_eq!(rows(&dry, SHOP, "audit_entries")[0], 1);
        let states = [SHOP, FORUM].map(|id| of(&dry, id).state);
        assert_eq!((dry.changed(), states), (false, [TenantState::Importable, TenantState::Current]));
        let delta = source.import(&server, Options::default()).await.unwrap();
        assert_eq!(rows(&delta, SHOP, "tenants"), [0, 1, 0, 0, 0]);
        assert_eq!(rows(&delta, SHOP, "users"), [1, 1, 0, 1, 0]);
        assert_eq!(rows(&delta, SHOP, "credentials"), [0, 1, 0, 1, 0]);
        assert_eq!(rows(&delta, SHOP, "api_keys"), [0, 0, 1, 1, 0]);
        assert_eq!(rows(&delta, SHOP, "audit_entries")[0], 1);
        assert!(dry_run().await.tenants.iter().all(|tenant| tenant.state == TenantState::Current));
        assert!(!source.import(&server, Options::default()).await.unwrap().changed());
        let shop = tenant(&server, SHOP, OTHER_SHOP_KEY);
        let listed = shop.http.get("/credentials").await.expect(200).json();
        assert_eq!((listed.as_array().unwrap().len(), &listed[0]["name"]), (1, &"Renamed".into()));
        shop.with_key(SHOP_KEY).get("/credentials").await.expect_refusal(401, "api_key_invalid");
        let admin = server.admin("ops", Role::Admin).await;
        let config = admin.get(&format!("/tenants/{SHOP}")).await.expect(200).json();
        assert_eq!(config["config"]["webauthn"]["timeout"], 90_000);
        // The test has used the API key by now, so the tenant counts as served by Doorward.
        server.flush_usage().await;
        let later = source.import(&server, Options::default()).await.unwrap();
        assert_eq!(of(&later, SHOP).state, TenantState::Skipped);
        assert!(of(&later, SHOP).problems[0].reason.contains("--include-used"), "{later:?}");
        let forced = Options { include_used: true, ..Options::default() };
        assert_eq!(of(&source.import(&server, forced).await.unwrap(), SHOP).state, TenantState::Imported);
        assert_eq!(database::faults(server.database_url()).await, Vec::<String>::new());
        server.stop().await;
    }
}

/// Checks what the import wrote, and returns it for a comparison between the engines.
async fn check_details(server: &TestServer) -> Vec<Value> {
    let admin = server.admin("reader", Role::Auditor).await;
    let read = async |path: &str| admin.get(path).await.expect(200).json();
    let shop = read(&format!("/tenants/{SHOP}")).await;
    let webauthn = &shop["config"]["webauthn"];
    assert_eq!(shop["display_name"], "Acme Shop");
    assert_eq!(webauthn["relying_party"]["origins"][0], "https://shop.example");
    assert!(webauthn["relying_party"]["origins"][1].as_str().unwrap().starts_with("android:apk-key-hash:"));
    assert_eq!((&webauthn["user_verification"], &webauthn["attachment"]), (&"preferred".into(), &Value::Null));
    let forum = read(&format!("/tenants/{FORUM}")).await;
    let cors = &forum["config"]["cors"];
    assert_eq!((&cors["allowed_origins"][0], &cors["allow_unsafe_wildcard"]), (&"*".into(), &true.into()));
    assert_eq!(forum["config"]["mfa"]["timeout"], 120_000, "without settings, the source uses the passkey timeout");
    let user = read(&format!("/tenants/{SHOP}/users/{CUSTOMER}")).await;
    let order = &user["transactions"][0];
    assert_eq!(order["identifier"], "order-77812");
    assert_ne!(order["created_at"], order["updated_at"], "the transaction is confirmed");
    let log = read(&format!("/tenants/{SHOP}/audit_logs?type=mfa_authentication_final_succeeded")).await;
    assert_eq!(log.as_array().unwrap().len(), 1);
    assert_eq!(log[0]["created_at"], "2025-04-20T20:15:01.000Z");
    assert_eq!(log[0]["meta_source_ip"], "203.0.113.15");
    let summary = read(&format!("/tenants/{SHOP}/summary")).await;
    // Sorting by counts considers only the tenants with the latest activity, so `last_activity` must be correct.
    assert_eq!(summary["last_activity"], "2025-05-02T06:00:00.000Z");
    let carol = read(&format!("/tenants/{FORUM}/users/{CAROL}?by=user_id")).await;
    assert_eq!(carol["credentials"][0]["last_used_at"], Value::Null, "it was never used after its registration");
    vec![shop, forum, user, log, carol]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_that_cannot_be_imported_is_reported() {
    let Some(source) = Source::new("data_that_cannot_be_imported_is_reported").await else { return };
    let (long, deep) = ("x".repeat(65), "00000000-0000-4000-8000-00000000dead");
    source
        .sql(&format!(
            "INSERT INTO secrets VALUES (gen_random_uuid(), 'By hand', 'correct horse battery staple', true, '{SHOP_CONFIG}', \
             now(), now());
             INSERT INTO webauthn_users VALUES (gen_random_uuid(), '{long}', 'x', '', 'x', '{SHOP}', now(), now());
             INSERT INTO webauthn_credentials (id, user_id, public_key, attestation_type, aaguid, sign_count, webauthn_user_id, \
             created_at, updated_at) VALUES ('AAAA', 'customer-1002', 'oA', 'none', \
             '00000000-0000-0000-0000-000000000000', 0, '000000e2-0000-4000-8000-0000000000e2', now(), now());
             INSERT INTO webauthn_origins VALUES (gen_random_uuid(), 'https://shop.example/login', \
             '000000a3-0000-4000-8000-0000000000a3', now(), now());
             UPDATE cors_origins SET origin = '*' WHERE id = '000000a7-0000-4000-8000-0000000000a7';
             UPDATE webauthn_configs SET timeout = 10 WHERE config_id = '{SHOP_CONFIG}';
             DELETE FROM secrets WHERE name = 'Initial JWK Key' AND config_id <> '{SHOP_CONFIG}';
             INSERT INTO audit_logs VALUES (gen_random_uuid(), 'something_else', NULL, 'r', '', '', NULL, '{SHOP}', now(), now(), \
             NULL);
             INSERT INTO audit_logs VALUES (gen_random_uuid(), 'webauthn_credential_updated', NULL, 'r', '', '', NULL, NULL, \
             now(), now(), NULL);
             INSERT INTO tenants VALUES ('{deep}', 'Half made', now(), now())"
        ))
        .await;
    for (server, _folder) in targets().await {
        let report = source.import(&server, Options::default()).await.unwrap();
        let shop: Vec<&str> = of(&report, SHOP).problems.iter().map(|problem| problem.subject.as_str()).collect();
        for subject in [
            "API key \"By hand\"",
            "origin \"https://shop.example/login\"",
            "CORS origin \"*\"",
            "passkey timeout",
            "credentials \"AAAA\"",
        ] {
            assert!(shop.contains(&subject), "{subject}: {shop:?}");
        }
        assert!(shop.contains(&format!("users {long:?}").as_str()) && rows(&report, SHOP, "audit_entries")[4] == 1);
        assert_eq!(of(&report, SHOP).state, TenantState::Imported);
        for (id, reason) in [(FORUM, "signing key"), (deep, "no configuration")] {
            let tenant = of(&report, id);
            assert_eq!(tenant.state, TenantState::Skipped);
            assert!(tenant.problems.iter().any(|problem| problem.reason.contains(reason)), "{tenant:?}");
            let found = server.app.tenant(id.parse::<TenantId>().unwrap()).await.unwrap();
            assert!(found.is_none(), "nothing of a skipped tenant is imported");
        }
        assert!(
            report.problems.iter().any(|problem| problem.subject == "audit entries without a tenant"),
            "{report:?}"
        );
        let admin = server.admin("reader", Role::Auditor).await;
        let config = admin.get(&format!("/tenants/{SHOP}")).await.expect(200).json();
        assert_eq!(config["config"]["cors"]["allowed_origins"], json!(["https://shop.example"]));
        assert_eq!(config["config"]["webauthn"]["timeout"], 1_000);
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn interrupted_import_is_completed_by_the_next_one() {
    let Some(source) = Source::new("interrupted_import_is_completed_by_the_next_one").await else { return };
    for (server, _folder) in targets().await {
        let options = DatabaseOptions::new(source.url.parse().unwrap());
        let stop = |progress: Progress| assert_ne!(progress.table, "credentials", "the test stops the import here");
        let stopped = hanko::run(options, server.administrator(), Options::default(), stop).await;
        assert!(stopped.is_err());
        let report = source.import(&server, Options::default()).await.unwrap();
        assert_eq!(rows(&report, SHOP, "users"), [0, 0, 2, 0, 0]);
        assert_eq!(rows(&report, SHOP, "credentials"), [0, 0, 2, 0, 0]);
        assert_eq!(rows(&report, SHOP, "audit_entries"), [10, 0, 0, 0, 0]);
        assert!(!source.import(&server, Options::default()).await.unwrap().changed());
        server.stop().await;
    }
}

/// Runs the command. Returns its exit code, standard output and standard error.
fn command(data: &std::path::Path, from: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let database = data.join("doorward.db").display().to_string();
    let mut command = process::command(env!("CARGO_BIN_EXE_doorward"), data, &database);
    let output = command.env("DOORWARD_IMPORT_FROM", from).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn command_imports_and_exports() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    assert_eq!(command(data, "", &["init"]).0, Some(0));
    let (code, _, error) = command(data, "mysql://hanko@127.0.0.1/passkey", &["import", "hanko"]);
    assert!(code == Some(2) && error.contains("docs/migrating.md"), "{error}");
    let Some(source) = Source::new("command_imports_and_exports").await else { return };
    let (code, _, error) = command(data, &source.url, &["import", "hanko", "--dry-run"]);
    assert_eq!(code, Some(10), "{error}");
    let (code, output, error) = command(data, &source.url, &["import", "hanko", "--json"]);
    assert_eq!(code, Some(0), "{error}");
    let report: Value = serde_json::from_str(&output).unwrap();
    assert_eq!((&report["changed"], report["tenants"].as_array().unwrap().len()), (&true.into(), 2));
    let (_, output, _) = command(data, &source.url, &["import", "hanko"]);
    assert!(output.contains("2 tenants imported, 0 skipped"), "{output}");
    let (code, output, error) = command(data, &source.url, &["import", "hanko", "--dry-run"]);
    assert_eq!(code, Some(0), "{error}");
    assert!(output.contains("0 tenants to import, 2 unchanged, 0 skipped"), "{output}");
    let (code, _, error) = command(data, &source.url, &["import", "hanko", "--tenant", CAROL]);
    assert!(code == Some(3) && error.contains("the source has no tenant"), "{error}");
    let (code, _, error) = command(data, "postgres://127.0.0.1:1/none?sslmode=disable", &["import", "hanko"]);
    assert_eq!(code, Some(5), "{error}");
    let served = format!("UPDATE api_keys SET last_used_at = 1 WHERE tenant_id = '{FORUM}'");
    database::execute(&data.join("doorward.db").display().to_string(), &served).await;
    let (code, output, error) = command(data, &source.url, &["import", "hanko"]);
    assert!(
        code == Some(1) && error.contains("already serves them: 1 tenant, named in the report"),
        "{code:?}: {error}"
    );
    assert!(output.contains("1 tenant imported, 1 skipped"), "{output}");
    let file = data.join("shop.jsonl").display().to_string();
    let (code, output, error) = command(data, "", &["export", "Acme Shop", "--to", &file]);
    assert_eq!((code, output.as_str()), (Some(0), format!("wrote 7 lines to {file}\n").as_str()), "{error}");
    let (code, output, error) = command(data, "", &["import", "tenant", &file, "--json"]);
    assert_eq!(code, Some(0), "{error}");
    assert_eq!(serde_json::from_str::<Value>(&output).unwrap()["changed"], false);
    let (code, _, error) = command(data, "", &["export", "Acme Shop", "--to", &file]);
    assert!(code == Some(1) && error.contains("shop.jsonl"), "an existing file is kept: {error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn source_of_another_schema_is_refused() {
    let Some(source) = Source::new("source_of_another_schema_is_refused").await else { return };
    source.sql("DELETE FROM schema_migration WHERE version >= '2024'").await;
    let server = TestServer::start().await;
    let error = source.import(&server, Options::default()).await.unwrap_err().to_string();
    assert!(error.contains("Upgrade the source to release 1.0"), "{error}");
    source.sql("DROP TABLE schema_migration").await;
    let error = source.import(&server, Options::default()).await.unwrap_err().to_string();
    assert!(error.contains("no table schema_migration"), "{error}");
    let wanted = Options { tenants: vec![SHOP.parse().unwrap()], ..Options::default() };
    let other = hanko::run(DatabaseOptions::new("x.db".parse().unwrap()), server.administrator(), wanted, |_| ()).await;
    assert!(other.unwrap_err().to_string().contains("docs/migrating.md"));
}
