//! `doorward-admin audit`

use std::path::PathBuf;

use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser as _},
};
use doorward_shared::{ApiKeyId, AuditType, audit::AuditOutcome};

use crate::{api::ExportFormat, time_parse::TimeInput};

#[derive(Debug, Clone, Args)]
pub struct AuditArgs {
    /// Log to read: id or name of a tenant, or `installation` [default: all logs]
    #[arg(long, short, value_name = "TENANT")]
    pub tenant: Option<String>,
    /// Only entries of these types; can be repeated or separated by commas
    #[arg(long = "type", value_name = "TYPE", value_delimiter = ',', hide_possible_values = true, value_parser = kinds())]
    pub kinds: Vec<AuditType>,
    /// Only entries with this outcome: succeeded or failed
    #[arg(long, value_parser = outcome)]
    pub outcome: Option<AuditOutcome>,
    /// Substring of the actor, which is a user id or the name of an admin token
    #[arg(long, value_name = "TEXT")]
    pub user: Option<String>,
    /// Substring of the source address
    #[arg(long, value_name = "TEXT")]
    pub ip: Option<String>,
    /// Earliest time (inclusive): a duration like 1h or 2d, or a time like 2027-01-31T12:00:00Z
    #[arg(long, value_name = "WHEN")]
    pub since: Option<TimeInput>,
    /// Latest time (exclusive), in the same form as --since
    #[arg(long, value_name = "WHEN")]
    pub until: Option<TimeInput>,
    /// Substring of the actor or of the source address
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
    #[command(flatten)]
    pub exact: ExactFilters,
    /// Maximum number of entries, counted from the newest [default: 20; with --follow: 10]
    #[arg(long, short = 'n', value_name = "ROWS", conflicts_with = "export")]
    pub limit: Option<usize>,
    /// Print new entries until Ctrl+C
    #[arg(long, short, conflicts_with_all = ["export", "until"])]
    pub follow: bool,
    /// Write all matching entries to a file, oldest first; - for standard output
    #[arg(long, value_name = "FILE")]
    pub export: Option<PathBuf>,
    /// File format of the export: ndjson or csv [default: from the extension of the file; ndjson for -]
    #[arg(long, value_name = "FORMAT", requires = "export", value_parser = format)]
    pub format: Option<ExportFormat>,
    /// Replace an existing file
    #[arg(long, requires = "export")]
    pub force: bool,
}

/// Filters by whole values. An entry matches a filter if it has one of the filter's values. It matches a `--not-…`
/// filter if it has none of them.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Exact filters (each can be repeated)")]
pub struct ExactFilters {
    /// Actor: a user id, or the name of an admin token
    #[arg(long, value_name = "ACTOR")]
    pub actor: Vec<String>,
    /// Excluded actor
    #[arg(long, value_name = "ACTOR")]
    pub not_actor: Vec<String>,
    /// Source address or network, such as 192.0.2.7 or 192.0.2.0/24
    #[arg(long, value_name = "NETWORK")]
    pub network: Vec<String>,
    /// Excluded source address or network
    #[arg(long, value_name = "NETWORK")]
    pub not_network: Vec<String>,
    /// Error code, such as `origin_mismatch`
    #[arg(long, value_name = "CODE")]
    pub error_code: Vec<String>,
    /// Excluded error code
    #[arg(long, value_name = "CODE")]
    pub not_error_code: Vec<String>,
    /// Request id
    #[arg(long, value_name = "ID")]
    pub request_id: Vec<String>,
    /// Excluded request id
    #[arg(long, value_name = "ID")]
    pub not_request_id: Vec<String>,
    // Ids of credentials are base64url, so one in 64 starts with a hyphen.
    /// Credential id
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub credential_id: Vec<String>,
    /// Excluded credential id
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub not_credential_id: Vec<String>,
    /// Transaction id
    #[arg(long, value_name = "ID")]
    pub transaction_id: Vec<String>,
    /// Excluded transaction id
    #[arg(long, value_name = "ID")]
    pub not_transaction_id: Vec<String>,
    /// Id of the API key that made the request
    #[arg(long, value_name = "ID")]
    pub api_key_id: Vec<ApiKeyId>,
    /// Excluded id of an API key
    #[arg(long, value_name = "ID")]
    pub not_api_key_id: Vec<ApiKeyId>,
    /// Excluded type
    #[arg(long, value_name = "TYPE", value_delimiter = ',', hide_possible_values = true, value_parser = kinds())]
    pub not_type: Vec<AuditType>,
    /// Excluded outcome: succeeded or failed
    #[arg(long, value_name = "OUTCOME", value_parser = outcome)]
    pub not_outcome: Vec<AuditOutcome>,
}

impl ExactFilters {
    /// Returns the names and values of the query parameters.
    pub fn params(&self) -> Vec<(&'static str, String)> {
        let texts = [
            ("actor", &self.actor),
            ("not_actor", &self.not_actor),
            ("source_ip", &self.network),
            ("not_source_ip", &self.not_network),
            ("error_code", &self.error_code),
            ("not_error_code", &self.not_error_code),
            ("request_id", &self.request_id),
            ("not_request_id", &self.not_request_id),
            ("credential_id", &self.credential_id),
            ("not_credential_id", &self.not_credential_id),
            ("transaction_id", &self.transaction_id),
            ("not_transaction_id", &self.not_transaction_id),
        ];
        let texts = texts.into_iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value.clone())));
        let keys = [("api_key_id", &self.api_key_id), ("not_api_key_id", &self.not_api_key_id)];
        let keys = keys.into_iter().flat_map(|(name, ids)| ids.iter().map(move |id| (name, id.to_string())));
        let kinds = self.not_type.iter().map(|kind| ("not_type", kind.to_string()));
        let outcomes = self.not_outcome.iter().map(|outcome| ("not_outcome", outcome.to_string()));
        texts.chain(keys).chain(kinds).chain(outcomes).collect()
    }
}

fn kinds() -> impl clap::builder::TypedValueParser<Value = AuditType> {
    PossibleValuesParser::new(AuditType::ALL.iter().map(|kind| kind.as_str())).try_map(|text| text.parse::<AuditType>())
}

fn outcome(text: &str) -> Result<AuditOutcome, String> {
    text.parse().map_err(|_| "must be succeeded or failed".to_owned())
}

fn format(text: &str) -> Result<ExportFormat, &'static str> {
    match text {
        "ndjson" => Ok(ExportFormat::Ndjson),
        "csv" => Ok(ExportFormat::Csv),
        _ => Err("must be ndjson or csv"),
    }
}
