//! Tests of the precedence of sources, of secrets and of error messages.

mod combinations;
mod old_names;
mod unknown_names;
mod values;

use std::{collections::BTreeSet, path::Path};

use super::{setting::SETTINGS, *};

fn env(variables: &[(&str, &str)]) -> BTreeMap<String, String> {
    variables.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn file(text: &str) -> Option<ConfigFile<'_>> {
    Some(ConfigFile { path: Path::new("doorward.toml"), text })
}

fn resolve(variables: &[(&str, &str)], text: &str) -> Result<Settings, ConfigError> {
    Settings::resolve(&Flags::default(), &env(variables), file(text))
}

fn error(variables: &[(&str, &str)], text: &str) -> String {
    resolve(variables, text).unwrap_err().to_string()
}

#[test]
fn defaults_are_valid() {
    let settings = Settings::resolve(&Flags::default(), &env(&[]), None).unwrap();
    assert_eq!(settings.server.public_addr, "127.0.0.1:8000".parse().unwrap());
    assert_eq!(settings.server.admin_addr, "127.0.0.1:8001".parse().unwrap());
    assert_eq!(settings.server.workers, None);
    assert_eq!(settings.data.master_key, MasterKeyOrigin::DataFolder("./data/master.key".into()));
    assert_eq!(settings.database.url, DatabaseUrl::Sqlite("./data/doorward.db".into()));
    assert_eq!(settings.limits.body_bytes, 256 * 1024);
    assert_eq!(settings.limits.keyless_per_address, Some(600));
    assert_eq!(settings.proxy.trusted, []);
    assert_eq!(settings.log, LogConfig { format: LogFormat::Json, level: "info".into() });
    assert_eq!(settings.audit.retention_days, None);
    assert!(settings.effective.iter().all(|effective| effective.source == Source::Default));
}

