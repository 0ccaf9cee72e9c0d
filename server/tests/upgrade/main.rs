//! Upgrades: runs the server of this version on installations of released versions, and checks migrations and formats.
//!
//! `server/tests/data/` contains an installation of each released version, and one of the current version.
//! CONTRIBUTING.md describes when such an installation is written.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a panic fails the test")]
#![expect(clippy::indexing_slicing, reason = "a panic fails the test")]

mod behaviour;
mod clients;
mod dump;
mod fixture;
mod migrations;
mod writer;

use std::collections::BTreeMap;

use doorward_server::backup::Manifest;
use doorward_testkit::{database, process};
use serde_json::Value;

use fixture::{Fixture, Installation};

/// Maximum size of a fixture in bytes.
const MAX_BYTES: u64 = 140_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn installation_of_each_version_goes_on_working() {
    for fixture in Fixture::all() {
        let installation = fixture.copy().await;
        let server = installation.serve();
        behaviour::works(&server, &installation).await;
        server.terminate();
        assert_eq!(database::faults(&installation.database_url()).await, [""; 0], "{}", fixture.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn installation_of_each_version_moves_to_postgresql() {
    if !database::is_postgres("installation_of_each_version_moves_to_postgresql") {
        return;
    }
    for fixture in Fixture::all() {
        let mut installation = fixture.copy().await;
        let (url, _database) = database::for_test(installation.folder()).await;
        let mut migrate = installation.command();
        migrate.args(["migrate-storage", "--json", "--from", &installation.database_url(), "--to", &url]);
        let report = process::json(migrate);
        assert!(report["tables"].as_array().unwrap().len() > 10, "{report}");
        installation.use_database(url.clone());
        let server = installation.serve();
        behaviour::works(&server, &installation).await;
        server.terminate();
        assert_eq!(database::faults(&url).await, [""; 0], "{}", fixture.name);
    }
}

#[tokio::test]
async fn export_of_each_version_contains_the_same_data() {
    for fixture in Fixture::all() {
        let installation = fixture.copy().await;
        for tenant in ["Shop", "Forum"] {
            let to = installation.folder().join(format!("{tenant}-again.jsonl"));
            let mut export = installation.command();
            export.args(["export", tenant, "--json", "--to"]).arg(&to);
            let _ = process::json(export);
            let lines =
                |text: &str| -> Vec<Value> { text.lines().map(|line| serde_json::from_str(line).unwrap()).collect() };
            let found = lines(&std::fs::read_to_string(to).unwrap());
            for mut expected in lines(&fixture.read(&format!("{tenant}.jsonl"))) {
                if expected["type"] == "header" {
                    assert!(found[0]["version"].as_u64() >= expected["version"].as_u64(), "{}", fixture.name);
                    expected.as_object_mut().unwrap().remove("version");
                }
                assert!(found.iter().any(|line| contains(line, &expected)), "{}: {expected}", fixture.name);
            }
        }
    }
}

/// Returns whether a value has at least the members of `expected`. Later versions may add members.
fn contains(value: &Value, expected: &Value) -> bool {
    match (value, expected) {
        (Value::Object(members), Value::Object(expected)) => {
            expected.iter().all(|(name, expected)| members.get(name).is_some_and(|value| contains(value, expected)))
        }
        _ => value == expected,
    }
}

#[tokio::test]
async fn export_of_each_version_can_be_imported() {
    for fixture in Fixture::all() {
        let installation = Installation::empty();
        for tenant in ["Shop", "Forum"] {
            let file = fixture.path(&format!("{tenant}.jsonl")).display().to_string();
            let mut import = installation.command();
            import.args(["import", "tenant", &file, "--json"]);
            let report = process::json(import);
            assert_eq!(report["changed"], true, "{}: {report}", fixture.name);
            let rows = report["tenants"][0]["rows"].as_object().unwrap();
            let added: BTreeMap<String, u64> =
                rows.iter().map(|(kind, rows)| (kind.clone(), rows["added"].as_u64().unwrap())).collect();
            assert_eq!(added, lines_by_kind(&fixture.read(&format!("{tenant}.jsonl"))), "{}: {report}", fixture.name);
            assert!(rows.values().all(|rows| rows["refused"] == 0), "{}: {report}", fixture.name);
        }
    }
}

/// Returns the number of lines of each kind in an exported tenant, without the header.
fn lines_by_kind(text: &str) -> BTreeMap<String, u64> {
    let mut lines = BTreeMap::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let kind = line["type"].as_str().unwrap();
        if kind != "header" {
            *lines.entry(format!("{kind}s")).or_default() += 1;
        }
    }
    lines
}

#[tokio::test]
async fn installation_of_each_version_can_be_backed_up() {
    for fixture in Fixture::all() {
        let installation = fixture.copy().await;
        let to = installation.folder().join("copy.db");
        let run = |arguments: &[&str]| {
            let mut command = installation.command();
            command.args(arguments).arg(&to);
            if arguments.first() == Some(&"backup") {
                command.arg("--json");
            }
            process::json(command)
        };
        let _ = run(&["backup", "--to"]);
        let manifest = run(&["backup", "verify"]);
        let kept = Manifest::read(&fixture.path("backup.db")).unwrap().expect("the manifest of the version");
        for (table, rows) in &kept.counts {
            assert_eq!(manifest["counts"][table], *rows, "{}: {table}", fixture.name);
        }
    }
}

#[tokio::test]
async fn migrated_schema_is_that_of_a_new_installation() {
    let new = Installation::empty();
    let expected = dump::schema(&new.database_url()).await;
    for fixture in Fixture::all() {
        let installation = fixture.copy().await;
        migrate(&installation);
        check_schema(&fixture, &expected, &installation).await;
    }
}

#[tokio::test]
async fn migrated_postgresql_schema_is_that_of_a_new_database() {
    if !database::is_postgres("migrated_postgresql_schema_is_that_of_a_new_database") {
        return;
    }
    let mut new = Installation::empty();
    let (url, _new_database) = database::for_test(new.folder()).await;
    new.use_database(url);
    migrate(&new);
    let expected = dump::schema(&new.database_url()).await;
    for fixture in Fixture::all() {
        let mut old = Installation::empty();
        let (url, _old_database) = database::for_test(old.folder()).await;
        database::execute(&url, &fixture.read(dump::POSTGRES_FILE)).await;
        old.use_database(url);
        migrate(&old);
        check_schema(&fixture, &expected, &old).await;
    }
}

/// Runs the pending migrations.
fn migrate(installation: &Installation) {
    let mut migrate = installation.command();
    migrate.args(["migrate", "--json"]);
    let _ = process::json(migrate);
}

async fn check_schema(fixture: &Fixture, expected: &[String], installation: &Installation) {
    let found = dump::schema(&installation.database_url()).await;
    let difference = expected.iter().zip(&found).find(|(expected, found)| expected != found);
    assert!(
        expected == found,
        "{}: after all migrations, its schema differs from that of a new installation: a migration was changed after it was \
         applied. Add a new migration instead. Only before the first release: {}\nfirst difference: {difference:#?}",
        fixture.name,
        writer::COMMAND
    );
}

#[tokio::test]
async fn newer_schema_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (url, _database) = database::for_test(folder.path()).await;
    let command = || process::command(env!("CARGO_BIN_EXE_doorward"), folder.path(), &url);
    process::init(command());
    database::execute(&url, "INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000')").await;
    for arguments in [&["serve"][..], &["migrate"], &["tenant", "list"]] {
        let output = command().args(arguments).output().unwrap();
        let why = String::from_utf8(output.stderr).unwrap();
        let expected = "the schema is newer than this program: it has the unknown migration 99990101000000";
        assert!(!output.status.success() && why.contains(expected), "{arguments:?}: {why}");
    }
}

#[test]
fn fixtures_are_small() {
    for fixture in Fixture::all() {
        let files = std::fs::read_dir(fixture.path("")).unwrap();
        let bytes: u64 = files.map(|file| file.unwrap().metadata().unwrap().len()).sum();
        assert!(bytes <= MAX_BYTES, "{} has {bytes} bytes", fixture.name);
    }
}

#[test]
fn fixtures_of_earlier_versions_are_released() {
    let earlier = Fixture::all().into_iter().filter(|fixture| fixture.name != writer::fixture_name());
    for fixture in earlier {
        assert!(fixture.path(writer::RELEASED).exists(), "{} needs the file {}", fixture.name, writer::RELEASED);
    }
}

#[test]
fn this_version_has_a_fixture() {
    let name = writer::fixture_name();
    assert!(
        Fixture::all().iter().any(|fixture| fixture.name == name),
        "there is no {name}. To write it: {}",
        writer::COMMAND
    );
}
