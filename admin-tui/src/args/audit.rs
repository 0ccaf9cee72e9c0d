//! `doorward-admin audit`

use std::path::PathBuf;

use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser as _},
};
use doorward_shared::{AuditType, audit::AuditOutcome};

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
    /// Latest time (exclusive), in the same form
    #[arg(long, value_name = "WHEN")]
    pub until: Option<TimeInput>,
    /// Substring of the actor or of the source address
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
    /// Maximum number of entries, counted from the newest [default: 20, with --follow 10]
    #[arg(long, short = 'n', value_name = "ROWS", conflicts_with = "export")]
    pub limit: Option<usize>,
    /// Print new entries until Ctrl-C
    #[arg(long, short, conflicts_with_all = ["export", "until"])]
    pub follow: bool,
    /// Write all matching entries to a file, oldest first; - for standard output
    #[arg(long, value_name = "FILE")]
    pub export: Option<PathBuf>,
    /// File format of the export: ndjson or csv [default: from the file name, else ndjson]
    #[arg(long, value_name = "FORMAT", requires = "export")]
    pub format: Option<ExportFormat>,
    /// Replace an existing file
    #[arg(long, requires = "export")]
    pub force: bool,
}

fn kinds() -> impl clap::builder::TypedValueParser<Value = AuditType> {
    PossibleValuesParser::new(AuditType::ALL.iter().map(|kind| kind.as_str())).try_map(|text| text.parse::<AuditType>())
}

fn outcome(text: &str) -> Result<AuditOutcome, String> {
    text.parse().map_err(|_| "must be succeeded or failed".to_owned())
}
