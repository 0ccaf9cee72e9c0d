//! Tests of the precedence of sources, of unknown names and of invalid values.

mod old_names;

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
fn names_are_unique_and_have_one_format() {
    for (number, setting) in SETTINGS.iter().enumerate() {
        assert!(setting.variable.starts_with("DOORWARD_"), "{setting:?}");
        assert_eq!(setting.key.split('.').count(), 2, "{setting:?}");
        assert!(!setting::is_foreign(setting.variable, "tcp://10.0.0.1:80"), "{setting:?}");
        for other in &SETTINGS[number + 1..] {
            assert!(setting.key != other.key && setting.variable != other.variable, "{setting:?} {other:?}");
        }
    }
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
fn every_setting_can_be_set_by_variable_and_file() {
    // `secret_settings_are_read_from_files` tests the settings that end with `url_file`, because their files must
    // exist.
    for (key, value) in GOOD.into_iter().filter(|(key, _)| !key.ends_with("url_file")) {
        let setting = setting::find(key).unwrap();
        let needed = needed_by(key);
        let by_variable =
            resolve(&[&[(setting.variable, value)], needed].concat(), "").unwrap_or_else(|error| panic!("{error}"));
        let (section, name) = key.split_once('.').unwrap();
        let by_file = resolve(needed, &format!("[{section}]\n{name} = \"{value}\"")).unwrap();
        let effective =
            |settings: &Settings| settings.effective.iter().find(|effective| effective.key == key).unwrap().clone();
        // `effective` omits the arguments of a command, because they may contain a secret.
        let value = if key == "master_key.command" { "systemd-creds …" } else { value };
        assert_eq!(effective(&by_variable).value, *value);
        assert_eq!(effective(&by_variable).source, Source::Variable(setting.variable));
        assert_eq!(effective(&by_file).value, *value);
        assert_eq!(effective(&by_file).source, Source::File("doorward.toml".into()));
        assert_ne!(by_variable, resolve(&[], "").unwrap());
    }
    assert_eq!(GOOD.map(|(key, _)| key).as_slice(), SETTINGS.iter().map(|setting| setting.key).collect::<Vec<_>>());
}

/// Returns the other settings that a setting requires.
fn needed_by(key: &str) -> &'static [(&'static str, &'static str)] {
    match key {
        "tls.certificate" => &[("DOORWARD_TLS_KEY", "key.pem")],
        "tls.key" => &[("DOORWARD_TLS_CERTIFICATE", "certificate.pem")],
        "tls.client_ca" => &[("DOORWARD_TLS_CERTIFICATE", "certificate.pem"), ("DOORWARD_TLS_KEY", "key.pem")],
        "probe.every" => &[("DOORWARD_PROBE_KEYS_FILE", "/keys")],
        _ => &[],
    }
}

const GOOD: [(&str, &str); 49] = [
    ("server.public_addr", "[::]:80"),
    ("server.admin_addr", "unix:/run/doorward/admin.sock"),
    ("server.workers", "3"),
    ("server.max_connections", "100"),
    ("server.drain", "0s"),
    ("server.shutdown_timeout", "5m"),
    ("server.admin_plain_http", "true"),
    ("tls.certificate", "/etc/doorward/certificate.pem"),
    ("tls.key", "/etc/doorward/key.pem"),
    ("tls.client_ca", "/etc/doorward/clients.pem"),
    ("data.dir", "/var/lib/doorward"),
    ("master_key.file", "/run/secrets/master.key"),
    ("master_key.descriptor", "3"),
    ("master_key.command", "systemd-creds decrypt /etc/doorward/master.cred -"),
    ("database.url", "postgres://door@db/doorward"),
    ("database.url_file", "/run/secrets/url"),
    ("database.listen_url", "postgres://door@db:5433/doorward"),
    ("database.listen_url_file", "/run/secrets/listen-url"),
    ("database.connections", "20"),
    ("database.acquire_timeout", "500ms"),
    ("database.statement_timeout", "1h"),
    ("database.write_queue", "1"),
    ("limits.body_bytes", "1MiB"),
    ("limits.header_timeout", "1s"),
    ("limits.body_timeout", "1m"),
    ("limits.json_depth", "8"),
    ("limits.keyless_per_address", "off"),
    ("limits.keyless_per_tenant", "1"),
    ("limits.admin_token_lifetime", "90d"),
    ("proxy.trusted", "10.0.0.0/8, fd00::1"),
    ("log.format", "text"),
    ("log.level", "warn,doorward_server=debug"),
    ("token.issuer", "https://login.example.com"),
    ("token.rotate_every", "90d"),
    ("audit.retention_days", "365"),
    ("audit.forward", "stdout"),
    ("audit.forward_secret_file", "/etc/doorward/forward.secret"),
    ("audit.forward_networks", "10.0.0.0/8"),
    ("audit.forward_ca", "/etc/doorward/ca.pem"),
    ("probe.every", "5m"),
    ("probe.keys_file", "/etc/doorward/probe.keys"),
    ("probe.url", "https://passkeys.example.com/"),
    ("backup.every", "1d"),
    ("backup.keep", "30"),
    ("backup.dir", "/backup"),
    ("cache.tenants", "100000"),
    ("cache.verified_keys", "1"),
    ("traces.endpoint", "http://127.0.0.1:4318"),
    ("traces.ratio", "0.25"),
];

