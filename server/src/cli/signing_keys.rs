//! `doorward signing-keys reset`: replaces signing keys after the master key was lost.

use std::io::IsTerminal as _;

use super::{
    CliError,
    admin_call::{context, failed},
    args::SigningKeysResetArgs,
    output, start,
};
use crate::{
    installation::{self, Purpose},
    service::admin::{signing_key_reset, tenants},
};

const WARNING: &str = "This gives each tenant whose signing keys cannot be decrypted a new signing key, and makes the \
    master.key in the data folder the key of this installation (a missing one is created). If you still have the \
    original master.key, restore it instead. Stop every server first: this command refuses to run beside one. For up to 10 minutes, applications with a cached \
    JWKS document reject new tokens.";

pub(super) async fn reset(args: SigningKeysResetArgs) -> Result<(), CliError> {
    confirm(args.yes)?;
    let settings = start::settings(&args.admin.installation.flags())?;
    let app = start::open(&settings, Purpose::ReplaceSigningKeys).await?.app;
    let call = context(app)?;
    let tenants = tenants::all(&call).await.map_err(failed)?;
    let (seen, mut replaced) = (tenants.len(), 0_u64);
    for tenant in &tenants {
        replaced += u64::from(signing_key_reset::replace(&call, tenant.id).await.map_err(failed)?);
    }
    // This is the last step, because servers do not start with the new master key before it.
    installation::accept_master_key(&call.app).await.map_err(|error| CliError::new(error.to_string()))?;
    if args.admin.json {
        return output::json(&serde_json::json!({ "tenants": seen, "replaced": replaced }));
    }
    output::line(&format!(
        "replaced the signing keys of {replaced} of {seen} tenants; start every server with the master.key in {}, and \
         keep a safe copy of it",
        settings.data.dir.display()
    ))
}

/// Asks the user to type `reset`, unless `--yes` is given.
fn confirm(yes: bool) -> Result<(), CliError> {
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(CliError::usage(format!("{WARNING}\nAdd --yes to confirm")));
    }
    output::message(&format!("{WARNING}\nType reset to continue:"));
    let mut typed = String::new();
    std::io::stdin().read_line(&mut typed).map_err(|error| CliError::new(error.to_string()))?;
    if typed.trim() == "reset" { Ok(()) } else { Err(CliError::new("nothing was changed")) }
}
