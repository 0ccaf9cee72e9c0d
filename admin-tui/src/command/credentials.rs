//! `doorward-admin credentials …`

use super::{Context, Failed, confirm::confirm, tenant};
use crate::args::users::{CredentialsCommand, CredentialsDeleteArgs};

pub(super) async fn run(context: &Context, command: CredentialsCommand) -> Result<(), Failed> {
    match command {
        CredentialsCommand::Delete(args) => delete(context, args).await,
    }
}

async fn delete(context: &Context, args: CredentialsDeleteArgs) -> Result<(), Failed> {
    let tenant = tenant::find(&context.api, &args.of.tenant).await?;
    let detail = context.api.user(tenant, &args.user).await?;
    let credential = detail.credentials.iter().find(|credential| credential.id.to_string() == args.credential);
    let Some(credential) = credential else {
        return Err(Failed::new(format!("user {} has no credential {}", detail.user.user_id, args.credential)));
    };
    let name = credential.name.as_deref().unwrap_or("without a name");
    let what = format!(
        "This deletes the credential {name} ({}) of user {}, who cannot sign in with it any more.",
        credential.id, detail.user.user_id
    );
    confirm(args.confirmation, &what)?;
    context.api.delete_credential(tenant, &detail.user.id.to_string(), &credential.id.to_string()).await?;
    context.out.done(&format!("credential {name} ({}) is deleted", credential.id))
}
