//! Tests that all commands can be parsed, and that invalid command lines are rejected.

use std::collections::BTreeMap;

use clap::{CommandFactory, error::ErrorKind};
use doorward_shared::admin::Role;
use serde_json::json;

use super::*;
use crate::{
    cli::expiry::Expiry,
    config::{DatabaseUrlText, Flags, Settings, Source},
};

const ID: &str = "0198c0de-0000-7000-8000-000000000001";

fn parse(line: &str) -> Result<Command, clap::Error> {
    Cli::try_parse_from(std::iter::once("doorward").chain(line.split_whitespace())).map(|cli| cli.command)
}

fn accepted(line: &str) -> Command {
    parse(line).unwrap_or_else(|error| panic!("{line}: {error}"))
}

#[test]
fn definition_passes_claps_checks() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_is_parsed() {
    for line in [
        "serve",
        "quickstart",
        "init --json --data-dir /srv",
        "migrate --json",
        "backup --to /backup/doorward.db --json --data-dir /srv",
        "backup verify /backup/doorward.db --json",
        "restore --from /backup/doorward.db",
        "import hanko --from postgres://db/passkey --dry-run --tenant 0198c0de-0000-7000-8000-000000000001 --json",
        "import hanko --from postgres://db/passkey --include-used --data-dir /srv",
        "import tenant shop.jsonl --into Shop --json",
        "export Shop --to shop.jsonl",
        "signing-key reset --yes --json",
        "signing-keys reset -y",
        "master-key rotate --yes --json",
        "master-key rotate --new-command /usr/bin/key",
        "tenants list",
        "tenant delete Shop -y",
        "keys list -t Shop",
        "api-keys create -t Shop --name backend -q",
        "admin-tokens list",
        "tokens list",
        "completions bash",
        "man",
        "man /usr/local/share/man/man1",
        "tenant list --json --data-dir /srv",
        "tenant delete 0198c0de-0000-7000-8000-000000000001 --yes",
        "tenant disable 0198c0de-0000-7000-8000-000000000001 --json",
        "tenant enable 0198c0de-0000-7000-8000-000000000001",
        "api-key list --tenant 0198c0de-0000-7000-8000-000000000001",
        "api-key disable --tenant 0198c0de-0000-7000-8000-000000000001 0198c0de-0000-7000-8000-000000000002",
        "api-key enable --tenant 0198c0de-0000-7000-8000-000000000001 0198c0de-0000-7000-8000-000000000002",
        "api-key revoke --tenant 0198c0de-0000-7000-8000-000000000001 0198c0de-0000-7000-8000-000000000002",
        "admin-token list",
        "admin-token revoke 0198c0de-0000-7000-8000-000000000002 --force",
        "check-config --config /etc/doorward.toml --json",
        "openapi",
        "openapi admin",
        "version --json",
    ] {
        accepted(line);
    }
}

#[test]
fn variables_of_commands_are_known_to_the_server() {
    fn variables(command: &clap::Command, found: &mut Vec<String>) {
        let of_arguments = command.get_arguments().filter_map(|argument| argument.get_env()?.to_str());
        found.extend(of_arguments.map(str::to_owned));
        command.get_subcommands().for_each(|command| variables(command, found));
    }
    let mut found = Vec::new();
    variables(&Cli::command(), &mut found);
    assert!(found.iter().any(|name| name == "DOORWARD_API_KEY"), "{found:?}");
    for name in found {
        let is_setting = crate::config::setting::SETTINGS.iter().any(|setting| setting.variable == name);
        assert!(is_setting || doorward_shared::environment::COMMANDS.contains(&name.as_str()), "{name}");
    }
}

#[test]
fn flags_of_serve_become_settings() {
    let Command::Serve(args) = accepted(
        "serve --data-dir /a --public-addr 0.0.0.0:1 --admin-addr 127.0.0.1:2 --database-url /d.db --config f.toml",
    ) else {
        panic!("not serve")
    };
    let expected = Flags {
        config: Some("f.toml".into()),
        data_dir: Some("/a".into()),
        public_addr: Some("0.0.0.0:1".into()),
        admin_addr: Some("127.0.0.1:2".into()),
        database_url: Some(DatabaseUrlText::new("/d.db".into())),
    };
    assert_eq!(args.flags(), expected);
    let Command::Serve(args) = accepted("serve") else { panic!("not serve") };
    assert_eq!(args.flags(), Flags::default(), "missing flags leave variables and file in effect");
}

