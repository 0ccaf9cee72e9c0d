//! `doorward-admin users …`, `credentials …`, `transactions …`

use clap::{Args, Subcommand};

use super::common::{Confirmation, TenantFlag};

/// `doorward-admin users …`
#[derive(Debug, Clone, Subcommand)]
pub enum UsersCommand {
    /// List the users of a tenant, newest first
    List(UsersListArgs),
    /// Show a user with credentials and latest transactions
    Show(UserArgs),
    /// Delete a user and all credentials
    Delete(UsersDeleteArgs),
}

/// `doorward-admin users list`
#[derive(Debug, Clone, Args)]
pub struct UsersListArgs {
    /// The tenant.
    #[command(flatten)]
    pub tenant: TenantFlag,
    /// Substring of the id or name
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
    /// Maximum number of rows [default: all]
    #[arg(long, value_name = "ROWS")]
    pub limit: Option<usize>,
}

/// Selects a user of a tenant.
#[derive(Debug, Clone, Args)]
pub struct UserArgs {
    /// The tenant.
    #[command(flatten)]
    pub tenant: TenantFlag,
    /// The application's id of the user, or Doorward's
    #[arg(value_name = "USER")]
    pub user: String,
}

/// `doorward-admin users delete`
#[derive(Debug, Clone, Args)]
pub struct UsersDeleteArgs {
    /// The user.
    #[command(flatten)]
    pub user: UserArgs,
    /// The confirmation.
    #[command(flatten)]
    pub confirmation: Confirmation,
}

/// `doorward-admin credentials …`
#[derive(Debug, Clone, Subcommand)]
pub enum CredentialsCommand {
    /// Delete a credential; the user can no longer sign in with it
    Delete(CredentialsDeleteArgs),
}

/// `doorward-admin credentials delete`
#[derive(Debug, Clone, Args)]
pub struct CredentialsDeleteArgs {
    /// The tenant.
    #[command(flatten)]
    pub tenant: TenantFlag,
    /// The application's id of the user, or Doorward's
    #[arg(long, short, value_name = "USER")]
    pub user: String,
    /// Id of the credential, from `users show`
    // Ids are base64url, so one in 64 starts with a hyphen.
    #[arg(value_name = "CREDENTIAL", allow_hyphen_values = true)]
    pub credential: String,
    /// The confirmation.
    #[command(flatten)]
    pub confirmation: Confirmation,
}

/// `doorward-admin transactions …`
#[derive(Debug, Clone, Subcommand)]
pub enum TransactionsCommand {
    /// List the transactions of a tenant, newest first
    List(TransactionsListArgs),
}

/// `doorward-admin transactions list`
#[derive(Debug, Clone, Args)]
pub struct TransactionsListArgs {
    /// The tenant.
    #[command(flatten)]
    pub tenant: TenantFlag,
    /// Only transactions of this user, by the application's id
    #[arg(long, short, value_name = "USER")]
    pub user: Option<String>,
    /// Substring of the transaction id
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
    /// Maximum number of rows [default: all]
    #[arg(long, value_name = "ROWS")]
    pub limit: Option<usize>,
}
