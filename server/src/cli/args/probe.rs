//! The arguments of `doorward probe`.

use clap::Args;
use doorward_shared::TenantId;

use crate::{config::parse, crypto::PlainSecret};

/// `doorward probe`
#[derive(Debug, Clone, Args)]
pub struct ProbeArgs {
    /// Address of the public API: http://, https://, or unix: and the path of a socket
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8000", value_parser = parse::server_url)]
    pub url: String,
    /// Id of the tenant
    #[arg(long, value_name = "ID")]
    pub tenant: TenantId,
    /// One of the tenant's API keys
    #[arg(long, value_name = "KEY", env = "DOORWARD_API_KEY", hide_env_values = true, value_parser = secret)]
    pub api_key: PlainSecret,
    /// One of the tenant's web origins [default: https:// and the RP ID; for the RP ID localhost:
    /// http://localhost:8080, the demo page of `doorward quickstart`]
    #[arg(long, value_name = "ORIGIN")]
    pub origin: Option<url::Url>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Expected issuer of the tokens: the server's setting token.issuer
    #[arg(
        long,
        value_name = "NAME",
        env = "DOORWARD_TOKEN_ISSUER",
        hide_env_values = true,
        default_value = "doorward"
    )]
    pub issuer: String,
    /// Keep the user that the probe creates, with its credentials and transaction
    #[arg(long)]
    pub keep: bool,
}

#[expect(clippy::unnecessary_wraps, reason = "signature of a clap value parser")]
fn secret(text: &str) -> Result<PlainSecret, std::convert::Infallible> {
    Ok(PlainSecret::new(text.trim().to_owned()))
}
