//! `doorward-admin audit`

use std::path::PathBuf;

use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser as _},
};
use doorward_shared::{AuditType, audit::AuditOutcome};

use crate::{api::ExportFormat, moment::Moment};

/// `doorward-admin audit`
#[derive(Debug, Clone, Args)]
pub struct AuditArgs {
    /// Whose log: id or name of a tenant, or `installation` [default: all logs together]
    #[arg(long, short, value_name = "TENANT")]
    pub tenant: Option<String>,
    /// Only entries of these types; repeat it, or separate them with commas
    #[arg(long = "type", value_name = "TYPE", value_delimiter = ',', hide_possible_values = true, value_parser = kinds())]
    pub kinds: Vec<AuditType>,
    /// Only what ended so: succeeded or failed
    #[arg(long, value_parser = outcome)]
    pub outcome: Option<AuditOutcome>,
    /// Part of the actor: a user's id, or an admin token's name
    #[arg(long, value_name = "TEXT")]
    pub user: Option<String>,
    /// Part of the source address
    #[arg(long, value_name = "TEXT")]
    pub ip: Option<String>,
    /// Not before: 1h, 2d, or a time like 2027-01-31T12:00:00Z
    #[arg(long, value_name = "WHEN")]
    pub since: Option<Moment>,
    /// Before: the same
    #[arg(long, value_name = "WHEN")]
    pub until: Option<Moment>,
    /// Part of the actor or of the source address
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
    /// The newest so many [default: 20, with --follow 10]
    #[arg(long, short = 'n', value_name = "ROWS", conflicts_with = "export")]
    pub limit: Option<usize>,
    /// Go on with what comes, until Ctrl-C
    #[arg(long, short, conflicts_with_all = ["export", "until"])]
    pub follow: bool,
    /// Write everything that matches to a file, oldest first; - for standard output
    #[arg(long, value_name = "FILE")]
    pub export: Option<PathBuf>,
    /// Format of the export: ndjson or csv [default: by the file's name, else ndjson]
    #[arg(long, value_name = "FORMAT", requires = "export")]
    pub format: Option<ExportFormat>,
    /// Replace the file if it is there
    #[arg(long, requires = "export")]
    pub force: bool,
}

fn kinds() -> impl clap::builder::TypedValueParser<Value = AuditType> {
    PossibleValuesParser::new(AuditType::ALL.iter().map(|kind| kind.as_str())).try_map(|word| word.parse::<AuditType>())
}

fn outcome(text: &str) -> Result<AuditOutcome, String> {
    text.parse().map_err(|_| "must be succeeded or failed".to_owned())
}
