//! Compares docs/stable-names.txt with the names on which programs and people rely.

use std::{collections::BTreeSet, fs, path::Path, process::Command as Process};

use clap::{Arg, Command, CommandFactory as _};
use doorward_admin::args::Cli;
use doorward_server::{
    cli::args::Cli as ServerCli,
    config::{renamed::RENAMED, setting::SETTINGS},
    domain::config_shape,
    http::openapi::{self, Api},
    metrics,
};
use doorward_shared::{command_line::Exit, environment, refusal::Check};
use serde_json::Value;

const HEADER: &str = "\
# Names on which other programs and people rely: settings, environment variables, commands and their options, exit codes,
# metrics, settings of tenants, failed checks, and from the OpenAPI documents: endpoints, query parameters, members and words.
# A test compares this file with the code. CONTRIBUTING.md describes how a name changes.
";
const UPDATE: &str = "UPDATE_DOCS=1 cargo test --workspace --test commands stable_names";

#[test]
fn names_are_listed_and_stay() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/stable-names.txt");
    let names = names();
    let listed = listed(&path);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let all: Vec<&str> = names.union(&listed).map(String::as_str).collect();
        fs::write(&path, format!("{HEADER}{}\n", all.join("\n"))).unwrap();
    }
    let vanished: Vec<&str> = listed.difference(&names).map(String::as_str).collect();
    assert!(
        vanished.is_empty(),
        "These names of docs/stable-names.txt no longer exist:\n{}\nOther programs use them, so an old name must go on \
         working: a setting as an entry of RENAMED, a command or option as a hidden alias. See CONTRIBUTING.md, section \
         \"Names, formats and migrations\". Only before the first release, a line may be removed by hand",
        vanished.join("\n")
    );
    let new: Vec<String> = names.difference(&self::listed(&path)).cloned().collect();
    assert!(
        new.is_empty(),
        "docs/stable-names.txt lacks these names:\n{}\nThey cannot change after a release. To add them: {UPDATE}",
        new.join("\n")
    );
}

fn listed(path: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

/// Returns one line for each name.
fn names() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for setting in SETTINGS {
        names.insert(format!("setting {}", setting.key));
        names.insert(format!("variable {}", setting.variable));
    }
    for entry in RENAMED {
        let kind = if entry.old.contains('.') { "setting" } else { "variable" };
        names.insert(format!("{kind} {}", entry.old));
    }
    names.extend(environment::ADMIN_APP.iter().chain(&environment::COMMANDS).map(|name| format!("variable {name}")));
    names.extend(profile_settings().into_iter().map(|name| format!("doorward-admin setting {name}")));
    names.extend(config_shape::paths().into_iter().map(|path| format!("tenant setting {path}")));
    names.extend(Check::ALL.iter().map(|check| format!("check {check}")));
    names.extend(Exit::ALL.map(|exit| format!("exit code {} {exit:?}", exit.code())));
    names.extend(metrics::names().map(|name| format!("metric {name}")));
    for command in [ServerCli::command(), Cli::command()] {
        add_command(&mut names, &command, command.get_name());
    }
    for (api, name) in [(Api::Public, "public"), (Api::Admin, "admin")] {
        add_document(&mut names, name, &serde_json::from_str(openapi::document(api)).unwrap());
    }
    names
}

fn add_command(names: &mut BTreeSet<String>, command: &Command, path: &str) {
    names.insert(format!("command {path}"));
    for argument in command.get_arguments() {
        names.extend(argument_names(argument).into_iter().map(|name| format!("command {path} {name}")));
    }
    for inner in command.get_subcommands() {
        names.extend(inner.get_all_aliases().map(|alias| format!("command {path} {alias}")));
        add_command(names, inner, &format!("{path} {}", inner.get_name()));
    }
}

/// Returns all names and aliases of an option, or `<ID>` for an argument without a name.
fn argument_names(argument: &Arg) -> Vec<String> {
    let long = argument.get_long().into_iter().chain(argument.get_all_aliases().unwrap_or_default());
    let short = argument.get_short().into_iter().chain(argument.get_all_short_aliases().unwrap_or_default());
    let names: Vec<String> =
        long.map(|name| format!("--{name}")).chain(short.map(|letter| format!("-{letter}"))).collect();
    if names.is_empty() { vec![format!("<{}>", argument.get_id())] } else { names }
}

/// Adds endpoints, their query parameters, the members of bodies, and the values of enumerations.
fn add_document(names: &mut BTreeSet<String>, api: &str, document: &Value) {
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let endpoint = format!("{api} {} {path}", method.to_uppercase());
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let query = parameters.filter(|parameter| parameter["in"] == "query");
            names.extend(query.map(|parameter| format!("{endpoint} ?{}", parameter["name"].as_str().unwrap())));
            names.insert(endpoint);
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        add_schema(names, name, schema);
    }
}

fn add_schema(names: &mut BTreeSet<String>, name: &str, schema: &Value) {
    let members = schema["properties"].as_object().into_iter().flatten();
    names.extend(members.map(|(member, _)| format!("member {name}.{member}")));
    let words = schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
    names.extend(words.map(|word| format!("word {name} {word}")));
    for part in ["allOf", "oneOf", "anyOf"] {
        schema[part].as_array().into_iter().flatten().for_each(|part| add_schema(names, name, part));
    }
}

/// Returns the names that the config file of `doorward-admin` accepts. Errors about unknown names list them.
fn profile_settings() -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("admin.toml");
    let known = |text: &str| -> Vec<String> {
        fs::write(&file, text).unwrap();
        let mut process = Process::new(env!("CARGO_BIN_EXE_doorward-admin"));
        let output = process.args(["me", "--config"]).arg(&file).env_clear().output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        let (_, list) = error.split_once("expected one of ").unwrap_or_else(|| panic!("{error}"));
        list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let of_profile = known("[profiles.a]\nunknown = 1");
    known("unknown = 1").into_iter().chain(of_profile.iter().map(|name| format!("profiles.*.{name}"))).collect()
}
