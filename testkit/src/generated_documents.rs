//! Checks the shell completions and man pages that a binary generates.

use std::{
    path::Path,
    process::{Command, Output},
};

fn run(program: &str, arguments: &[&str]) -> Output {
    let output = Command::new(program).args(arguments).output().expect("the program runs");
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Asserts that the binary prints a completion script for each shell, that bash accepts the bash script, and that every
/// command of `definition` has a man page. If man is installed, it must render the pages without warnings.
///
/// # Panics
/// If a script or page is missing or invalid.
pub fn check_generated_documents(binary: &str, definition: &clap::Command) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(binary, &["completions", shell]).stdout;
        assert!(String::from_utf8_lossy(&script).contains(definition.get_name()), "{shell}");
        if shell == "bash" {
            let path = folder.path().join("completions.bash");
            std::fs::write(&path, &script).expect("the script is written");
            let checked = run("bash", &["-n", &path.display().to_string()]);
            assert!(checked.stderr.is_empty(), "{}", String::from_utf8_lossy(&checked.stderr));
        }
    }
    let page = String::from_utf8(run(binary, &["man"]).stdout).expect("UTF-8");
    assert!(page.contains(&format!(".TH {} 1", definition.get_name())), "{page}");
    let pages = folder.path().join("man1");
    let _ = run(binary, &["man", &pages.display().to_string()]);
    check_page(&pages, definition, definition.get_name());
}

fn check_page(folder: &Path, command: &clap::Command, name: &str) {
    let page = folder.join(format!("{name}.1")).display().to_string();
    assert!(Path::new(&page).exists(), "{name} has no man page");
    match Command::new("man").args(["--warnings", "-l", &page]).env("MANPAGER", "cat").output() {
        Ok(rendered) => {
            let warnings = String::from_utf8_lossy(&rendered.stderr);
            assert!(rendered.status.success() && warnings.is_empty(), "{page}: {warnings}");
            assert!(!rendered.stdout.is_empty(), "{page}");
        }
        Err(error) => eprintln!("SKIPPED: man cannot be run: {error}"),
    }
    for subcommand in command.get_subcommands().filter(|subcommand| subcommand.get_name() != "help") {
        check_page(folder, subcommand, &format!("{name}-{}", subcommand.get_name()));
    }
}
