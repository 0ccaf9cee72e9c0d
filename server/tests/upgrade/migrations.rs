//! A migration that was released must never change, because installations have already applied it.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use doorward_authenticator::sha256;

use crate::{fixture::Fixture, writer};

/// Name of the file with the checksums, in the folder of the migrations and in each fixture.
pub(crate) const FILE: &str = "checksums";
const RENEW: &str = "(cd migrations && sha256sum */*/*.sql | LC_ALL=C sort -k 2 >checksums)";

#[test]
fn applied_migrations_are_not_changed() {
    let folder = folder();
    let listed = fs::read_to_string(folder.join(FILE)).unwrap_or_default();
    let listed: BTreeSet<&str> = listed.lines().collect();
    let found = lines(&folder);
    let found: BTreeSet<&str> = found.lines().collect();
    let differing: Vec<&str> = listed.symmetric_difference(&found).copied().collect();
    assert!(
        differing.is_empty(),
        "migrations/{FILE} and the files differ:\n{}\nA migration of a release must stay as it is: add a new one (CONTRIBUTING.md). For a \
         new migration, or before the first release: {RENEW}",
        differing.join("\n")
    );
}

/// Compares the checksums beside the migrations with those in the fixture of each released version, which are never
/// renewed. The test therefore detects a changed migration even if the checksums beside the migrations were renewed.
#[test]
fn checksums_of_each_version_are_unchanged() {
    let listed = fs::read_to_string(folder().join(FILE)).unwrap();
    let listed: BTreeSet<&str> = listed.lines().collect();
    for fixture in Fixture::all() {
        let released = fixture.read(FILE);
        let missing: Vec<&str> = released.lines().filter(|line| !listed.contains(line)).collect();
        assert!(
            missing.is_empty() && !released.is_empty(),
            "these migrations of {} were changed or deleted since:\n{}\nRestore them, and add a new migration (CONTRIBUTING.md). \
             Only before the first release: {}",
            fixture.name,
            missing.join("\n"),
            writer::COMMAND
        );
    }
}

/// The folder with the migrations of both engines.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations")
}

/// Returns the lines that `sha256sum` prints for the migrations.
fn lines(folder: &Path) -> String {
    let mut lines = String::new();
    for engine in ["postgres", "sqlite"] {
        for migration in fs::read_dir(folder.join(engine)).unwrap() {
            for file in fs::read_dir(migration.unwrap().path()).unwrap() {
                let path = file.unwrap().path();
                let digest = sha256(&fs::read(&path).unwrap());
                digest.iter().for_each(|byte| write!(lines, "{byte:02x}").unwrap());
                writeln!(lines, "  {}", path.strip_prefix(folder).unwrap().display()).unwrap();
            }
        }
    }
    lines
}
