//! Checks that docs/errors.md lists exactly the error codes that the code defines.

use std::{fmt::Write as _, fs, path::Path};

use doorward_shared::ErrorCode;

const HEADER: &str = "\
# Error codes

Every error response of both APIs has a `code`. [api.md](api.md#errors) describes the other members. A code keeps its meaning in later versions. If a client
receives a code that it does not know, it should act on the HTTP status alone.

This table is generated from `shared/src/error.rs` and `shared/src/error/help.rs`. A test compares them; `UPDATE_DOCS=1 cargo test -p doorward-server
--test error_codes` writes the table again.

| code | status | cause | fix |
|---|---|---|---|
";

#[test]
fn the_document_lists_every_code_with_status_cause_and_fix() {
    let mut expected = HEADER.to_owned();
    for code in ErrorCode::ALL {
        let help = code.help();
        let statuses: Vec<String> = help.statuses.iter().map(u16::to_string).collect();
        writeln!(expected, "| `{code}` | {} | {} | {} |", statuses.join(", "), code.description(), help.fix).unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/errors.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &expected).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    let difference = expected.lines().zip(found.lines()).find(|(expected, found)| expected != found);
    assert!(expected == found, "docs/errors.md differs from the code; first difference: {difference:?}");
}
