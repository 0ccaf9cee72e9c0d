//! `doorward migrate`, `doorward check-config` and `doorward version`.

use doorward_shared::counted;

use super::{
    CliError,
    args::{CheckConfigArgs, MigrateArgs},
    certificates::Certificates,
    output, probe_plan, start,
};
use crate::{
    clock::{Clock as _, SystemClock},
    db::{DatabaseUrl, Engine},
    installation,
};

/// Migrates the database schema to the version of this program, as the server does at every start. Does not create an
/// installation.
pub(super) async fn migrate(args: &MigrateArgs) -> Result<(), CliError> {
    let settings = start::settings(&args.admin.installation.flags())?;
    let options = start::database_options(&settings)?;
    let (location, engine) = (start::location(&settings), engine(&options.url));
    let pending = installation::pending_migrations(&location, options.clone()).await.map_err(start::not_opened)?;
    if !args.dry_run && !pending.is_empty() {
        installation::migrate(&location, options).await.map_err(start::not_opened)?.close().await;
    }
    if args.admin.json {
        let changed = !args.dry_run && !pending.is_empty();
        let list = if args.dry_run { "pending" } else { "applied" };
        output::change_json(changed, &serde_json::json!({ "engine": engine, list: pending }))?;
    } else {
        output::line(&match pending.len() {
            0 => format!("the {engine} schema is up to date"),
            number if args.dry_run => format!("dry run: the {engine} schema needs {}", counted(number, "migration")),
            number => format!("the {engine} schema is up to date after {}", counted(number, "migration")),
        })?;
    }
    if args.dry_run && !pending.is_empty() { Err(CliError::would_change()) } else { Ok(()) }
}

const fn engine(url: &DatabaseUrl) -> &'static str {
    match url {
        DatabaseUrl::Sqlite(_) => Engine::Sqlite.as_str(),
        DatabaseUrl::Postgres(_) => Engine::Postgres.as_str(),
    }
}

/// Prints every setting with its value and source. Also checks the settings, the limit of open files, the paths of Unix
/// sockets, the certificates, a SQLite database and the files of the data folder. Does not connect to PostgreSQL.
/// Returns an error if `serve` would reject one of these.
pub(super) fn config(args: &CheckConfigArgs) -> Result<(), CliError> {
    let settings = start::settings(&args.serve.flags())?;
    start::listening(&settings)?;
    start::check_sockets(&settings)?;
    let mut warnings = start::warnings(&settings);
    warnings.extend(Certificates::load(&settings)?.warning(SystemClock.now()));
    start::forward_targets(&settings)?;
    probe_plan::read(&settings, &settings.server.public_addr)?;
    let checked = installation::check(&start::location(&settings), &start::database_options(&settings)?);
    warnings.extend(checked.map_err(|error| CliError::usage(error.to_string()))?);
    for warning in warnings {
        output::notice(&format!("warning: {}", output::cell(&warning)));
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