#[test]
fn invalid_flag_is_named_in_the_error() {
    let Command::Serve(args) = accepted("serve --public-addr 80x") else { panic!("not serve") };
    let error = Settings::load(&args.flags(), &BTreeMap::new()).unwrap_err().to_string();
    assert!(
        error.starts_with(r#"server.public_addr (--public-addr): "80x" is not an address like 127.0.0.1:8000"#),
        "{error}"
    );
}

#[test]
fn quickstart_listens_on_localhost() {
    let Command::Quickstart(args) = accepted("quickstart") else { panic!("not quickstart") };
    assert_eq!(args.demo_addr.to_string(), "127.0.0.1:8080");
    let Command::Quickstart(args) = accepted("quickstart --data-dir /q --public-addr 127.0.0.1:9") else {
        panic!("not quickstart")
    };
    let settings = Settings::load(&args.flags(), &BTreeMap::new()).unwrap();
    assert_eq!(settings.database.url.to_string(), "sqlite:/q/doorward.db");
    assert_eq!(settings.effective[0].source, Source::Flag("--public-addr"));
}

#[test]
fn tenant_accepts_several_origins() {
    let Command::Tenant(TenantCommand::Create(args)) = accepted(
        "tenant create --name Shop --rp-id example.com --origin https://example.com --origin https://a.example.com \
         --cors-origin https://*.example.com --api-key --json",
    ) else {
        panic!("not tenant create")
    };
    assert_eq!(args.origins, ["https://example.com", "https://a.example.com"]);
    assert_eq!(args.cors_origins, ["https://*.example.com"]);
    assert!(args.api_key && args.admin.json);
    assert_eq!((args.name.as_str(), args.rp_id.as_str()), ("Shop", "example.com"));
}

#[test]
fn keys_and_tokens_accept_expiry_and_role() {
    let Command::ApiKey(ApiKeyCommand::Create(args)) =
        accepted(&format!("api-key create --tenant {ID} --name backend --expires 90d"))
    else {
        panic!("not api-key create")
    };
    assert_eq!(args.expires, Some(Expiry::After(90 * 86_400_000)));
    assert_eq!(args.tenant.to_string(), ID);
    for (line, expected) in [
        ("admin-token create --name alice --role admin", Role::Admin),
        ("admin-token create --name alice --role auditor", Role::Auditor),
    ] {
        let Command::AdminToken(AdminTokenCommand::Create(args)) = accepted(line) else { panic!("{line}") };
        assert_eq!((args.role, args.expires), (expected, None));
    }
}

#[test]
fn debug_of_probe_arguments_prints_no_key() {
    let args = accepted(&format!("probe --tenant {ID} --api-key dw_hunter2 --origin https://example.com --keep"));
    assert!(!format!("{args:?}").contains("hunter2"));
    let Command::Probe(args) = args else { panic!("not probe") };
    assert_eq!(args.api_key.expose(), "dw_hunter2");
    assert_eq!(args.url.as_str(), "http://127.0.0.1:8000/");
    assert!(args.keep && !args.json);
}

#[test]
fn invalid_arguments_are_rejected() {
    use ErrorKind::{
        ArgumentConflict, InvalidSubcommand, InvalidValue, MissingRequiredArgument, UnknownArgument, ValueValidation,
    };
    for (line, kind) in [
        ("dance", InvalidSubcommand),
        ("serve --colour red", UnknownArgument),
        ("serve extra", UnknownArgument),
        ("tenant rename", InvalidSubcommand),
        ("backup", MissingRequiredArgument),
        ("backup --to a.db verify b.db", ArgumentConflict),
        ("tenant create --name Shop --rp-id example.com", MissingRequiredArgument),
        ("tenant create --rp-id example.com --origin https://example.com", MissingRequiredArgument),
        ("tenant delete", MissingRequiredArgument),
        ("admin-token create --name alice", MissingRequiredArgument),
        ("api-key create --name backend", MissingRequiredArgument),
        ("api-key revoke --tenant 0198c0de-0000-7000-8000-000000000001 dw_7f3a", ValueValidation),
        ("admin-token create --name alice --role root", ValueValidation),
        ("admin-token create --name alice --expires soon", ValueValidation),
        ("quickstart --demo-addr 8080", ValueValidation),
        ("probe --tenant x --api-key k --origin https://example.com", ValueValidation),
        ("openapi private", InvalidValue),
    ] {
        assert_eq!(parse(line).unwrap_err().kind(), kind, "{line}");
    }
    let empty = Cli::try_parse_from(["doorward", "admin-token", "create", "--name", "  "]);
    assert_eq!(empty.unwrap_err().kind(), ValueValidation);
    let probe = parse(&format!("probe --tenant {ID} --api-key k --origin example.com")).unwrap_err();
    assert_eq!(probe.kind(), ValueValidation);
}

#[test]
fn every_command_and_argument_has_help() {
    fn check(command: &clap::Command) {
        assert!(command.get_about().is_some(), "{}", command.get_name());
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{} {}", command.get_name(), argument.get_id());
        }
        command.get_subcommands().for_each(check);
    }
    check(&Cli::command());
}

