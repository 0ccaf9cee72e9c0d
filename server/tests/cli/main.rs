//! Runs the binary as operators and scripts do.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a failure is a failed test")]

mod administration;
mod installation;
mod quickstart;
mod settings;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output, Stdio},
};

use doorward_testkit::process;
use serde_json::Value;

use self::quickstart::{Quickstart, probe};

/// Returns a command that runs the binary with the SQLite database of this data folder.
fn doorward(data: &Path) -> Command {
    let mut command = process::command(env!("CARGO_BIN_EXE_doorward"), data, "");
    command.env("USER", "mallory");
    command
}

fn run(data: &Path, arguments: &[&str]) -> Output {
    doorward(data).args(arguments).output().expect("the binary runs")
}

fn json(data: &Path, arguments: &[&str]) -> Value {
    let output = run(data, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn refused(data: &Path, arguments: &[&str], code: i32) -> String {
    let output = run(data, arguments);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stderr).unwrap()
}

/// Creates an installation and returns the data folder.
fn installation() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(json(folder.path(), &["init", "--json"]).get("created"), Some(&Value::Bool(true)));
    folder
}

fn files(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
