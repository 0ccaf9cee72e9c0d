//! Old names of settings.

use super::*;

/// Old names for these tests: `server.public_addr` was renamed twice, `master_key.command` once, and of
/// `database.url_file` only the variable was renamed.
const OLD_NAMES: &[Renamed] = &[
    Renamed { old: "server.listen", key: "server.public_addr" },
    Renamed { old: "http.address", key: "server.public_addr" },
    Renamed { old: "DOORWARD_LISTEN", key: "server.public_addr" },
    Renamed { old: "DOORWARD_URL_FILE", key: "database.url_file" },
    Renamed { old: "master_key.program", key: "master_key.command" },
];

fn resolve_old(variables: &[(&str, &str)], text: &str) -> Result<Settings, ConfigError> {
    Settings::resolve_with(&Flags::default(), &env(variables), file(text), OLD_NAMES)
}

#[test]
fn old_name_of_a_setting_works_and_is_reported() {
    let address = |settings: &Settings| settings.server.public_addr.to_string();
    for text in ["[server]\nlisten = '127.0.0.1:1'", "[http]\naddress = '127.0.0.1:1'"] {
        let settings = resolve_old(&[], text).unwrap();
        assert_eq!(address(&settings), "127.0.0.1:1");
        let [warning] = settings.warnings.as_slice() else { panic!("{:?}", settings.warnings) };
        assert!(warning.ends_with("(doorward.toml) is the old name of a setting: rename it to server.public_addr"));
        assert!(error(&[], text).contains("no such setting"), "without an entry, the name is unknown");
    }
    let settings = resolve_old(&[("DOORWARD_LISTEN", "127.0.0.1:2")], "").unwrap();
    assert_eq!(address(&settings), "127.0.0.1:2");
    let expected = "DOORWARD_LISTEN is the old name of a setting: rename it to DOORWARD_PUBLIC_ADDR";
    assert_eq!(settings.warnings, [expected]);
    let command = resolve_old(&[], "[master_key]\nprogram = ['kms', 'a, b']").unwrap();
    assert!(matches!(command.data.master_key, MasterKeyOrigin::Command(words) if words == ["kms", "a, b"]));
    assert_eq!(resolve_old(&[("DOORWARD_LISTEN", "")], "").unwrap().warnings, [""; 0], "an empty variable is not set");
    assert_eq!(resolve(&[], "[server]\npublic_addr = '127.0.0.1:1'").unwrap().warnings, [""; 0]);
}

#[test]
fn old_names_have_the_same_precedence_as_new_ones() {
    let used = |settings: &Settings| (settings.server.public_addr.to_string(), settings.warnings.len());
    let expected = |address: &str, warnings: usize| (address.to_owned(), warnings);
    let old_file = "[server]\nlisten = '127.0.0.1:1'";
    let new_variable = [("DOORWARD_PUBLIC_ADDR", "127.0.0.1:2")];
    let settings = resolve_old(&new_variable, old_file).unwrap();
    assert_eq!(used(&settings), expected("127.0.0.1:2", 1));
    let old_variable = [("DOORWARD_LISTEN", "127.0.0.1:3")];
    let settings = resolve_old(&old_variable, "[server]\npublic_addr = '127.0.0.1:4'").unwrap();
    assert_eq!(used(&settings), expected("127.0.0.1:3", 1));
    let flags = Flags { public_addr: Some("127.0.0.1:5".to_owned()), ..Flags::default() };
    let settings = Settings::resolve_with(&flags, &env(&old_variable), file(old_file), OLD_NAMES).unwrap();
    assert_eq!(used(&settings), expected("127.0.0.1:5", 2));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("url");
    std::fs::write(&path, "postgres://door@db/doorward").unwrap();
    let settings = resolve_old(&[("DOORWARD_URL_FILE", path.to_str().unwrap())], "").unwrap();
    assert!(matches!(settings.database.url, DatabaseUrl::Postgres(_)));
}

#[test]
fn old_and_new_name_in_the_same_place_are_an_error() {
    let message = |variables: &[(&str, &str)], text: &str| resolve_old(variables, text).unwrap_err().to_string();
    let both = [("DOORWARD_LISTEN", "127.0.0.1:1"), ("DOORWARD_PUBLIC_ADDR", "127.0.0.1:1")];
    let expected =
        "DOORWARD_LISTEN: this is the old name of DOORWARD_PUBLIC_ADDR, which is set as well: remove DOORWARD_LISTEN";
    assert_eq!(message(&both, ""), expected);
    for (old, both) in [
        ("server.listen", "[server]\nlisten = 'a'\npublic_addr = '127.0.0.1:1'"),
        ("http.address", "[server]\nlisten = '127.0.0.1:1'\n[http]\naddress = 'a'"),
    ] {
        let expected = format!(
            "{old} (doorward.toml): this is the old name of server.public_addr, which is set as well: remove {old}"
        );
        assert_eq!(message(&[], both), expected);
    }
    let invalid = message(&[("DOORWARD_LISTEN", "80x")], "");
    assert!(invalid.starts_with(r#"server.public_addr (DOORWARD_LISTEN): "80x" is not "#), "{invalid}");
}

#[test]
fn old_names_are_not_present_names() {
    for Renamed { old, key } in RENAMED.iter().chain(OLD_NAMES) {
        assert!(setting::find(key).is_some(), "{old}: {key} is not a setting");
        assert!(SETTINGS.iter().all(|setting| setting.key != *old && setting.variable != *old), "{old}");
        assert!(old.contains('.') || old.starts_with("DOORWARD_"), "{old}");
    }
}