#[test]
fn flags_of_tenant_create_set_the_requirements_of_ceremonies() {
    let parsed = |flags: &str| {
        let line = format!("tenant create --name a --rp-id localhost --origin http://localhost {flags}");
        let Command::Tenant(TenantCommand::Create(args)) = accepted(&line) else { panic!("not tenant create") };
        let relying_party = json!({ "id": "localhost", "display_name": "a", "origins": [] });
        let config = json!({ "webauthn": { "relying_party": relying_party } });
        let mut config = serde_json::from_value(config).unwrap();
        args.policy.apply(&mut config);
        let mut config = serde_json::to_value(config).unwrap();
        let relying_party = config["webauthn"]["relying_party"].take();
        (config, relying_party)
    };
    let (defaults, relying_party) = parsed("");
    assert_eq!(defaults["mfa"]["attachment"], "cross-platform");
    assert_eq!((&relying_party["related_origins"], &relying_party["top_origins"]), (&json!([]), &json!([])));
    let (changed, relying_party) = parsed(
        "--timeout 1000 --challenge-lifetime 9000 --user-verification preferred --attachment platform --attestation none \
         --resident-key preferred --token-audience ceremony --algorithms ML-DSA-65,ES256 --hints hybrid,client-device \
         --counter-policy record --mfa-timeout 2000 --mfa-user-verification required --mfa-attachment any \
         --mfa-attestation indirect --mfa-resident-key required \
         --related-origin https://example.net --related-origin https://example.org --top-origin https://partner.example",
    );
    assert_eq!(relying_party["related_origins"], json!(["https://example.net", "https://example.org"]));
    assert_eq!(relying_party["top_origins"], json!(["https://partner.example"]));
    let settings = json!({
        "webauthn": {
            "timeout": 1000, "challenge_lifetime": 9000, "user_verification": "preferred", "attachment": "platform",
            "attestation_preference": "none", "resident_key_requirement": "preferred", "token_audience": "ceremony",
            "algorithms": ["ML-DSA-65", "ES256"], "hints": ["hybrid", "client-device"], "counter_policy": "record",
        },
        "mfa": {
            "timeout": 2000, "user_verification": "required", "attachment": null,
            "attestation_preference": "indirect", "resident_key_requirement": "required",
        },
    });
    let mut expected = defaults.clone();
    for section in ["webauthn", "mfa"] {
        for (name, value) in settings[section].as_object().unwrap() {
            expected[section][name] = value.clone();
        }
    }
    assert_eq!(changed, expected);
    let create = "tenant create --name a --rp-id localhost --origin http://localhost --mfa-attachment usb";
    assert!(parse(create).unwrap_err().to_string().contains("any, platform, cross-platform"));
}
