//! The definition of the command line: generated documents, and names that both binaries share.

use std::collections::{BTreeMap, BTreeSet};

use clap::{Command, CommandFactory as _};
use doorward_admin::args::Cli;
use doorward_server::cli::args::Cli as ServerCli;
use doorward_testkit::check_generated_documents;

#[test]
fn completions_and_man_pages_cover_every_command() {
    check_generated_documents(env!("CARGO_BIN_EXE_doorward-admin"), &Cli::command());
}

/// Returns the long names of the flags and the names of positional arguments, each with its short name if it has one.
fn arguments(command: &Command) -> BTreeMap<String, Option<char>> {
    // Ignores flags that only `doorward` has, and `json`, which is a global flag of `doorward-admin`.
    let others = ["data-dir", "database-url", "config", "json"];
    let name = |argument: &clap::Arg| argument.get_long().unwrap_or(argument.get_id().as_str()).to_owned();
    let arguments = command.get_arguments().map(|argument| (name(argument), argument.get_short()));
    arguments.filter(|(name, _)| !others.contains(&name.as_str())).collect()
}

fn names(command: &Command) -> BTreeSet<&str> {
    command.get_name_and_visible_aliases().into_iter().chain(command.get_all_aliases()).collect()
}

#[test]
fn both_binaries_have_the_same_names_for_commands_and_flags() {
    let (server, admin) = (ServerCli::command(), Cli::command());
    for object in ["tenant", "api-key", "admin-token", "signing-key"] {
        let (server, admin) = (server.find_subcommand(object).unwrap(), admin.find_subcommand(object).unwrap());
        assert_eq!(names(server), names(admin), "{object}");
        for verb in server.get_subcommands().filter(|verb| verb.get_name() != "reset") {
            let other = admin.find_subcommand(verb.get_name()).unwrap_or_else(|| panic!("{object} {verb}"));
            let (server, mut admin) = (arguments(verb), arguments(other));
            match verb.get_name() {
                "list" => admin.retain(|name, _| server.contains_key(name)),
                // Both programs have this command, but only `doorward-admin` reads configurations from files.
                "create" => drop(admin.remove("from")),
                _ => {}
            }
            assert_eq!(server, admin, "{object} {}", verb.get_name());
        }
    }
}
