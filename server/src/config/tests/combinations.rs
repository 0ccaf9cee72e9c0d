//! Tests of settings that require or exclude other settings.

use super::*;

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
