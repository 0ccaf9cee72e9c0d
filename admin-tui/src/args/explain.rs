//! `doorward-admin explain` and `doorward-admin doctor`

use clap::{Args, builder::NonEmptyStringValueParser};

#[derive(Debug, Clone, Args)]
pub struct ExplainArgs {
    /// Request id, from the `X-Request-Id` header of the response or from the log
    #[arg(value_name = "REQUEST_ID", value_parser = NonEmptyStringValueParser::new())]
    pub request_id: String,
    /// Log to search: id or name of a tenant, or `installation` [default: all logs]
    #[arg(long, short, value_name = "TENANT")]
    pub tenant: Option<String>,
}
