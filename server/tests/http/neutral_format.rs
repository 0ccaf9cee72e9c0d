//! Export and import of a tenant as JSON lines.

use std::{
    io::Write as _,
    os::fd::AsRawFd as _,
    path::{Path, PathBuf},
};

use doorward_server::{
    import::{
        TenantReport,
        neutral::{self, FileError, MAX_LINE_BYTES, Target},
    },
    service::admin::{
        AdminContext,
        disabling::{self, Target as Disabled},
    },
};
use doorward_shared::{TenantId, admin::Role};
use doorward_testkit::{Person, TestServer, TestTenant, claims, database};
use serde_json::json;

const HEADER: &str = r#"{"type":"header","format":"doorward-tenant","version":1}"#;

async fn load(context: AdminContext, path: PathBuf, into: Target) -> Result<TenantReport, FileError> {
    tokio::task::spawn_blocking(move || neutral::load(&context, &path, into)).await.unwrap()
}

async fn export(context: &AdminContext, tenant: TenantId, path: &Path) -> String {
    let mut out = Vec::new();
    let lines = neutral::export(context, tenant, &mut out).await.unwrap();
    std::fs::write(path, &out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text.lines().count() as u64, lines);
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pipe_is_imported() {
    let (first, second) = (TestServer::start().await, TestServer::start().await);
    let tenant = first.tenant().await;
    let _ = Person::new("alice").register(&tenant).await.expect(200);
    let folder = tempfile::tempdir().unwrap();
    let text = export(&first.administrator(), tenant.id, &folder.path().join("tenant.jsonl")).await;
    let (reader, mut writer) = std::io::pipe().unwrap();
    let write = std::thread::spawn(move || writer.write_all(text.as_bytes()));
    // A path to standard input, such as `/dev/stdin`, resolves to a path like this one.
    let path = PathBuf::from(format!("/proc/self/fd/{}", reader.as_raw_fd()));
    let report = load(second.administrator(), path, Target::TenantOfFile).await.unwrap();
    write.join().unwrap().unwrap();
    assert_eq!(["tenants", "users", "credentials"].map(|kind| report.rows[kind].added), [1, 1, 1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exported_tenant_works_in_another_installation() {
    let (first, second) = (TestServer::start().await, TestServer::start().await);
    let tenant = first.tenant_with(|config| config.webauthn.timeout = 45_000).await;
    let (mut alice, mut security_key) = (Person::new("alice"), Person::new("alice"));
    let mut bob = Person::new("bob \u{1f511} \"quoted\"");
    let _ = alice.register(&tenant).await.expect(200);
    let _ = security_key.register_mfa(&tenant).await.expect(200);
    let _ = alice.transaction(&tenant, "order-1", &json!({ "amount": 12 })).await.expect(200);
    let _ = bob.register(&tenant).await.expect(200);
    let bob_target = Disabled::User(doorward_server::domain::UserSelector { id: bob.user_id.clone(), by: None });
    assert!(disabling::disable(&first.administrator(), tenant.id, bob_target).await.unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tenant.jsonl");
    let text = export(&first.administrator(), tenant.id, &path).await;
    assert!(!text.contains(&tenant.api_key) && text.starts_with(HEADER), "{text}");

    let report = load(second.administrator(), path.clone(), Target::TenantOfFile).await.unwrap();
    for (kind, added) in [("tenants", 1), ("users", 2), ("credentials", 3), ("transactions", 1)] {
        assert_eq!(report.rows[kind].added, added, "{kind}: {report:?}");
    }
    let again = load(second.administrator(), path, Target::TenantOfFile).await.unwrap();
    assert!(again.rows.values().all(|tally| !tally.changed()), "{again:?}");
    let copy = folder.path().join("copy.jsonl");
    assert_eq!(export(&second.administrator(), tenant.id, &copy).await, text, "an export of the import is the same");

    let key = second.api_key(tenant.id, None).await.secret;
    let moved = TestTenant::new(&second, tenant.id, key);
    assert_eq!(claims(&alice.login(&moved).await.expect(200))["sub"], "alice");
    let _ = security_key.mfa_login(&moved).await.expect(200);
    bob.login(&moved).await.expect_refusal(403, "user_disabled");
    assert_eq!(database::faults(second.database_url()).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_of_another_system_are_added_to_an_existing_tenant() {
    let (source, server) = (TestServer::start().await, TestServer::start().await);
    let mut alice = Person::new("alice");
    let from = source.tenant().await;
    let _ = alice.register(&from).await.expect(200);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.jsonl");
    let text = export(&source.administrator(), from.id, &path).await;
    // The lines contain only those members for which the tables of other libraries have columns.
    let public_key = text.split_once("\"public_key\":\"").unwrap().1.split_once('"').unwrap().0;
    let id = text.split_once("\"credential\",\"id\":\"").unwrap().1.split_once('"').unwrap().0;
    let lines = [
        HEADER.to_owned(),
        json!({ "type": "user", "user_id": "alice", "name": "alice@example.com" }).to_string(),
        String::new(),
        json!({ "type": "credential", "id": id, "user_id": "alice", "public_key": public_key, "sign_count": 0 })
            .to_string(),
        json!({ "type": "credential", "id": "AAAA", "user_id": "nobody", "public_key": public_key }).to_string(),
    ];
    std::fs::write(&path, lines.join("\n")).unwrap();
    let tenant = server.tenant().await;
    let report = load(server.administrator(), path, Target::Existing(tenant.id)).await.unwrap();
    assert_eq!((report.rows["users"].added, report.rows["credentials"].added), (1, 1), "{report:?}");
    assert_eq!(report.rows["credentials"].refused, 1);
    assert_eq!(report.problems[0].reason, "its user was not imported");
    assert_eq!(claims(&alice.login(&tenant).await.expect(200))["sub"], "alice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn import_of_a_file_does_not_change_stored_rows() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let (mut alice, mut security_key) = (Person::new("alice"), Person::new("alice"));
    let _ = alice.register(&tenant).await.expect(200);
    let _ = security_key.register_mfa(&tenant).await.expect(200);
    let _ = alice.transaction(&tenant, "order-1", &json!({ "amount": 12 })).await.expect(200);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tenant.jsonl");
    let text = export(&server.administrator(), tenant.id, &path).await;
    let edited = text.replace("\"backup_eligible\":true", "\"backup_eligible\":false");
    let edited = edited.replace("\"is_mfa\":true", "\"is_mfa\":false").replace("\"display_name\":\"", "$0x");
    let edited = edited.replace("\"name\":\"", "\"name\":\"old ");
    assert_ne!(text, edited);
    std::fs::write(&path, edited.replace("$0x", "\"display_name\":\"old ")).unwrap();
    let report = load(server.administrator(), path.clone(), Target::TenantOfFile).await.unwrap();
    assert!(report.rows.values().all(|tally| !tally.changed()), "{report:?}");
    assert_eq!((report.rows["credentials"].unchanged, report.rows["credentials"].refused), (1, 1), "{report:?}");
    assert_eq!((report.rows["transactions"].unchanged, report.rows["transactions"].refused), (1, 0), "{report:?}");
    assert_eq!(export(&server.administrator(), tenant.id, &path).await, text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invalid_line_is_named_and_nothing_is_written() {
    let server = TestServer::start().await;
    let tenant = server.tenant().await;
    let folder = tempfile::tempdir().unwrap();
    let user = json!({ "type": "user", "user_id": "alice", "name": "alice" }).to_string();
    let bad_key = json!({ "type": "credential", "id": "AAAA", "user_id": "alice", "public_key": "oA" }).to_string();
    let bad_config =
        json!({ "type": "tenant", "id": tenant.id, "display_name": "x", "config": { "webauthn": 1 } }).to_string();
    let long = format!("{{\"type\":\"user\",\"user_id\":\"{}\"", "x".repeat(usize::try_from(MAX_LINE_BYTES).unwrap()));
    let long_name = json!({ "type": "user", "user_id": "b", "name": "b", "display_name": "x".repeat(256) }).to_string();
    let zeros = json!({ "type": "user", "user_id": "b", "name": "b", "id": uuid::Uuid::nil() }).to_string();
    let long_order =
        json!({ "type": "transaction", "transaction_id": "x".repeat(256), "user_id": "alice", "data": "{}",
        "created_at": "2025-01-01T00:00:00Z" })
        .to_string();
    let cases = [
        (vec![], "line 1: the first line must be"),
        (vec![user.as_str()], "line 1: the first line must be"),
        (vec![r#"{"type":"header","format":"doorward-tenant","version":2}"#], "version 2 is not supported"),
        (
            vec![r#"{"type":"header","format":"doorward-tenant","version":2,"parts":3}"#],
            "version 2 is not supported; another version of Doorward wrote the file",
        ),
        (vec![HEADER, &user, &bad_key], "line 3: public_key"),
        (vec![HEADER, &user, "{}"], "line 3: missing field `type`"),
        (
            vec![HEADER, &user, r#"{"type":"user","user_id":"b","name":"b","nickname":"b"}"#],
            "line 3: unknown field `nickname`",
        ),
        (vec![HEADER, &user, &long], "line 3: it is longer than"),
        (vec![HEADER, &user, HEADER], "line 3: a header"),
        (vec![HEADER, &bad_config], "line 2: config.webauthn"),
        (vec![HEADER, &user, r#"{"type":"user","user_id":"b","name":"b\u0000"}"#], "line 3: name must have"),
        (vec![HEADER, &user, &long_name], "line 3: display_name must have"),
        (vec![HEADER, &user, &zeros], "line 3: id must not consist of zeros"),
        (vec![HEADER, &user, &long_order], "line 3: transaction_id must have"),
    ];
    let reader = server.admin("reader", Role::Auditor).await;
    for (lines, expected) in cases {
        let path = folder.path().join("file.jsonl");
        std::fs::write(&path, lines.join("\n")).unwrap();
        let error = load(server.administrator(), path, Target::Existing(tenant.id)).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
        let listed = reader.get(&format!("/tenants/{}/users", tenant.id)).await.expect(200).json();
        assert_eq!(listed, json!([]), "{expected}");
    }
    let path = folder.path().join("file.jsonl");
    std::fs::write(&path, [HEADER, &user].join("\n")).unwrap();
    let error = load(server.administrator(), path, Target::TenantOfFile).await.unwrap_err().to_string();
    assert!(error.contains("line 2: the line of the tenant must be the second line"), "{error}");
}
