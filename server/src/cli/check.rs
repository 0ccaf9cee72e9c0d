//! `doorward migrate`, `doorward check-config` and `doorward version`.

use super::{
    CliError,
    args::{AdminArgs, CheckConfigArgs},
    output, start,
};
use crate::installation;

/// Migrates the database schema to the version of this program, as every start of the server does. Creates no
/// installation.
pub(super) async fn migrate(args: &AdminArgs) -> Result<(), CliError> {
    let settings = start::settings(&args.installation.flags())?;
    let options = start::database_options(&settings)?;
    let db = installation::migrate(&settings.data.dir, options).await;
    let db = db.map_err(|error| CliError::new(error.to_string()))?;
    let pending = db.pending_migrations().await.map_err(|error| CliError::new(error.to_string()))?;
    let engine = db.engine().as_str();
    db.close().await;
    if args.json {
        return output::json(&serde_json::json!({ "engine": engine, "pending": pending }));
    }
    output::line(&format!("the {engine} schema is up to date"))
}

/// Prints every setting with its value and source. Also checks the settings, the limit of open files, the certificates,
/// the files of the data folder and a SQLite database, but does not connect to PostgreSQL. Returns an error if `serve`
/// would reject any of them.
pub(super) fn config(args: &CheckConfigArgs) -> Result<(), CliError> {
    let settings = start::settings(&args.serve.flags())?;
    start::listening(&settings)?;
    let checked = installation::check(&settings.data.dir, &start::database_options(&settings)?);
    for warning in checked.map_err(|error| CliError::usage(error.to_string()))? {
        output::message(&format!("warning: {}", output::cell(&warning)));
    }
    if args.json {
        let all: Vec<_> = settings
            .effective
            .iter()
            .map(|one| serde_json::json!({ "setting": one.key, "value": one.value, "source": one.source.to_string() }))
            .collect();
        return output::json(&all);
    }
    let row = |one: &crate::config::Effective| vec![one.key.to_owned(), one.value.clone(), one.source.to_string()];
    output::table(&["SETTING", "VALUE", "SOURCE"], &settings.effective.iter().map(row).collect::<Vec<_>>())
}

pub(super) fn version(json: bool) -> Result<(), CliError> {
    let version = env!("CARGO_PKG_VERSION");
    if json {
        output::json(&serde_json::json!({ "version": version }))
    } else {
        output::line(&format!("doorward {version}"))
    }
}
