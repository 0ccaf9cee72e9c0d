//! `doorward migrate`, `doorward check-config` and `doorward version`.

use super::{
    CliError,
    args::{AdminArgs, CheckConfigArgs},
    output, start,
};

/// Migrates the database schema to the version of this program, like every start of the server.
pub(super) async fn migrate(args: &AdminArgs) -> Result<(), CliError> {
    let settings = start::settings(&args.installation.flags())?;
    let app = start::open(&settings).await?;
    let pending = app.db.pending_migrations().await.map_err(|error| CliError::new(error.to_string()))?;
    let engine = app.db.engine().as_str();
    app.db.close().await;
    if args.json {
        return output::json(&serde_json::json!({ "engine": engine, "pending": pending }));
    }
    output::line(&format!("the {engine} schema is up to date"))
}

/// Prints every setting with its value and source. Returns an error for settings that `serve` would reject.
pub(super) fn config(args: &CheckConfigArgs) -> Result<(), CliError> {
    let settings = start::settings(&args.serve.flags())?;
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
