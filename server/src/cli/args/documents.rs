//! The arguments of the commands that print documents.

use clap::{Args, ValueEnum};

/// The APIs that have an OpenAPI document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ApiName {
    /// API for applications
    Public,
    /// API for administrators
    Admin,
}

/// `doorward openapi`
#[derive(Debug, Clone, Copy, Args)]
pub struct OpenapiArgs {
    /// API to describe
    #[arg(value_enum, default_value_t = ApiName::Public)]
    pub api: ApiName,
}

/// `doorward version`
#[derive(Debug, Clone, Copy, Args)]
pub struct VersionArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
