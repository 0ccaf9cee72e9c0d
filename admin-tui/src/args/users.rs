//! `doorward-admin users …`, `credentials …`, `transactions …`

use clap::{Args, Subcommand};

use super::{Confirmation, OfTenant};

/// `doorward-admin users …`
#[derive(Debug, Clone, Subcommand)]
pub enum UsersCommand {
    /// List a tenant's users, newest first
    List(UsersListArgs),
    /// Show a user with credentials and latest transactions
    Show(UserArgs),
    /// Delete a user with all credentials
    Delete(UsersDeleteArgs),
}

/// `doorward-admin users list`
#[derive(Debug, Clone, Args)]
pub struct UsersListArgs {
    /// Which tenant.
    #[command(flatten)]
    pub of: OfTenant,
    /// Part of an id or a name
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
    /// At most so many [default: all]
    #[arg(long, value_name = "ROWS")]
    pub limit: Option<usize>,
}

/// A user of a tenant.
#[derive(Debug, Clone, Args)]
pub struct UserArgs {
    /// Which tenant.
    #[command(flatten)]
    pub of: OfTenant,
    /// The tenant's own id of the user, or Doorward's
    #[arg(value_name = "USER")]
    pub user: String,
}

/// `doorward-admin users delete`
#[derive(Debug, Clone, Args)]
pub struct UsersDeleteArgs {
    /// Which user.
    #[command(flatten)]
    pub user: UserArgs,
    /// Whether to ask.
    #[command(flatten)]
    pub confirmation: Confirmation,
}

/// `doorward-admin credentials …`
#[derive(Debug, Clone, Subcommand)]
pub enum CredentialsCommand {
    /// Delete a credential: its user cannot sign in with it any more
    Delete(CredentialsDeleteArgs),
}

/// `doorward-admin credentials delete`
#[derive(Debug, Clone, Args)]
pub struct CredentialsDeleteArgs {
    /// Which tenant.
    #[command(flatten)]
    pub of: OfTenant,
    /// The tenant's own id of the user, or Doorward's
    #[arg(long, short, value_name = "USER")]
    pub user: String,
    /// Id of the credential, as `users show` shows it
    // Ids are base64url: one in sixty-four begins with a hyphen.
    #[arg(value_name = "CREDENTIAL", allow_hyphen_values = true)]
    pub credential: String,
    /// Whether to ask.
    #[command(flatten)]
    pub confirmation: Confirmation,
}

/// `doorward-admin transactions …`
#[derive(Debug, Clone, Subcommand)]
pub enum TransactionsCommand {
    /// List a tenant's transactions, newest first
    List(TransactionsListArgs),
}

/// `doorward-admin transactions list`
#[derive(Debug, Clone, Args)]
pub struct TransactionsListArgs {
    /// Which tenant.
    #[command(flatten)]
    pub of: OfTenant,
    /// Only this user's: the tenant's own id of the user
    #[arg(long, short, value_name = "USER")]
    pub user: Option<String>,
    /// Part of the transaction's own id
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
    /// At most so many [default: all]
    #[arg(long, value_name = "ROWS")]
    pub limit: Option<usize>,
}