#[test]
fn invalid_values_are_rejected_with_name_and_source() {
    for (key, values) in BAD {
        let setting = setting::find(key).unwrap();
        for value in *values {
            let message = error(&[(setting.variable, value)], "");
            let begins = format!("{key} ({}): ", setting.variable);
            let shows_value = message.contains(value) || (*key == "master_key.command" && !message.contains("[1]"));
            assert!(message.starts_with(&begins) && shows_value, "{key} = {value:?}: {message}");
            assert_eq!(message.lines().count(), 1, "{message}");
        }
    }
    // `BAD` leaves out `database.url` and `database.listen_url`: the loop above expects the value in the message, but
    // messages about these two settings omit it.
    let tried: Vec<_> = BAD.iter().map(|(key, _)| *key).chain(["database.url", "database.listen_url"]).collect();
    assert!(SETTINGS.iter().all(|setting| tried.contains(&setting.key)));
}

const BAD: &[(&str, &[&str])] = &[
    (
        "server.public_addr",
        &["80x", "8000", ":8000", "localhost:8000", "127.0.0.1", "127.0.0.1:70000", "unix:run/p.sock"],
    ),
    (
        "server.admin_addr",
        &[
            "80x",
            "127.0.0.1:8000",
            "0.0.0.0:8001",
            "[::]:8001",
            "10.0.0.1:8001",
            "unix:",
            "unix:@admin",
            "/run/admin.sock",
        ],
    ),
    ("server.workers", &["0", "1025", "-1", "two", "1.5"]),
    ("server.max_connections", &["15", "1000001", "many"]),
    ("server.drain", &["2", "61m", "off"]),
    ("server.shutdown_timeout", &["30", "30 seconds", "0s", "2h", "s", "-1s"]),
    ("server.admin_plain_http", &["yes", "1"]),
    ("tls.certificate", &["~/certificate.pem"]),
    ("tls.key", &["~/key.pem"]),
    ("tls.client_ca", &["~/clients.pem"]),
    ("data.dir", &["~", "~/data"]),
    ("master_key.file", &["~/master.key"]),
    ("master_key.descriptor", &["1", "2", "-1", "three"]),
    ("master_key.command", &["[", "[1]", "[]"]),
    ("database.url_file", &["/no/such/file"]),
    ("database.listen_url_file", &["/no/such/file"]),
    ("database.connections", &["0", "1001"]),
    ("database.acquire_timeout", &["never", "1ms"]),
    ("database.statement_timeout", &["10"]),
    ("database.write_queue", &["0"]),
    ("limits.body_bytes", &["0", "1023", "1GiB", "65MiB", "256kb", "99999999999999999999KiB"]),
    ("limits.header_timeout", &["off"]),
    ("limits.body_timeout", &["99999999999999999999d"]),
    ("limits.json_depth", &["3", "129"]),
    ("limits.keyless_per_address", &["0", "none", "600/m"]),
    ("limits.keyless_per_tenant", &["-1", "4294967296"]),
    ("limits.admin_token_lifetime", &["0d", "3651d", "90", "never"]),
    ("proxy.trusted", &["proxy.internal", "10.0.0.0/33", "10.0.0.1;10.0.0.2"]),
    ("log.format", &["JSON", "pretty"]),
    ("log.level", &["loud", "info,doorward", "INFOO"]),
    ("token.issuer", &["   "]),
    ("token.rotate_every", &["0d", "3651d", "90", "12h", "never"]),
    ("audit.retention_days", &["0", "30d", "never"]),
    ("audit.forward", &["http://siem.example.com/", "file:audit.ndjson", "stdout,stdout", "siem.example.com"]),
    ("audit.forward_secret_file", &["~/secret"]),
    ("audit.forward_networks", &["10.0.0.0/33"]),
    ("audit.forward_ca", &["~/ca.pem"]),
    ("probe.every", &["0s", "often"]),
    ("probe.keys_file", &["~/keys"]),
    ("probe.url", &["passkeys.example.com", "ftp://passkeys.example.com"]),
    ("backup.every", &["0s", "366d", "daily"]),
    ("backup.keep", &["0", "10001"]),
    ("backup.dir", &["~/backup"]),
    ("cache.tenants", &["0"]),
    ("cache.verified_keys", &["lots"]),
    ("traces.endpoint", &["127.0.0.1:4318", "ftp://collector", "http://collector/?key=value"]),
    ("traces.ratio", &["-0.1", "1.1", "all"]),
];

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
fn master_key_has_one_origin() {
    let origin =
        |variables: &[(&str, &str)], text: &str| resolve(variables, text).map(|settings| settings.data.master_key);
    let words = |words: &[&str]| MasterKeyOrigin::Command(words.iter().map(|&word| word.to_owned()).collect());
    let list = "[master_key]\ncommand = [\"kms\", \"a, b\"]";
    assert_eq!(origin(&[], list).unwrap(), words(&["kms", "a, b"]));
    let variable = |value| [("DOORWARD_MASTER_KEY_COMMAND", value)];
    assert_eq!(origin(&variable("kms get  key"), "").unwrap(), words(&["kms", "get", "key"]));
    assert_eq!(origin(&variable(r#"["kms","a b"]"#), "").unwrap(), words(&["kms", "a b"]));
    assert_eq!(origin(&[("DOORWARD_MASTER_KEY_DESCRIPTOR", "0")], "").unwrap(), MasterKeyOrigin::Descriptor(0));
    let file = ("DOORWARD_MASTER_KEY_FILE", "/run/secrets/key");
    assert_eq!(origin(&[file], "").unwrap(), MasterKeyOrigin::File("/run/secrets/key".into()));
    let message = error(&[file], list);
    assert!(message.contains("master_key.command") && message.contains("the only setting"), "{message}");
    assert!(error(&[file, ("DOORWARD_MASTER_KEY_DESCRIPTOR", "3")], "").starts_with("master_key.descriptor"));
}

#[test]
fn admin_api_needs_tls_unless_its_address_is_local() {
    let address = ("DOORWARD_ADMIN_ADDR", "0.0.0.0:8001");
    let files = [("DOORWARD_TLS_CERTIFICATE", "c.pem"), ("DOORWARD_TLS_KEY", "k.pem")];
    assert!(error(&[address], "").contains("server.admin_plain_http = true"));
    assert!(resolve(&[&[address], files.as_slice()].concat(), "").is_ok());
    assert!(resolve(&[address, ("DOORWARD_ADMIN_PLAIN_HTTP", "true")], "").is_ok());
    assert!(resolve(&[("DOORWARD_ADMIN_ADDR", "127.9.9.9:8001")], "").is_ok());
    assert_eq!(error(&files[..1], "").lines().count(), 1);
    assert!(error(&files[1..], "").starts_with("tls.certificate (default): must be the path"));
}

#[test]
fn both_apis_can_listen_on_unix_sockets() {
    let (public, admin) = ("unix:/run/doorward/public.sock", "unix:/run/doorward/admin.sock");
    for (public, admin) in [(public, admin), (public, "127.0.0.1:8001"), ("127.0.0.1:8000", admin)] {
        let flags = Flags { admin_addr: Some(admin.to_owned()), ..Flags::default() };
        let text = format!("[server]\npublic_addr = \"{public}\"");
        let server = Settings::resolve(&flags, &env(&[]), file(&text)).unwrap().server;
        assert_eq!(
            (server.public_addr.to_string(), server.admin_addr.to_string()),
            (public.to_owned(), admin.to_owned())
        );
    }
    let same = [("DOORWARD_PUBLIC_ADDR", public), ("DOORWARD_ADMIN_ADDR", "unix:/run//doorward/public.sock")];
    assert!(error(&same, "").ends_with("is not an address of its own: server.public_addr has the same one"));
    let long = format!("unix:/{}", "a".repeat(107));
    assert!(
        error(&[("DOORWARD_PUBLIC_ADDR", &long)], "")
            .ends_with("the path has 108 bytes, but the system allows at most 107")
    );
}

#[test]
fn tls_without_a_tcp_listener_is_refused() {
    let files = [("DOORWARD_TLS_CERTIFICATE", "c.pem"), ("DOORWARD_TLS_KEY", "k.pem")];
    let with = |more: &[(&'static str, &'static str)]| [&files, more].concat();
    let (public, admin) = (("DOORWARD_PUBLIC_ADDR", "unix:/p.sock"), ("DOORWARD_ADMIN_ADDR", "unix:/a.sock"));
    assert!(error(&with(&[public, admin]), "").starts_with("tls.certificate (DOORWARD_TLS_CERTIFICATE): "));
    assert!(resolve(&with(&[public]), "").is_ok() && resolve(&with(&[admin]), "").is_ok());
    let authority = ("DOORWARD_TLS_CLIENT_CA", "clients.pem");
    assert!(error(&with(&[admin, authority]), "").starts_with("tls.client_ca (DOORWARD_TLS_CLIENT_CA): "));
    assert!(resolve(&with(&[public, authority]), "").is_ok());
    // A probe through the Unix socket uses no TLS, so `probe.url` is not required.
    let probe = [("DOORWARD_PROBE_EVERY", "5m"), ("DOORWARD_PROBE_KEYS_FILE", "/keys")];
    assert!(resolve(&with(&[public, probe[0], probe[1]]), "").is_ok());
}

#[test]
fn scheduled_probes_need_keys_and_with_tls_a_url() {
    let every = ("DOORWARD_PROBE_EVERY", "5m");
    assert!(error(&[every], "").contains("because probe.every is set"));
    let keys = ("DOORWARD_PROBE_KEYS_FILE", "/keys");
    assert!(resolve(&[every, keys], "").is_ok());
    let tls = [every, keys, ("DOORWARD_TLS_CERTIFICATE", "c.pem"), ("DOORWARD_TLS_KEY", "k.pem")];
    assert!(error(&tls, "").contains("because tls.certificate is set"));
    assert!(resolve(&[&tls[..], &[("DOORWARD_PROBE_URL", "https://passkeys.example.com")]].concat(), "").is_ok());
}

#[test]
fn webhooks_need_a_secret() {
    let url = ("DOORWARD_AUDIT_FORWARD", "file:/a.ndjson, https://siem.example.com/");
    let message = error(&[url], "");
    assert!(message.contains("because audit.forward contains a URL"), "{message}");
    let settings = resolve(&[url, ("DOORWARD_AUDIT_FORWARD_SECRET_FILE", "/s")], "").unwrap();
    assert_eq!(settings.audit.forward.targets.len(), 2);
    let message = error(&[("DOORWARD_AUDIT_FORWARD", "https://u:hunter2@siem.example.com/")], "");
    assert!(message.contains("a URL contains a user name"), "{message}");
}

#[test]
fn scheduled_backups_need_the_embedded_database() {
    let every = ("DOORWARD_BACKUP_EVERY", "6h");
    let settings = resolve(&[every, ("DOORWARD_DATA_DIR", "/srv")], "").unwrap();
    assert_eq!(settings.backup.dir, Path::new("/srv/backups"));
    let message = error(&[every, ("DOORWARD_DATABASE_URL", "postgres://db/doorward")], "");
    assert!(message.contains("off, because the database is PostgreSQL"), "{message}");
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
fn message_describes_the_valid_values() {
    assert_eq!(
        error(&[("DOORWARD_PUBLIC_ADDR", "80x")], ""),
        "server.public_addr (DOORWARD_PUBLIC_ADDR): \"80x\" is not an address like 127.0.0.1:8000 or \
         unix:/run/doorward/public.sock: a TCP address consists of an IP address and a port"
    );
    assert_eq!(
        error(&[], "[limits]\njson_depth = 1000"),
        r#"limits.json_depth (doorward.toml): "1000" is not a number from 4 to 128"#
    );
    let flags = Flags { admin_addr: Some(String::new()), ..Flags::default() };
    assert_eq!(
        Settings::resolve(&flags, &env(&[]), None).unwrap_err().to_string(),
        "server.admin_addr (--admin-addr): must be an address like 127.0.0.1:8001 or unix:/run/doorward/admin.sock: \
         a TCP address consists of an IP address and a port"
    );
    assert_eq!(
        error(&[("DOORWARD_PUBLIC_ADDR", "127.0.0.1:9")], "[server]\nadmin_addr = '127.0.0.1:9'"),
        r#"server.admin_addr (doorward.toml): "127.0.0.1:9" is not an address of its own: server.public_addr has the same one"#
    );
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
fn toml_lists_and_numbers_are_accepted() {
    let settings = resolve(&[], "[proxy]\ntrusted = ['10.0.0.0/8', '::1']\n[server]\nworkers = 4").unwrap();
    assert_eq!(settings.proxy.trusted.len(), 2);
    assert_eq!(settings.server.workers, Some(4));
}

#[test]
fn syntax_error_does_not_print_the_line() {
    let message = error(&[], "[database]\n# comment\nurl = 'postgres://door:hunter2@db/doorward\n");
    assert!(message.starts_with("doorward.toml, line 3: "), "{message}");
    assert!(!message.contains("hunter2"), "{message}");
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

#[test]
fn documentation_lists_every_setting_with_its_default() {
    let page = include_str!("../../../docs/operations.md");
    for setting in setting::SETTINGS {
        let default = if setting.default.is_empty() { "(empty)".to_owned() } else { format!("`{}`", setting.default) };
        let flag = setting.flag.map(|flag| format!("`{flag}`")).unwrap_or_default();
        let row = format!("| `{}` | `{}` | {flag} | {default} | {} |", setting.key, setting.variable, setting.help);
        assert!(page.contains(&row), "docs/operations.md lacks: {row}");
    }
}

#[test]
fn documentation_states_the_allowed_values() {
    let page = include_str!("../../../docs/operations.md");
    for (variable, allowed, refused, words) in [
        ("SHUTDOWN_TIMEOUT", ["10ms", "1h"], ["9ms", "61m"], "| 10 ms to 1 h"),
        ("WORKERS", ["1", "1024"], ["0", "1025"], "`server.workers` | 1 to 1024"),
        ("DATABASE_CONNECTIONS", ["1", "1000"], ["0", "1001"], "`database.connections` | 1 to 1000"),
        ("DATABASE_WRITE_QUEUE", ["1", "1000000"], ["0", "1000001"], "`database.write_queue` | 1 to 1000000"),
        ("BODY_BYTES", ["1KiB", "64MiB"], ["1023", "65MiB"], "`limits.body_bytes` | `1KiB` to `64MiB`"),
        ("JSON_DEPTH", ["4", "128"], ["3", "129"], "`limits.json_depth` | 4 to 128"),
        ("KEYLESS_PER_ADDRESS", ["1", "4294967295"], ["0", "4294967296"], "| 1 to 4294967295 requests per minute"),
        ("ADMIN_TOKEN_LIFETIME", ["1d", "3650d"], ["0d", "3651d"], "`limits.admin_token_lifetime` | `1d` to `3650d`"),
        ("TOKEN_ROTATE_EVERY", ["1d", "3650d"], ["0d", "3651d"], "`token.rotate_every` | `1d` to `3650d`"),
        ("BACKUP_EVERY", ["1s", "365d"], ["0s", "366d"], "`probe.every`, `backup.every` | 1 s to 365 d"),
        ("BACKUP_KEEP", ["1", "10000"], ["0", "10001"], "`backup.keep` | 1 to 10000"),
        ("AUDIT_RETENTION_DAYS", ["1", "4294967295"], ["0", "4294967296"], "`audit.retention_days` | 1 to 4294967295"),
    ] {
        let variable = format!("DOORWARD_{variable}");
        assert!(setting::SETTINGS.iter().any(|setting| setting.variable == variable), "{variable}");
        assert!(page.contains(words), "docs/operations.md lacks: {words}");
        for value in allowed {
            assert!(resolve(&[(&variable, value)], "").is_ok(), "{variable}={value}");
        }
        for value in refused {
            assert!(resolve(&[(&variable, value)], "").is_err(), "{variable}={value}");
        }
    }
}
