//! Migrations of a release are never changed, because installations have already applied them.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

use doorward_authenticator::sha256;

const FILE: &str = "migrations/checksums";
const RENEW: &str = "(cd migrations && sha256sum */*/*.sql | LC_ALL=C sort -k 2 >checksums)";

#[test]
fn applied_migrations_are_not_changed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let listed = fs::read_to_string(root.join(FILE)).unwrap_or_default();
    let listed: BTreeSet<&str> = listed.lines().collect();
    let found = lines(&root.join("migrations"));
    let found: BTreeSet<&str> = found.lines().collect();
    let differing: Vec<&str> = listed.symmetric_difference(&found).copied().collect();
    assert!(
        differing.is_empty(),
        "{FILE} and the files differ:\n{}\nA migration of a release must stay as it is: add a new one (CONTRIBUTING.md). For a \
         new migration, or before the first release: {RENEW}",
        differing.join("\n")
    );
}

/// Returns the lines that `sha256sum` prints for the files.
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
