//! Opens or creates an installation: data folder, database, master key and first admin token.

mod access;
mod error;
mod files;
mod first_token;
mod location;
mod master_key;
mod purpose;
mod rotation;
mod rotation_file;
mod stored;

use std::sync::Arc;

pub use self::{
    error::OpenError,
    files::{ADMIN_TOKEN_FILE, prepare_folder},
    location::{Location, MASTER_KEY_FILE},
    master_key::check_master_key,
    purpose::Purpose,
    rotation::{Rotated, rotate_master_key},
};
use self::{files::Files, master_key::MasterKeyUse};
use crate::{
    app::{App, AppSettings},
    clock::{SystemClock, SystemEntropy},
    crypto::{DigestKey, MasterKey, MasterKeyError},
    db::{Connection, Database, DatabaseOptions, DatabaseUrl, DbError, inspect_sqlite},
    domain::RequestMeta,
    service::admin::{AdminContext, installation as service},
    store::installation,
};

/// An open installation.
#[derive(Debug)]
pub struct Installation {
    pub app: Arc<App>,
    /// Whether this call created the installation.
    pub created: bool,
}

/// Opens an installation, or creates it if the purpose permits. Checks the master key before migrating the database.
pub async fn open(
    location: &Location,
    options: DatabaseOptions,
    settings: AppSettings,
    purpose: Purpose,
) -> Result<Installation, OpenError> {
    if matches!(purpose, Purpose::Create | Purpose::Serve) {
        prepare_folder(&location.data_dir)?;
    }
    for warning in check_files(location, &options)? {
        tracing::warn!("{warning}");
    }
    let files = Files::new(location);
    let database = options.url.to_string();
    let found = files.clone();
    // Replacing signing keys needs the exclusive lock: a running server would still sign with the old keys, and its
    // master key could not decrypt the new ones.
    let options = DatabaseOptions { exclusive: purpose == Purpose::ReplaceSigningKeys, ..options };
    let db = Database::open_if(options, move |connection| accept(connection, purpose, database, &found)).await?;
    let entropy = Arc::new(SystemEntropy::default());
    let app = |db: &Database, key: MasterKey| {
        App::new(db.clone(), Arc::new(key), Arc::new(SystemClock), Arc::clone(&entropy) as Arc<_>, settings)
    };
    let stored = db.read(|connection| installation::get(connection, installation::SEALED_WORD)).await?;
    let (app, created) = match stored {
        Some(text) => {
            let key = match purpose {
                Purpose::ReplaceSigningKeys => files.master_key.load_or_create(entropy.as_ref())?,
                _ => MasterKeyUse::of(purpose).load(&files, &text)?,
            };
            (app(&db, key)?, false)
        }
        None => {
            let token = first_token::prepare(&files, entropy.as_ref())?;
            let key = files.master_key.load_or_create(entropy.as_ref())?;
            let text = master_key::seal_check_text(&key, entropy.as_ref())?;
            let app = app(&db, key)?;
            let created = service::create(&context(&app), text, token).await.map_err(OpenError::Create)?;
            (app, created)
        }
    };
    finish(&app, &files, purpose, created).await?;
    Ok(Installation { app, created })
}

/// Reason why [`pending_migrations`] stops [`Database::open_if`] before the migrations: an error, or the names of the
/// pending migrations, which are the expected result.
enum Inspected {
    Failed(OpenError),
    Pending(Vec<String>),
}

impl From<OpenError> for Inspected {
    fn from(error: OpenError) -> Self {
        Self::Failed(error)
    }
}

impl From<DbError> for Inspected {
    fn from(error: DbError) -> Self {
        Self::Failed(error.into())
    }
}

/// Returns the migrations that [`migrate`] would apply, and changes nothing. Makes the same checks as `migrate`.
pub async fn pending_migrations(location: &Location, options: DatabaseOptions) -> Result<Vec<String>, OpenError> {
    check_files(location, &options)?;
    let check = may_migrate(location, &options);
    let opened = Database::open_if(options, move |connection| {
        let pending = check(connection)?.pending_migrations()?;
        Err(Inspected::Pending(pending))
    });
    match opened.await {
        Ok(_) => Ok(Vec::new()),
        Err(Inspected::Pending(pending)) => Ok(pending),
        Err(Inspected::Failed(error)) => Err(error),
    }
}

/// Migrates the schema of a database and returns the database. If the database contains an installation, the master key
/// may be missing, but a wrong one is an error. No installation is created in an empty database.
pub async fn migrate(location: &Location, options: DatabaseOptions) -> Result<Database, OpenError> {
    check_files(location, &options)?;
    let check = may_migrate(location, &options);
    Database::open_if(options, move |connection| check(connection).map(drop)).await
}

/// Returns a function that checks whether the schema may be migrated. The function returns the connection.
fn may_migrate(
    location: &Location,
    options: &DatabaseOptions,
) -> impl FnOnce(Option<&mut Connection>) -> Result<&mut Connection, OpenError> + Send + 'static {
    let (files, database) = (Files::new(location), options.url.to_string());
    move |connection| {
        let Some(connection) = connection else { return Err(OpenError::NoInstallation { database }) };
        if let Some(text) = stored::check_text(Some(&mut *connection))? {
            stored::refuse_unfinished_rotation(connection)?;
            MasterKeyUse::IfPresent.load(&files, &text)?;
        }
        Ok(connection)
    }
}

