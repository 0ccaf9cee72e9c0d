//! Tests of the values of settings, and of the documentation that lists them.

use super::*;

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
fn toml_lists_and_numbers_are_accepted() {
    let settings = resolve(&[], "[proxy]\ntrusted = ['10.0.0.0/8', '::1']\n[server]\nworkers = 4").unwrap();
    assert_eq!(settings.proxy.trusted.len(), 2);
    assert_eq!(settings.server.workers, Some(4));
}

#[test]
fn documentation_lists_every_setting_with_its_default() {
    let page = include_str!("../../../../docs/operations.md");
    for setting in setting::SETTINGS {
        let default = if setting.default.is_empty() { "(empty)".to_owned() } else { format!("`{}`", setting.default) };
        let flag = setting.flag.map(|flag| format!("`{flag}`")).unwrap_or_default();
        let row = format!("| `{}` | `{}` | {flag} | {default} | {} |", setting.key, setting.variable, setting.help);
        assert!(page.contains(&row), "docs/operations.md lacks: {row}");
    }
}

#[test]
fn documentation_states_the_allowed_values() {
    let page = include_str!("../../../../docs/operations.md");
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
