//! Tests of unknown settings and variables.

use super::*;

#[test]
fn unknown_keys_in_the_file_are_rejected() {
    for (text, expected) in [
        (
            "[server]\npublic_adr = 'x'",
            "server.public_adr (doorward.toml): no such setting; did you mean server.public_addr?",
        ),
        (
            "[serve]\npublic_addr = 'x'",
            "serve.public_addr (doorward.toml): no such setting; did you mean server.public_addr?",
        ),
        ("public_addr = 'x'", "public_addr (doorward.toml): no such setting; did you mean server.public_addr?"),
        ("[server]\ncolour = 1", "server.colour (doorward.toml): no such setting"),
        (
            "[server.public_addr]\nx = 1",
            "server.public_addr (doorward.toml): \"{ x = 1 }\" is not a string, a number, or a list of strings",
        ),
    ] {
        assert_eq!(error(&[], text), expected);
    }
    assert!(error(&[], "[server]\npublic_addr = 1.5").contains("1.5"));
}

#[test]
fn unknown_variables_are_rejected_unless_they_belong_to_other_programs() {
    assert_eq!(
        error(&[("DOORWARD_PUBLIC_ADRR", "x")], ""),
        "DOORWARD_PUBLIC_ADRR: no such setting; did you mean DOORWARD_PUBLIC_ADDR?"
    );
    assert_eq!(error(&[("DOORWARD_PUBLIC_PORT", "80")], "").lines().count(), 1);
    assert!(error(&[("DOORWARD_PORT_EXPORT", "80")], "").contains("no such setting"));
    for (name, value) in [
        ("DOORWARD_CONFIG", "doorward.toml"),
        ("DOORWARD_ADMIN_TOKEN", "dwa_x"),
        ("DOORWARD_ADMIN_TOKEN_FILE", "/run/secrets/doorward"),
        ("DOORWARD_ADMIN_PROFILE", "prod"),
        ("DOORWARD_ADMIN_CONFIG", "admin.toml"),
        ("DOORWARD_ADMIN_CA_FILE", "ca.pem"),
        ("DOORWARD_API_KEY", "dw_x"),
        ("DOORWARD_TEST_POSTGRES_URL", "postgres://"),
        ("DOORWARD_IMPORT_FROM", "postgres://hanko@db/passkey"),
        ("DOORWARD_MIGRATE_FROM", "a.db"),
        ("DOORWARD_ADMIN_THEME", "light"),
        ("DOORWARD_SERVICE_HOST", "10.0.0.1"),
        ("DOORWARD_SERVICE_PORT_HTTP", "8000"),
        ("DOORWARD_PORT", "tcp://10.0.0.1:8000"),
        ("DOORWARD_PORT_8000_TCP", "tcp://10.0.0.1:8000"),
        ("DOORWARD_PORT_8000_TCP_ADDR", "10.0.0.1"),
        ("DOORWARD_ADMIN_PORT_8001_TCP_PORT", "8001"),
        ("DOORWARDEN", "x"),
        ("PATH", "/bin"),
    ] {
        assert!(resolve(&[(name, value)], "").is_ok(), "{name}");
    }
}

#[test]
fn variables_similar_to_those_of_other_programs_are_rejected() {
    for name in
        ["DOORWARD_PROBE_KEY", "DOORWARD_DEMO_ADDR", "DOORWARD_LOAD_URL", "DOORWARD_MIGRATE_SOURCE", "DOORWARD_TEST_X"]
    {
        assert!(error(&[(name, "x")], "").starts_with(&format!("{name}: no such setting")), "{name}");
    }
}

/// Returns the names of environment variables in the string literals of a crate, without its tests.
fn variables_in(crate_folder: &str) -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(crate_folder);
    let mut found = BTreeSet::new();
    for source in doorward_testkit::sources::sources(&root) {
        for literal in source.code.split('"').skip(1).step_by(2).filter(|text| text.starts_with("DOORWARD_")) {
            let is_name = |symbol: char| symbol.is_ascii_uppercase() || symbol.is_ascii_digit() || symbol == '_';
            if literal.chars().all(is_name) && !literal.ends_with('_') {
                found.insert(literal.to_owned());
            }
        }
    }
    found
}

#[test]
fn each_binary_accepts_the_variables_of_the_other_one() {
    let is_known =
        |name: &str| SETTINGS.iter().any(|setting| setting.variable == name) || setting::is_foreign(name, "");
    let of_admin_app = variables_in("admin-tui");
    assert!(of_admin_app.contains("DOORWARD_ADMIN_TOKEN"), "{of_admin_app:?}");
    for name in of_admin_app.iter().chain(&variables_in("bench")) {
        assert!(is_known(name), "the server rejects {name}");
    }
    for name in doorward_shared::environment::ADMIN_APP {
        assert!(of_admin_app.contains(name), "doorward-admin does not use {name}");
    }
}
