//! `doorward-admin credentials …`

use super::{confirm::confirm, context::CommandContext, error::CommandError};
use crate::args::users::{CredentialsCommand, CredentialsDeleteArgs};

pub(super) async fn run(context: &CommandContext, command: CredentialsCommand) -> Result<(), CommandError> {
    match command {
        CredentialsCommand::Delete(args) => delete(context, args).await,
    }
}

async fn delete(context: &CommandContext, args: CredentialsDeleteArgs) -> Result<(), CommandError> {
    let tenant = context.tenant(&args.tenant.tenant).await?;
    let detail = context.api.user(tenant, &args.user).await?;
    let user = &detail.user;
    let credential = detail.credentials.iter().find(|credential| credential.id.to_string() == args.credential);
    let Some(credential) = credential else {
        return Err(CommandError::failed(format!("user {} has no credential {}", user.user_id, args.credential)));
    };
    let name = credential.name.as_deref().unwrap_or("without a name");
    let consequence = format!(
        "This deletes the credential {name} ({}). User {} can no longer sign in with it.",
        credential.id, user.user_id
    );
    confirm(args.confirmation, &consequence)?;
    context.api.delete_credential(tenant, &user.id.to_string(), &credential.id.to_string()).await?;
    context.output.done(&format!("deleted credential {name} ({})", credential.id))
}
