//! Invalid settings are rejected, and the errors name them.

use super::*;

#[test]
fn invalid_database_url_is_rejected_without_printing_the_password() {
    let folder = tempfile::tempdir().unwrap();
    for url in [
        "\"postgres://u:hunter2@127.0.0.1/d\"",
        "mysql://u:hunter2@127.0.0.1/d",
        "postgresql+asyncpg://u:hunter2@127.0.0.1/d",
        "host=127.0.0.1 password=hunter2",
        "postgres:hunter2@127.0.0.1",
    ] {
        for command in ["serve", "check-config", "migrate", "init"] {
            let output = doorward(folder.path()).arg(command).env("DOORWARD_DATABASE_URL", url).output().unwrap();
            let why = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{url}: {why}");
            assert!(why.contains("database.url (DOORWARD_DATABASE_URL)") && !why.contains("hunter2"), "{url}: {why}");
        }
        let why = refused(folder.path(), &["migrate-storage", "--from", "a.db", "--to", url], 2);
        assert!(why.contains("--to") && !why.contains("hunter2"), "{url}: {why}");
    }
    assert_eq!(files(folder.path()), [""; 0], "no file is created");
}

#[test]
fn check_config_checks_everything_that_needs_no_connection() {
    let folder = tempfile::tempdir().unwrap();
    for (url, reason) in [
        ("postgres://127.0.0.1:port/d", "the value of `port` is invalid"),
        ("postgres://127.0.0.1/d?sslrootcert=/no/such/ca.pem", "sslrootcert: I/O error"),
    ] {
        let output = doorward(folder.path()).arg("check-config").env("DOORWARD_DATABASE_URL", url).output().unwrap();
        let why = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && why.contains(reason), "{url}: {why}");
    }
    json(folder.path(), &["init", "--json"]);
    fs::write(folder.path().join("master.key"), "short").unwrap();
    set_mode(&folder.path().join("master.key"), 0o600);
    assert!(refused(folder.path(), &["check-config"], 2).contains("exactly 32 bytes"));
}

#[test]
fn invalid_settings_are_rejected_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let why = refused(folder.path(), &["serve", "--public-addr", "80x"], 2);
    assert!(why.contains("server.public_addr") && why.contains("--public-addr"), "{why}");
    let output = doorward(folder.path()).args(["check-config"]).env("DOORWARD_PUBLIC_ADRR", "x").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("DOORWARD_PUBLIC_ADRR"));
    let shown = json(folder.path(), &["check-config", "--json"]);
    assert!(shown.as_array().unwrap().iter().any(|one| one["setting"] == "data.dir"));
}