/// Performs the checks that need no connection to a database server: permissions of the files, the master key, and a
/// SQLite database. Changes nothing. Returns warnings.
///
/// # Errors
/// The error with which [`open`] would refuse to serve.
pub fn check(location: &Location, options: &DatabaseOptions) -> Result<Vec<String>, OpenError> {
    let warnings = check_files(location, options)?;
    let files = Files::new(location);
    if let DatabaseUrl::Sqlite(path) = &options.url {
        let database = options.url.to_string();
        inspect_sqlite(path, |connection| accept(connection, Purpose::Serve, database, &files))?;
    }
    // Before the first start, the data folder may lack the master key. If the folder contains the first admin token, it
    // must also contain the master key, because the key is created before the token.
    if files.master_key.in_data_folder().is_none_or(|file| file.exists() || files.admin_token.exists()) {
        files.master_key.load()?;
    }
    Ok(warnings)
}

/// Checks a database before it is opened and changed. `connection` is `None` if the SQLite file does not exist.
fn accept(
    mut connection: Option<&mut Connection>,
    purpose: Purpose,
    database: String,
    files: &Files,
) -> Result<(), OpenError> {
    let text = stored::check_text(connection.as_deref_mut())?;
    let Some(connection) = connection else { return may_create(purpose, database, files) };
    match text {
        Some(text) => {
            if purpose != Purpose::ReplaceSigningKeys || master_key::can_complete_rotation(connection, files, &text)? {
                stored::refuse_unfinished_rotation(connection)?;
            }
            MasterKeyUse::of(purpose).load(files, &text).map(drop)
        }
        None if stored::holds_sealed_keys(&mut *connection)? => Err(OpenError::UnknownMasterKey { database }),
        None => may_create(purpose, database, files),
    }
}

fn check_files(location: &Location, options: &DatabaseOptions) -> Result<Vec<String>, OpenError> {
    access::check(&location.data_dir, &options.url)
}

/// Encrypts the check text, a known text that identifies the master key, with the current master key, and stores it.
/// This makes the key the master key of the installation. Deletes the digest key if it was encrypted with another
/// master key; imported API keys are then no longer accepted. Returns whether the digest key was deleted.
///
/// # Errors
/// [`MasterKeyError::NewerFormat`] if a newer program encrypted the digest key. In this case nothing is changed.
pub async fn accept_master_key(app: &App) -> Result<bool, OpenError> {
    let text = master_key::seal_check_text(&app.master_key, app.entropy.as_ref())?;
    let stored = app.db.read(|connection| installation::get(connection, installation::SEALED_DIGEST_KEY)).await?;
    let lost = match stored.map(|sealed| DigestKey::open(&app.master_key, &sealed)) {
        Some(Err(error @ MasterKeyError::NewerFormat(_))) => return Err(error.into()),
        Some(Err(_)) => true,
        Some(Ok(_)) | None => false,
    };
    let put = move |connection: &mut Connection| {
        if lost {
            installation::delete(connection, installation::SEALED_DIGEST_KEY)?;
        }
        installation::delete(connection, installation::ROTATION)?;
        installation::put(connection, installation::SEALED_WORD, &text)
    };
    app.db.write_and_invalidate(put).await?;
    Ok(lost)
}

fn may_create(purpose: Purpose, database: String, files: &Files) -> Result<(), OpenError> {
    let lost = match purpose {
        Purpose::Create => Some(files.admin_token.as_path()).filter(|path| path.exists()),
        Purpose::Serve => files.of_installation(),
        Purpose::Administer | Purpose::ReplaceSigningKeys => return Err(OpenError::NoInstallation { database }),
    };
    if let Some(file) = lost {
        return Err(OpenError::LostDatabase { database, file: file.to_path_buf() });
    }
    // If the operator must provide the key, load it now, so that an error occurs before any file is created.
    if files.master_key.in_data_folder().is_none() {
        files.master_key.load()?;
    }
    Ok(())
}

/// Completes the creation of an installation that this process or an interrupted earlier process has begun.
async fn finish(app: &App, files: &Files, purpose: Purpose, created: bool) -> Result<(), OpenError> {
    if !matches!(purpose, Purpose::Create | Purpose::Serve) {
        return Ok(());
    }
    // Another node may have created the installation at the same time, with another master key. Check the key again.
    let stored = app.db.read(|connection| installation::get(connection, installation::SEALED_WORD)).await?;
    let stored = stored.ok_or_else(|| DbError::Database("the installation was deleted".to_owned()))?;
    MasterKeyUse::Required.load(files, &stored)?;
    if first_token::finish(&app.db, files).await? && !created {
        tracing::warn!(
            "an earlier start was interrupted before it wrote the first admin token; the token is now in {}",
            files.admin_token.display()
        );
    }
    Ok(())
}

fn context(app: &Arc<App>) -> AdminContext {
    AdminContext {
        app: Arc::clone(app),
        actor: "cli:first-start".to_owned(),
        meta: RequestMeta { request_id: "first-start".to_owned(), ..RequestMeta::default() },
        scope: None,
    }
}
