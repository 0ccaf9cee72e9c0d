//! `doorward-admin user …`, `credential …`, `transaction …`

use clap::{Args, Subcommand};
use doorward_shared::{admin::UserIdKind, command_line::Confirmation};

use super::common::TenantFlag;

#[derive(Debug, Clone, Subcommand)]
pub enum UserCommand {
    /// List the users of a tenant, newest first
    List(UserListArgs),
    /// Show a user with credentials and latest transactions
    Show(UserArgs),
    /// Disable a user: all ceremonies are refused until the user is enabled
    Disable(UserArgs),
    /// Enable a disabled user
    Enable(UserArgs),
    /// Delete a user and the user's credentials
    Delete(UserDeleteArgs),
}

#[derive(Debug, Clone, Args)]
pub struct UserListArgs {
    #[command(flatten)]
    pub tenant: TenantFlag,
    /// Substring of the user_id, name or display name
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
    /// Maximum number of rows [default: all]
    #[arg(long, value_name = "ROWS")]
    pub limit: Option<usize>,
}

#[derive(Debug, Clone, Args)]
pub struct UserArgs {
    #[command(flatten)]
    pub tenant: TenantFlag,
    /// Id of the user
    #[arg(value_name = "USER")]
    pub user: String,
    /// Kind of the id: user_id (the application's) or id (Doorward's)
    #[arg(long, value_name = "KIND", default_value_t = UserIdKind::UserId, value_parser = id_kind)]
    pub by: UserIdKind,
}

#[derive(Debug, Clone, Args)]
pub struct UserDeleteArgs {
    #[command(flatten)]
    pub user: UserArgs,
    #[command(flatten)]
    pub confirmation: Confirmation,
}

#[derive(Debug, Clone, Subcommand)]
pub enum CredentialCommand {
    /// Disable a credential: the user cannot sign in with it until it is enabled
    Disable(CredentialArgs),
    /// Enable a disabled credential
    Enable(CredentialArgs),
    /// Delete a credential; the user can no longer sign in with it
    Delete(CredentialDeleteArgs),
}

#[derive(Debug, Clone, Args)]
pub struct CredentialArgs {
    #[command(flatten)]
    pub tenant: TenantFlag,
    /// Id of the user
    #[arg(long, short, value_name = "USER")]
    pub user: String,
    /// Kind of the user's id: user_id (the application's) or id (Doorward's)
    #[arg(long, value_name = "KIND", default_value_t = UserIdKind::UserId, value_parser = id_kind)]
    pub by: UserIdKind,
    /// Id of the credential, from `user show`
    // Ids are base64url, so one in 64 starts with a hyphen.
    #[arg(value_name = "CREDENTIAL", allow_hyphen_values = true)]
    pub credential: String,
}

#[derive(Debug, Clone, Args)]
pub struct CredentialDeleteArgs {
    #[command(flatten)]
    pub credential: CredentialArgs,
    #[command(flatten)]
    pub confirmation: Confirmation,
}

#[derive(Debug, Clone, Subcommand)]
pub enum TransactionCommand {
    /// List the transactions of a tenant, newest first
    List(TransactionListArgs),
}

#[derive(Debug, Clone, Args)]
pub struct TransactionListArgs {
    #[command(flatten)]
    pub tenant: TenantFlag,
    /// Only transactions of the user with this user_id (the application's id)
    #[arg(long, short, value_name = "USER")]
    pub user: Option<String>,
    /// Substring of the transaction id
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
    /// Maximum number of rows [default: all]
    #[arg(long, value_name = "ROWS")]
    pub limit: Option<usize>,
}

fn id_kind(text: &str) -> Result<UserIdKind, String> {
    text.parse().map_err(|_| "must be user_id or id".to_owned())
}
