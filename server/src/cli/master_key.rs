//! `doorward master-key rotate`: replaces the master key.

use doorward_shared::counted;

use serde_json::json;

use super::{CliError, admin_call, args::MasterKeyRotateArgs, output, start};
use crate::{
    crypto::MasterKeySource,
    installation::{self, OpenError, Rotated},
};

const WARNING: &str = "This encrypts all signing keys with a new master key. The old key is then of no use for the \
    database, but backups that were made before still need it: keep a copy with them. Stop every server first: this \
    command refuses to run while one is running. Tokens and public keys do not change.";

impl From<OpenError> for CliError {
    fn from(error: OpenError) -> Self {
        start::not_opened(error)
    }
}

pub(super) async fn rotate(args: MasterKeyRotateArgs) -> Result<(), CliError> {
    args.confirmation.ask(WARNING)?;
    let settings = start::settings(&args.admin.installation.flags())?;
    let new = args.new_key();
    let rotated = installation::rotate_master_key(
        &start::location(&settings),
        new.clone().map(MasterKeySource::new),
        start::database_options(&settings)?,
        start::app_settings(&settings),
        admin_call::context,
    )
    .await?;
    if rotated.replaced_link {
        output::message(&format!(
            "{} was a symbolic link whose target could not be replaced. It is now a file with the new master key; the \
             target still contains the old one",
            settings.data.master_key
        ));
    }
    if args.admin.json {
        let Rotated { signing_keys, undecryptable, .. } = rotated;
        return output::change_json(true, &json!({ "signing_keys": signing_keys, "undecryptable": undecryptable }));
    }
    let number = counted(rotated.signing_keys, "signing key");
    output::line(&format!("encrypted {number} with the new master key"))?;
    if rotated.undecryptable > 0 {
        output::line(&format!(
            "not changed, because the old master key does not decrypt them either: {}",
            counted(rotated.undecryptable, "signing key")
        ))?;
    }
    output::line(&match new {
        Some(origin) => format!("Set the master key to {origin} in the settings of every server, then start them."),
        None => format!("Copy {} to every node, then start the servers.", settings.data.master_key),
    })
}
