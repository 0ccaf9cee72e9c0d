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
        "tenants list --search shop --sort activity --reverse --limit 5",
        "tenants show Shop",
        "tenants create --name Shop --rp-id example.com --origin https://example.com --api-key",
        "tenants create --name Shop --from - --quiet",
        "tenants rename Shop Store",
        "tenants delete Shop --yes",
        "tenants config get Shop",
        "tenants config set Shop - --dry-run",
        "tenants config set Shop shop.json --yes",
        "tenants config check shop.json",
        "keys list --tenant Shop",
        "keys create -t Shop --name backend --expires 90d -q",
        &format!("keys revoke -t Shop {ID} -y"),
        "tenants disable Shop",
        "tenants enable Shop",
        &format!("keys disable -t Shop {ID}"),
        &format!("keys enable -t Shop {ID}"),
        "users disable -t Shop alice",
        "users enable -t Shop alice --by id",
        "credentials disable -t Shop -u alice -AbC_d",
        "credentials enable -t Shop -u alice -AbC_d",
        "signing-keys list -t Shop",
        "signing-keys rotate -t Shop --algorithm EdDSA",
        &format!("signing-keys retire -t Shop {ID} --yes"),
        "users list -t Shop --search alice",
        "users show -t Shop alice",
        "users delete -t Shop alice --yes",
        "users show -t Shop 0198c0de-0000-7000-8000-000000000001 --by id",
        "credentials delete -t Shop -u alice -AbC_d --yes",
        "transactions list -t Shop --user alice --search tx",
        "tokens list",
        "tokens create --name alice --role auditor --expires 2027-01-31T12:00:00Z",
        &format!("tokens revoke {ID} --yes --force"),
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
        "tenants config edit Shop",
        "version",
    ] {
        parse_command(line);
    }
}

#[test]
fn connection_flags_are_accepted_before_and_after_the_command() {
    for line in [
        "--url https://a.example.com --token-file t --ca-file c --config p.toml --profile x --allow-plain-http me",
        "tenants list --url https://a.example.com --token-file t --ca-file c --config p.toml --profile x --allow-plain-http",
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
        ("tenants list --sort size", ValueValidation),
        ("tenants create --name Shop", MissingRequiredArgument),
        ("tenants create --name Shop --from a --rp-id b", ArgumentConflict),
        ("tenants create --name Shop --from a --quiet --api-key", ArgumentConflict),
        ("tenants delete", MissingRequiredArgument),
        ("keys create --name backend", MissingRequiredArgument),
        ("keys create -t Shop --name backend --expires soon", ValueValidation),
        ("keys revoke -t Shop dw_7f3a", ValueValidation),
        ("tokens create --name alice", MissingRequiredArgument),
        ("tokens create --name alice --role root", ValueValidation),
        ("audit --type dance", InvalidValue),
        ("audit --outcome maybe", ValueValidation),
        ("users show -t Shop alice --by name", ValueValidation),
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
    let empty = Cli::try_parse_from(["doorward-admin", "tenants", "rename", "Shop", "  "]);
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
