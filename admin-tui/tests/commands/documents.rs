//! `completions` and `man`.

use clap::CommandFactory as _;
use doorward_admin::args::Cli;
use doorward_testkit::check_generated_documents;

#[test]
fn completions_and_man_pages_cover_every_command() {
    check_generated_documents(env!("CARGO_BIN_EXE_doorward-admin"), &Cli::command());
}
