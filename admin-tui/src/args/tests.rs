use clap::{CommandFactory, error::ErrorKind};
use doorward_shared::AuditType;

use super::*;
use crate::{api::ExportFormat, time_parse::TimeInput};

const ID: &str = "0198c0de-0000-7000-8000-000000000001";

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(std::iter::once("doorward-admin").chain(line.split_whitespace()))
}

fn parse_command(line: &str) -> Command {
    parse(line).unwrap_or_else(|error| panic!("{line}: {error}")).command.expect("a command")
}

#[test]
fn definition_passes_the_checks_of_clap() {
    Cli::command().debug_assert();
}

#[test]
fn command_is_optional() {
    let cli = parse("--profile prod").unwrap();
    assert!(cli.command.is_none());
    assert_eq!(cli.connection.profile.as_deref(), Some("prod"));
}

#[test]
fn all_commands_are_parsed() {
    for line in [
        "tenant list --search shop --sort activity --reverse --limit 5",
        "tenant show Shop",
        "tenant create --name Shop --rp-id example.com --origin https://example.com --api-key",
        "tenant create --name Shop --from - --quiet",
        "tenant rename Shop Store",
        "tenant delete Shop --yes",
        "tenant config get Shop",
        "tenant config set Shop - --dry-run",
        "tenant config set Shop shop.json --yes",
        "tenant config check shop.json",
        "api-key list --tenant Shop",
        "api-key create -t Shop --name backend --expires 90d -q",
        &format!("api-key revoke -t Shop {ID} -y"),
        "tenant disable Shop",
        "tenant enable Shop",
        &format!("api-key disable -t Shop {ID}"),
        &format!("api-key enable -t Shop {ID}"),
        "user disable -t Shop alice",
        "user enable -t Shop alice --by id",
        "credential disable -t Shop -u alice -AbC_d",
        "credential enable -t Shop -u alice -AbC_d",
        "signing-key list -t Shop",
        "signing-key rotate -t Shop --algorithm EdDSA",
        &format!("signing-key retire -t Shop {ID} --yes"),
        "user list -t Shop --search alice",
        "user show -t Shop alice",
        "user delete -t Shop alice --yes",
        "user show -t Shop 0198c0de-0000-7000-8000-000000000001 --by id",
        "credential delete -t Shop -u alice -AbC_d --yes",
        "transaction list -t Shop --user alice --search tx",
        "admin-token list",
        "admin-token create --name alice --role auditor --expires 2027-01-31T12:00:00Z",
        &format!("admin-token revoke {ID} --yes --force"),
        "audit",
        "audit -n 5 --tenant installation --outcome failed --user a --ip 10. --since 1h --until 2m --text x",
        "audit --follow --json",
        "audit --actor a --actor b --not-actor c --network 10.0.0.0/8 --not-network ::1 --error-code x --not-error-code y",
        "audit --request-id r --not-request-id s --credential-id -AbC --not-credential-id d --transaction-id t",
        "audit --not-transaction-id t --not-type user_deleted,tenant_created --not-outcome failed",
        "audit --export - --format csv --force",
        "overview --days 90",
        "status",
        "me --json",
        "metrics",
        "tenant config edit Shop",
        "version",
        "apply -f tenants.toml --dry-run --prune --yes",
        "apply --file -",
        "export --json",
        "completions zsh",
        "man",
        "man /usr/local/share/man/man1",
    ] {
        parse_command(line);
    }
}

#[test]
fn plural_and_short_names_of_commands_are_accepted() {
    for line in [
        "tenants list",
        "keys list -t Shop",
        "api-keys list -t Shop",
        "signing-keys list -t Shop",
        "users list -t Shop",
        "credentials delete -t Shop -u alice AbC",
        "transactions list -t Shop",
        "tokens list",
        "admin-tokens list",
    ] {
        parse_command(line);
    }
}

#[test]
fn connection_flags_are_accepted_before_and_after_the_command() {
    for line in [
        "--url https://a.example.com --token-file t --ca-file c --config p.toml --profile x --allow-plain-http me",
        "tenant list --url https://a.example.com --token-file t --ca-file c --config p.toml --profile x --allow-plain-http",
    ] {
        let expected = Flags {
            url: Some("https://a.example.com".to_owned()),
            token_file: Some("t".into()),
            ca_file: Some("c".into()),
            profile: Some("x".to_owned()),
            config: Some("p.toml".into()),
            allow_plain_http: true,
        };
        assert_eq!(parse(line).unwrap().connection, expected, "{line}");
    }
}

#[test]
fn audit_types_can_be_repeated_or_separated_by_commas() {
    let Command::Audit(args) = parse_command("audit --type api_key_created,api_key_revoked --type tenant_deleted")
    else {
        panic!("not audit")
    };
    assert_eq!(args.kinds, [AuditType::ApiKeyCreated, AuditType::ApiKeyRevoked, AuditType::TenantDeleted]);
    let error = parse("audit --type api_key_create").unwrap_err().to_string();
    assert!(error.contains("api_key_created"), "{error}");
}

#[test]
fn export_arguments_are_parsed() {
    let Command::Audit(args) = parse_command("audit --export a.csv --format ndjson --since 2d") else {
        panic!("not audit")
    };
    assert_eq!(args.format, Some(ExportFormat::Ndjson));
    assert_eq!(args.since, Some(TimeInput::Relative(2 * 86_400_000)));
}

#[test]
fn invalid_arguments_are_rejected() {
    use ErrorKind::{
        ArgumentConflict, InvalidSubcommand, InvalidValue, MissingRequiredArgument, UnknownArgument, ValueValidation,
    };
    for (line, kind) in [
        ("dance", InvalidSubcommand),
        ("me --colour red", UnknownArgument),
        ("tenant list --sort size", ValueValidation),
        ("tenant create --name Shop", MissingRequiredArgument),
        ("tenant create --name Shop --from a --rp-id b", ArgumentConflict),
        ("tenant create --name Shop --from a --mfa-attachment any", ArgumentConflict),
        ("apply", MissingRequiredArgument),
        ("tenant create --name Shop --from a --quiet --api-key", ArgumentConflict),
        ("tenant delete", MissingRequiredArgument),
        ("api-key create --name backend", MissingRequiredArgument),
        ("api-key create -t Shop --name backend --expires soon", ValueValidation),
        ("api-key revoke -t Shop dw_7f3a", ValueValidation),
        ("admin-token create --name alice", MissingRequiredArgument),
        ("admin-token create --name alice --role root", ValueValidation),
        ("audit --type dance", InvalidValue),
        ("audit --outcome maybe", ValueValidation),
        ("user show -t Shop alice --by name", ValueValidation),
        ("audit --since yesterday", ValueValidation),
        ("audit --follow --export a", ArgumentConflict),
        ("audit --follow --until 1h", ArgumentConflict),
        ("audit --format csv", MissingRequiredArgument),
        ("audit --force", MissingRequiredArgument),
        ("audit --export a --limit 5", ArgumentConflict),
        ("overview --days 91", ValueValidation),
    ] {
        assert_eq!(parse(line).unwrap_err().kind(), kind, "{line}");
    }
    let empty = Cli::try_parse_from(["doorward-admin", "tenant", "rename", "Shop", "  "]);
    assert_eq!(empty.unwrap_err().kind(), ValueValidation);
}

#[test]
fn all_commands_and_arguments_have_help() {
    fn check(command: &clap::Command) {
        assert!(command.get_about().is_some(), "{}", command.get_name());
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{} {}", command.get_name(), argument.get_id());
        }
        command.get_subcommands().for_each(check);
    }
    check(&Cli::command());
}
