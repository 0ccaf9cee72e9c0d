//! `doorward signing-key reset`: replaces signing keys after the master key was lost.

use doorward_shared::counted;

use super::{
    CliError,
    admin_call::{context, failed},
    args::SigningKeyResetArgs,
    output, start,
};
use crate::{
    installation::{self, Purpose},
    service::admin::{sealed_formats, signing_key_reset, tenants},
};

const WARNING: &str = "This gives each tenant whose signing keys cannot be decrypted a new signing key, and makes the \
    master.key in the data folder the key of this installation (a missing one is created). If you still have the \
    original master.key, restore it instead. Stop every server first: this command refuses to run while one is running. For up to 10 \
    minutes, applications with a cached JWKS document reject new tokens.";

pub(super) async fn reset(args: SigningKeyResetArgs) -> Result<(), CliError> {
    args.confirmation.ask(WARNING)?;
    let settings = start::settings(&args.admin.installation.flags())?;
    let app = start::open(&settings, Purpose::ReplaceSigningKeys).await?.app;
    let call = context(app)?;
    sealed_formats::check(&call).await.map_err(failed)?;
    let tenants = tenants::all(&call, None).await.map_err(failed)?;
    let mut replaced = 0_usize;
    for tenant in &tenants {
        replaced += usize::from(signing_key_reset::replace(&call, tenant.id).await.map_err(failed)?);
    }
    // This must be the last step, because it allows servers to start with the new master key.
    let accepted = installation::accept_master_key(&call.app).await;
    let lost_imported_keys = accepted.map_err(|error| CliError::new(error.to_string()))?;
    if lost_imported_keys {
        output::message(
            "API keys that were imported can no longer be found without the old master key: create new ones with \
             `doorward api-key create`",
        );
    }
    if args.admin.json {
        let result = serde_json::json!({
            "tenants": tenants.len(),
            "replaced": replaced,
            "lost_imported_keys": lost_imported_keys,
        });
        return output::change_json(replaced > 0, &result);
    }
    output::line(&format!(
        "replaced the signing keys of {replaced} of {}; start every server with the master key in {}, and \
         keep a safe copy of it",
        counted(tenants.len(), "tenant"),
        settings.data.master_key
    ))
}
