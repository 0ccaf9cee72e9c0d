use std::{fs, os::unix::fs::PermissionsExt as _};

use tempfile::TempDir;

use super::*;

/// A home folder with a config file and token files.
struct Home(TempDir);

const PROFILES: &str = r#"
default_profile = "prod"

[profiles.prod]
url = "https://prod.example.com"
token_file = "prod.token"

[profiles.lab]
url = "http://10.0.0.7:8001"
token_file = "~/lab.token"
allow_plain_http = true
"#;

impl Home {
    fn new(profiles: &str) -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        fs::create_dir_all(home.path("config/doorward")).unwrap();
        fs::create_dir_all(home.path("data")).unwrap();
        if !profiles.is_empty() {
            fs::write(home.path("config/doorward/admin.toml"), profiles).unwrap();
        }
        home.secret("data/admin.token", "dwa_local");
        home.secret("config/doorward/prod.token", "dwa_prod\n");
        home.secret("lab.token", "dwa_lab");
        home.secret("flag.token", "dwa_flag");
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn secret(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn environment(&self, more: &[(&str, &str)]) -> Environment {
        let (config, data) = (self.path("config"), self.path("data"));
        let mut pairs = vec![
            ("HOME", self.0.path().to_str().unwrap()),
            ("XDG_CONFIG_HOME", config.to_str().unwrap()),
            ("DOORWARD_DATA_DIR", data.to_str().unwrap()),
        ];
        pairs.extend_from_slice(more);
        Environment::from_pairs(&pairs)
    }

    fn resolve(&self, flags: &Flags, more: &[(&str, &str)]) -> Result<Connection, ConnectionError> {
        resolve(flags, &self.environment(more))
    }
}

/// Returns the address and the token of a connection.
fn endpoint(connection: &Connection) -> (String, String) {
    let header = connection.endpoint.token.header().unwrap();
    (connection.endpoint.url.to_string(), header.to_str().unwrap().trim_start_matches("Bearer ").to_owned())
}

fn expect(found: Result<Connection, ConnectionError>, url: &str, token: &str) {
    assert_eq!(endpoint(&found.unwrap()), (url.to_owned(), token.to_owned()));
}

fn flags(adjust: impl FnOnce(&mut Flags)) -> Flags {
    let mut flags = Flags::default();
    adjust(&mut flags);
    flags
}

#[test]
fn local_server_needs_no_settings() {
    let home = Home::new("");
    let found = home.resolve(&Flags::default(), &[]).unwrap();
    assert_eq!(endpoint(&found), ("http://127.0.0.1:8001/".to_owned(), "dwa_local".to_owned()));
    assert_eq!((found.url_source.as_str(), found.warnings.len()), ("default", 0));
    assert!(found.token_source.ends_with("admin.token (the data folder)"), "{}", found.token_source);
}

#[test]
fn flags_override_variables_profiles_and_defaults() {
    let home = Home::new(PROFILES);
    let variables = [("DOORWARD_ADMIN_URL", "https://var.example.com"), ("DOORWARD_ADMIN_TOKEN", " dwa_var ")];
    let token = || Some(home.path("flag.token"));
    let url = || Some("https://flag.example.com".to_owned());
    expect(home.resolve(&Flags::default(), &[]), "https://prod.example.com/", "dwa_prod");
    expect(home.resolve(&Flags::default(), &variables), "https://var.example.com/", "dwa_var");
    let both = flags(|flags| (flags.url, flags.token_file) = (url(), token()));
    expect(home.resolve(&both, &variables), "https://flag.example.com/", "dwa_flag");
    let url_only = flags(|flags| flags.url = url());
    expect(home.resolve(&url_only, &variables), "https://flag.example.com/", "dwa_var");
    let token_only = flags(|flags| flags.token_file = token());
    expect(home.resolve(&token_only, &[]), "https://prod.example.com/", "dwa_flag");
    expect(home.resolve(&Flags::default(), &variables[1..]), "https://prod.example.com/", "dwa_var");
}

#[test]
fn profile_flag_overrides_variables() {
    let home = Home::new(PROFILES);
    let variables = [("DOORWARD_ADMIN_URL", "https://var.example.com"), ("DOORWARD_ADMIN_TOKEN", "dwa_var")];
    let prod = flags(|flags| flags.profile = Some("prod".to_owned()));
    let found = home.resolve(&prod, &variables).unwrap();
    assert_eq!(endpoint(&found), ("https://prod.example.com/".to_owned(), "dwa_prod".to_owned()));
    assert_eq!(found.profile.as_deref(), Some("prod"));
    let tunnel = flags(|flags| {
        flags.profile = Some("prod".to_owned());
        flags.url = Some("http://localhost:9001".to_owned());
    });
    expect(home.resolve(&tunnel, &[]), "http://localhost:9001/", "dwa_prod");
}

#[test]
fn tokens_are_not_sent_to_other_servers() {
    let home = Home::new(PROFILES);
    let elsewhere = flags(|flags| flags.url = Some("https://other.example.com".to_owned()));
    let error = home.resolve(&elsewhere, &[]).unwrap_err();
    assert_eq!(error, ConnectionError::NoToken("https://other.example.com/".to_owned()));
    expect(
        home.resolve(&Flags::default(), &[("DOORWARD_ADMIN_URL", "http://[::1]:9")]),
        "http://[::1]:9/",
        "dwa_local",
    );
}

#[test]
fn variable_selects_the_default_profile() {
    let home = Home::new(PROFILES);
    let found = home.resolve(&Flags::default(), &[("DOORWARD_ADMIN_PROFILE", "lab")]).unwrap();
    assert_eq!(endpoint(&found), ("http://10.0.0.7:8001/".to_owned(), "dwa_lab".to_owned()));
    assert_eq!(found.warnings, [Warning::PlainHttp("http://10.0.0.7:8001/".to_owned())]);
}

#[test]
fn plain_http_to_other_machines_requires_permission() {
    let home = Home::new("");
    let plain = |allow: bool| {
        flags(|flags| {
            flags.url = Some("http://admin.example.com".to_owned());
            flags.token_file = Some(home.path("flag.token"));
            flags.allow_plain_http = allow;
        })
    };
    let error = home.resolve(&plain(false), &[]).unwrap_err();
    assert_eq!(error, ConnectionError::PlainHttp("http://admin.example.com/".to_owned()));
    assert!(error.to_string().contains("ssh -L"));
    assert_eq!(home.resolve(&plain(true), &[]).unwrap().warnings.len(), 1);
}

#[test]
fn readable_token_file_causes_a_warning() {
    let home = Home::new("");
    let path = home.path("data/admin.token");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let found = home.resolve(&Flags::default(), &[]).unwrap();
    assert_eq!(found.warnings, [Warning::ReadableByOthers { path: path.clone(), mode: 0o644 }]);
    assert!(found.warnings[0].to_string().contains(&format!("run chmod 600 {}", path.display())));
}

#[test]
fn profile_errors_name_the_file_and_the_problem() {
    let refused = |text: &str, flags: &Flags| Home::new(text).resolve(flags, &[]).unwrap_err().to_string();
    let none = Flags::default();
    let unknown = refused("[profiles.prod]\nurl = 'https://a.example.com'\ntokenfile = 'x'\n", &none);
    assert!(unknown.contains("admin.toml, line 3: unknown field `tokenfile`"), "{unknown}");
    let top = refused("default = 'prod'\n", &none);
    assert!(top.contains("unknown field `default`"), "{top}");
    let missing = refused("default_profile = 'prod'\n[profiles.lab]\n", &none);
    assert!(missing.contains("default_profile: unknown profile \"prod\""), "{missing}");
    assert!(missing.ends_with("known profiles: lab"), "{missing}");
    let named = refused("", &flags(|flags| flags.profile = Some("prod".to_owned())));
    assert!(named.contains("--profile") && named.ends_with("the file has no profiles"), "{named}");
    let missing_file = refused(
        "",
        &flags(|flags| {
            flags.profile = Some("prod".to_owned());
            flags.config = Some("/nonexistent/admin.toml".into());
        }),
    );
    assert!(missing_file.starts_with("/nonexistent/admin.toml: "), "{missing_file}");
}

#[test]
fn unused_config_file_may_be_invalid() {
    let home = Home::new("not toml");
    let complete = flags(|flags| {
        flags.url = Some("http://127.0.0.1:9".to_owned());
        flags.token_file = Some(home.path("flag.token"));
    });
    expect(home.resolve(&complete, &[]), "http://127.0.0.1:9/", "dwa_flag");
}

#[test]
fn invalid_addresses_are_rejected() {
    let home = Home::new("");
    let sockets = ["unix:", "unix:admin.sock", "unix://host/admin.sock", "unix:/admin.sock?x"];
    let others =
        ["admin.example.com", "ftp://example.com", "https://", "https://a.example.com/?x=1", "https://a/#x", "x"];
    for text in sockets.into_iter().chain(others) {
        let error = home.resolve(&flags(|flags| flags.url = Some(text.to_owned())), &[]).unwrap_err();
        assert!(matches!(error, ConnectionError::Url { .. }), "{text}: {error}");
    }
    let error = home.resolve(&flags(|flags| flags.url = Some("https://me:hunter2@a.example.com".to_owned())), &[]);
    let error = error.unwrap_err();
    assert!(matches!(error, ConnectionError::Credentials { .. }) && !error.to_string().contains("hunter2"), "{error}");
}

#[test]
fn unix_socket_is_a_local_server() {
    let home = Home::new("");
    let found = home.resolve(&Flags::default(), &[("DOORWARD_ADMIN_URL", "unix:/run/door ward/admin.sock")]).unwrap();
    assert_eq!(endpoint(&found), ("unix:/run/door%20ward/admin.sock".to_owned(), "dwa_local".to_owned()));
    assert_eq!(socket_path(&found.endpoint.url), Some(PathBuf::from("/run/door ward/admin.sock")));
    assert!(found.warnings.is_empty());
}

#[test]
fn invalid_tokens_are_rejected() {
    let home = Home::new("");
    home.secret("data/admin.token", "\n");
    assert!(matches!(home.resolve(&Flags::default(), &[]), Err(ConnectionError::Token { .. })));
    home.secret("data/admin.token", &"x".repeat(5000));
    assert!(matches!(home.resolve(&Flags::default(), &[]), Err(ConnectionError::File { .. })));
    fs::remove_file(home.path("data/admin.token")).unwrap();
    let error = home.resolve(&Flags::default(), &[]).unwrap_err();
    assert!(error.to_string().contains("doorward quickstart"), "{error}");
    let error = home.resolve(&Flags::default(), &[("DOORWARD_ADMIN_TOKEN", "two words")]).unwrap_err();
    assert!(error.to_string().starts_with("DOORWARD_ADMIN_TOKEN: ") && !error.to_string().contains("two words"));
}

#[test]
fn debug_output_hides_tokens() {
    let home = Home::new("");
    let environment = home.environment(&[("DOORWARD_ADMIN_TOKEN", "dwa_hunter2")]);
    assert!(!format!("{environment:?}").contains("hunter2"));
    assert!(!format!("{:?}", resolve(&Flags::default(), &environment).unwrap()).contains("hunter2"));
}

#[test]
fn profile_has_a_colour_and_a_mark_of_production() {
    use crate::appearance::ProfileColor;
    let marked = PROFILES.replace("[profiles.lab]", "color = \"red\"\nproduction = true\n\n[profiles.lab]");
    let home = Home::new(&format!("theme = \"16\"{marked}"));
    let label = home.resolve(&Flags::default(), &[]).unwrap().label.unwrap();
    assert_eq!((label.name.as_str(), label.color, label.production), ("prod", Some(ProfileColor::Red), true));
    let lab = Flags { profile: Some("lab".to_owned()), ..Flags::default() };
    let label = home.resolve(&lab, &[]).unwrap().label.unwrap();
    assert_eq!((label.name.as_str(), label.color, label.production), ("lab", None, false));
    // With `--url` and without `--profile`, no profile is used, so there is no label.
    let flags = Flags { url: Some("http://127.0.0.1:1".to_owned()), ..Flags::default() };
    assert_eq!(home.resolve(&flags, &[]).unwrap().label, None);
    assert_eq!(theme(&flags, &home.environment(&[])).unwrap(), Some(ThemeName::Sixteen));
    let home = Home::new("theme = \"pink\"\n");
    assert!(home.resolve(&Flags::default(), &[]).unwrap_err().to_string().contains("pink"));
}

#[test]
fn chosen_theme_is_kept_in_the_state_folder() {
    let file = |pairs: &[(&str, &str)]| Environment::from_pairs(pairs).theme_file();
    let home = ("HOME", "/home/ops");
    assert_eq!(file(&[home]), Some(PathBuf::from("/home/ops/.local/state/doorward/admin-theme")));
    assert_eq!(file(&[home, ("XDG_STATE_HOME", "/s")]), Some(PathBuf::from("/s/doorward/admin-theme")));
    assert_eq!(file(&[]), None);
}

#[test]
fn settings_of_the_app_come_from_the_config_file() {
    let home = Home::new("time = \"local\"\n[views]\nmine = \"user:alice since:1d\"\n");
    let config = home.path("config");
    let environment = Environment::from_pairs(&[("XDG_CONFIG_HOME", config.to_str().unwrap())]);
    let found = settings(&Flags::default(), &environment).unwrap();
    assert!(found.uses_local_time);
    assert_eq!(found.views["mine"], "user:alice since:1d");
    assert_eq!(found.file, Some(home.path("config/doorward/admin.toml")));

    let flags = Flags { config: Some(home.path("other.toml")), ..Flags::default() };
    fs::write(home.path("other.toml"), "").unwrap();
    let found = settings(&flags, &environment).unwrap();
    assert!(!found.uses_local_time && found.views.is_empty());
    assert_eq!(found.file, flags.config);

    fs::write(home.path("other.toml"), "time = \"mars\"").unwrap();
    assert!(settings(&flags, &environment).unwrap_err().to_string().contains("mars"));
    // Without a home folder, there is no file in which views could be saved.
    assert_eq!(settings(&Flags::default(), &Environment::default()).unwrap().file, None);
}

#[test]
fn contexts_are_the_profiles_and_get_only_their_own_token() {
    let home = Home::new(PROFILES);
    let more = [("DOORWARD_ADMIN_TOKEN", "dwa_env"), ("DOORWARD_ADMIN_URL", "https://env.example.com")];
    let environment = home.environment(&more);
    let flags = flags(|flags| flags.token_file = Some(home.path("flag.token")));
    let names: Vec<_> = contexts(&flags, &environment).unwrap().into_iter().map(|it| (it.name, it.url)).collect();
    let expected = [("lab", "http://10.0.0.7:8001"), ("prod", "https://prod.example.com")];
    assert_eq!(names, expected.map(|(name, url)| (name.to_owned(), url.to_owned())));
    expect(resolve_context(&flags, &environment, "prod"), "https://prod.example.com/", "dwa_prod");
    // For a profile without a token, the token in the flags and variables is not used.
    let home = Home::new("[profiles.bare]\nurl = 'https://bare.example.com'");
    let found = resolve_context(&flags, &home.environment(&more), "bare");
    assert!(matches!(found, Err(ConnectionError::NoToken(_))), "{found:?}");
}
