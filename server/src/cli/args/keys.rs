//! The arguments of `doorward signing-key` and `doorward master-key`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use doorward_shared::command_line::Confirmation;

use super::{admin::AdminArgs, help};
use crate::{config::parse, domain::master_key_origin::MasterKeyOrigin};

/// `doorward signing-key …`
#[derive(Debug, Clone, Subcommand)]
pub enum SigningKeyCommand {
    /// Give each tenant a new signing key if its current signing key cannot be decrypted
    #[command(after_help = help::SIGNING_KEY_RESET)]
    Reset(SigningKeyResetArgs),
}

/// `doorward signing-key reset`
#[derive(Debug, Clone, Args)]
pub struct SigningKeyResetArgs {
    /// The flag `--yes`.
    #[command(flatten)]
    pub confirmation: Confirmation,
    /// Arguments that every administrative command accepts.
    #[command(flatten)]
    pub admin: AdminArgs,
}

/// `doorward master-key …`
#[derive(Debug, Clone, Subcommand)]
pub enum MasterKeyCommand {
    /// Encrypt all secrets in the database, such as signing keys, with a new master key
    #[command(after_help = help::MASTER_KEY_ROTATE)]
    Rotate(MasterKeyRotateArgs),
}

/// `doorward master-key rotate`
#[derive(Debug, Clone, Args)]
pub struct MasterKeyRotateArgs {
    /// File with the new key [default: a random key, which replaces master.key in the data folder]
    #[arg(long, value_name = "FILE", group = "new")]
    pub new_file: Option<PathBuf>,
    /// File descriptor from which the new key is read
    #[arg(long, value_name = "NUMBER", group = "new", value_parser = descriptor)]
    pub new_descriptor: Option<u32>,
    /// Program, with its arguments, that prints the new key
    #[arg(long, value_name = "COMMAND", group = "new", value_parser = command)]
    pub new_command: Option<Words>,
    /// The flag `--yes`.
    #[command(flatten)]
    pub confirmation: Confirmation,
    /// Arguments that every administrative command accepts.
    #[command(flatten)]
    pub admin: AdminArgs,
}

/// A program with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words(pub Vec<String>);

impl MasterKeyRotateArgs {
    /// Returns where the new key comes from; `None` if it has to be created.
    pub fn new_key(&self) -> Option<MasterKeyOrigin> {
        let file = self.new_file.clone().map(MasterKeyOrigin::File);
        let descriptor = self.new_descriptor.map(MasterKeyOrigin::Descriptor);
        let command = self.new_command.clone().map(|words| MasterKeyOrigin::Command(words.0));
        file.or(descriptor).or(command)
    }
}

fn descriptor(text: &str) -> Result<u32, String> {
    parse::descriptor(text).flatten().ok_or_else(|| "must be a number other than 1 and 2".to_owned())
}

fn command(text: &str) -> Result<Words, String> {
    let words = parse::command(text).flatten();
    words.map(Words).ok_or_else(|| "must be a list of strings in JSON, or words separated by spaces".to_owned())
}