#[test]
fn flag_overrides_variable_overrides_file_overrides_default() {
    type Set = fn(&mut Flags, String);
    type Read = fn(&Settings) -> String;
    type Case = (&'static str, &'static str, [&'static str; 3], Set, Read);
    let cases: [Case; 4] = [
        (
            "DOORWARD_PUBLIC_ADDR",
            "[server]\npublic_addr = ",
            ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"],
            |flags, value| flags.public_addr = Some(value),
            |settings| settings.server.public_addr.to_string(),
        ),
        (
            "DOORWARD_ADMIN_ADDR",
            "[server]\nadmin_addr = ",
            ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"],
            |flags, value| flags.admin_addr = Some(value),
            |settings| settings.server.admin_addr.to_string(),
        ),
        (
            "DOORWARD_DATA_DIR",
            "[data]\ndir = ",
            ["/a", "/b", "/c"],
            |flags, value| flags.data_dir = Some(value),
            |settings| settings.data.dir.display().to_string(),
        ),
        (
            "DOORWARD_DATABASE_URL",
            "[database]\nurl = ",
            ["sqlite:/a.db", "sqlite:/b.db", "sqlite:/c.db"],
            |flags, value| flags.database_url = Some(DatabaseUrlText::new(value)),
            |settings| settings.database.url.to_string(),
        ),
    ];
    for (variable, entry, [by_flag, by_variable, by_file], set, read) in cases {
        // The bits of `mask` select the sources that set the value: 0 the flag, 1 the environment variable, 2 the file.
        for mask in 0..8 {
            let mut flags = Flags::default();
            if mask & 1 != 0 {
                set(&mut flags, by_flag.to_owned());
            }
            let variables = if mask & 2 != 0 { env(&[(variable, by_variable)]) } else { env(&[]) };
            let text = if mask & 4 != 0 { format!("{entry}\"{by_file}\"") } else { String::new() };
            let settings = Settings::resolve(&flags, &variables, file(&text)).unwrap();
            let expected = match mask {
                1 | 3 | 5 | 7 => by_flag.to_owned(),
                2 | 6 => by_variable.to_owned(),
                4 => by_file.to_owned(),
                _ => read(&resolve(&[], "").unwrap()),
            };
            assert_eq!(read(&settings), expected, "{variable}, combination {mask}");
        }
    }
}

#[test]
fn secret_settings_are_read_from_files() {
    let folder = tempfile::tempdir().unwrap();
    for &(key, file_key) in setting::SECRET_FILES {
        let file = folder.path().join(key);
        std::fs::write(&file, " postgres://door:hunter2@db/doorward\n").unwrap();
        let path = file.to_str().unwrap();
        let (variable, file_variable) =
            (setting::find(key).unwrap().variable, setting::find(file_key).unwrap().variable);
        assert_eq!(file_variable, format!("{variable}_FILE"));
        let settings = resolve(&[(file_variable, path)], "").unwrap();
        let effective = settings.effective.iter().find(|one| one.key == key).unwrap();
        assert_eq!(effective.source, Source::File(file.clone()));
        assert!(!effective.value.contains("hunter2"), "{}", effective.value);
        assert_ne!(settings, resolve(&[], "").unwrap());

        let both = [(file_variable, path), (variable, "postgres://door:hunter2@db/other")];
        let message = error(&both, "");
        let expected = format!("{key} ({variable}) and {file_key} ({file_variable}) are both set: remove one of them");
        assert_eq!(message, expected);
        let (section, name) = key.split_once('.').unwrap();
        let in_file = format!("[{section}]\n{name} = \"postgres://door@db/other\"");
        assert!(error(&[(file_variable, path)], &in_file).contains("both set"));

        std::fs::write(&file, "mysql://door:hunter2@db/doorward").unwrap();
        let message = error(&[(file_variable, path)], "");
        assert!(message.starts_with(&format!("{key} ({path}): ")) && !message.contains("hunter2"), "{message}");
        std::fs::write(&file, "\n").unwrap();
        assert!(error(&[(file_variable, path)], "").contains("it is empty"));
    }
}

#[test]
fn every_setting_with_a_secret_can_be_in_a_file() {
    let of_file = |key: &str| setting::SECRET_FILES.iter().any(|(secret, _)| *secret == key);
    for setting in SETTINGS {
        let may_hold_secret = setting.help.contains("postgres://") && !setting.key.ends_with("_file");
        assert_eq!(of_file(setting.key), may_hold_secret, "{}", setting.key);
    }
}

#[test]
fn all_errors_are_reported_together() {
    let message = error(
        &[
            ("DOORWARD_DATABASE_URL", "mysql://u:hunter2@db/d"),
            ("DOORWARD_DATABASE_LISTEN_URL", "./hunter2.db"),
            ("DOORWARD_TOKEN_ISSUER", "a\u{7}b"),
            ("DOORWARD_DRAIN", "2"),
        ],
        "",
    );
    assert_eq!(message.lines().count(), 4, "{message}");
    let listen_url = "database.listen_url (DOORWARD_DATABASE_LISTEN_URL): must be empty, or a URL like \
                      postgres://user:password@host/name: it does not begin with postgres://";
    assert!(message.contains(listen_url), "{message}");
    let url = "database.url (DOORWARD_DATABASE_URL): must be the path of a SQLite file, or a URL like \
               postgres://user:password@host/name: the scheme `mysql` is not supported";
    assert!(message.contains(url) && !message.contains("hunter2"), "{message}");
    assert!(message.contains("token.issuer (DOORWARD_TOKEN_ISSUER)"), "{message}");
}

#[test]
fn all_problems_are_reported_at_once() {
    let message = error(&[("DOORWARD_WORKERS", "many"), ("DOORWARD_TYPO", "1")], "[log]\nformat = 'x'\ncolour = 1");
    assert_eq!(message.lines().count(), 4, "{message}");
    for name in ["server.workers", "DOORWARD_TYPO", "log.format", "log.colour"] {
        assert!(message.contains(name), "{message}");
    }
}

#[test]
fn syntax_error_does_not_print_the_line() {
    let message = error(&[], "[database]\n# comment\nurl = 'postgres://door:hunter2@db/doorward\n");
    assert!(message.starts_with("doorward.toml, line 3: "), "{message}");
    assert!(!message.contains("hunter2"), "{message}");
}

#[test]
fn empty_variable_counts_as_not_set() {
    let settings = resolve(&[("DOORWARD_LOG_FORMAT", "")], "[log]\nformat = 'text'").unwrap();
    assert_eq!(settings.log.format, LogFormat::Text);
}

#[test]
fn passwords_are_not_printed() {
    let url = "postgres://door:hunter2@db/doorward";
    let flags = Flags { database_url: Some(DatabaseUrlText::new(url.into())), ..Flags::default() };
    let settings = Settings::resolve(&flags, &env(&[]), None).unwrap();
    assert_eq!(settings.database.url, DatabaseUrl::Postgres(url.to_owned()));
    assert!(!format!("{flags:?} {settings:?}").contains("hunter2"));
    let shown = settings.effective.iter().find(|effective| effective.key == "database.url").unwrap();
    assert_eq!(shown.value, "postgres://door:…@db/doorward");
    let message = error(&[], "[database]\nurl = [1, 'postgres://door:hunter2@db/doorward']");
    assert!(message.starts_with("database.url (doorward.toml): must be") && !message.contains("hunter2"), "{message}");
}

#[test]
fn default_database_is_in_the_data_folder() {
    let settings = resolve(&[("DOORWARD_DATA_DIR", "/srv/door")], "").unwrap();
    assert_eq!(settings.database.url, DatabaseUrl::Sqlite("/srv/door/doorward.db".into()));
    let shown = settings.effective.iter().find(|effective| effective.key == "database.url").unwrap();
    assert_eq!(shown.value, "/srv/door/doorward.db");
}

#[test]
fn settings_file_is_given_by_flag_or_variable() {
    let folder = tempfile::TempDir::new().unwrap();
    let (one, other) = (folder.path().join("one.toml"), folder.path().join("other.toml"));
    std::fs::write(&one, "[token]\nissuer = 'one'").unwrap();
    std::fs::write(&other, "[token]\nissuer = 'other'").unwrap();
    let variables = env(&[(CONFIG_VARIABLE, other.to_str().unwrap())]);
    let flags = Flags { config: Some(one), ..Flags::default() };
    assert_eq!(Settings::load(&flags, &variables).unwrap().token.issuer, "one");
    assert_eq!(Settings::load(&Flags::default(), &variables).unwrap().token.issuer, "other");
    assert_eq!(Settings::load(&Flags::default(), &env(&[])).unwrap().token.issuer, "doorward");

    let missing = Flags { config: Some("/no/such/file.toml".into()), ..Flags::default() };
    let message = Settings::load(&missing, &env(&[])).unwrap_err().to_string();
    assert!(message.starts_with("/no/such/file.toml (--config): "), "{message}");
}
