//! An installation on disk: its data folder, database, master key and first admin token.

use std::{
    fs, io,
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use doorward_shared::{
    Base64Url, SigningKeyId, TenantId,
    admin::{CreateAdminTokenRequest, Role},
};

use crate::{
    app::{App, AppSettings, BuildError},
    clock::{Entropy, SystemClock, SystemEntropy},
    crypto::{MasterKey, MasterKeyError},
    db::{Database, DatabaseOptions, DbError},
    domain::RequestMeta,
    service::{
        ServiceError,
        admin::{AdminCall, admin_tokens},
    },
    store::installation,
    transfer,
};

/// The master key's file in the data folder.
pub const MASTER_KEY_FILE: &str = "master.key";
/// The file of the admin token that the first start makes.
pub const ADMIN_TOKEN_FILE: &str = "admin.token";
const SEALED_WORD: &[u8] = b"doorward";

/// Why an installation cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data folder cannot be used.
    #[error("{}: {error}", path.display())]
    Folder {
        /// Which file or folder.
        path: PathBuf,
        /// What the operating system says.
        error: io::Error,
    },
    /// The database cannot be opened.
    #[error("database: {0}")]
    Store(#[from] DbError),
    /// The master key cannot be read or made.
    #[error("master key: {0}")]
    MasterKey(#[from] MasterKeyError),
    /// The database was made with another master key.
    #[error(
        "{} is not the master key this database was made with: put the right file back; without it, no signing key can be opened",
        .0.display()
    )]
    WrongMasterKey(PathBuf),
    /// An installation is being moved into the database.
    #[error("the database is incomplete: run `doorward migrate-storage` again, until it ends")]
    Incomplete,
    /// The parts do not fit together.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The first admin token cannot be made.
    #[error("first admin token: {0}")]
    FirstToken(ServiceError),
}

/// Makes the folder (0700) if need be.
///
/// # Errors
/// [`OpenError::Folder`].
pub fn prepare_folder(path: &Path) -> Result<(), OpenError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| OpenError::Folder { path: path.to_path_buf(), error })
}

/// Writes a file that only its owner may read; a file that is there is refused.
///
/// # Errors
/// As the operating system has them.
pub fn write_secret(path: &Path, content: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content.as_bytes())?;
    file.sync_all()
}

/// Opens an installation: makes what the first start needs, migrates the database, and checks that the master key is the
/// one the database was made with.
///
/// # Errors
/// [`OpenError`].
pub async fn open(data_dir: &Path, options: DatabaseOptions, settings: AppSettings) -> Result<Arc<App>, OpenError> {
    prepare_folder(data_dir)?;
    let entropy = Arc::new(SystemEntropy::default());
    let db = Database::open(options).await?;
    let key_file = data_dir.join(MASTER_KEY_FILE);
    let (known, mark) = db
        .read(|connection| {
            let known = installation::get(connection, installation::SEALED_WORD)?;
            Ok::<_, DbError>((known, installation::get(connection, transfer::CHECKPOINT)?))
        })
        .await?;
    if mark.is_some() {
        return Err(OpenError::Incomplete);
    }
    // A database that knows its key must not be given a new one: every signing key would be lost without a word.
    let master_key = match known {
        Some(_) => MasterKey::load(&key_file)?,
        None => MasterKey::load_or_create(&key_file, entropy.as_ref())?,
    };
    recognise(&db, &master_key, entropy.as_ref(), &key_file).await?;
    let app = App::new(db, master_key, Arc::new(SystemClock), entropy, settings)?;
    first_token(&app, &data_dir.join(ADMIN_TOKEN_FILE)).await?;
    Ok(app)
}

async fn recognise(
    db: &Database,
    master_key: &MasterKey,
    entropy: &dyn Entropy,
    key_file: &Path,
) -> Result<(), OpenError> {
    let nobody = SigningKeyId::new(uuid::Uuid::nil());
    let sealed = master_key.seal(TenantId::INSTALLATION, nobody, SEALED_WORD, entropy)?;
    let sealed = Base64Url::encode(&sealed);
    let stored =
        db.write(move |connection| installation::put_if_absent(connection, installation::SEALED_WORD, &sealed)).await?;
    if opens(master_key, &stored) { Ok(()) } else { Err(OpenError::WrongMasterKey(key_file.to_path_buf())) }
}

fn opens(master_key: &MasterKey, sealed: &str) -> bool {
    let nobody = SigningKeyId::new(uuid::Uuid::nil());
    Base64Url::decode(sealed)
        .ok()
        .and_then(|sealed| master_key.open(TenantId::INSTALLATION, nobody, sealed.as_bytes()).ok())
        .is_some_and(|word| word.as_slice() == SEALED_WORD)
}

/// Checks that the data folder has the master key with which this word of a database was sealed.
///
/// # Errors
/// [`OpenError::MasterKey`], [`OpenError::WrongMasterKey`].
pub fn check_master_key(data_dir: &Path, sealed: &str) -> Result<(), OpenError> {
    let file = data_dir.join(MASTER_KEY_FILE);
    if opens(&MasterKey::load(&file)?, sealed) { Ok(()) } else { Err(OpenError::WrongMasterKey(file)) }
}

/// An installation without any admin token gets one, in a file that only its owner may read.
async fn first_token(app: &Arc<App>, path: &Path) -> Result<(), OpenError> {
    let call = AdminCall {
        app: Arc::clone(app),
        actor: "first start".to_owned(),
        meta: RequestMeta { request_id: "first-start".to_owned(), ..RequestMeta::default() },
    };
    if !admin_tokens::list(&call).await.map_err(OpenError::FirstToken)?.is_empty() || path.exists() {
        return Ok(());
    }
    let request = CreateAdminTokenRequest { name: Some("first".to_owned()), role: Some(Role::Admin), expires_at: None };
    let made = match admin_tokens::create(&call, request).await {
        Ok(made) => made,
        // Another node of the same database was first; its folder has the token.
        Err(ServiceError::Refused(_)) => return Ok(()),
        Err(failure) => return Err(OpenError::FirstToken(failure)),
    };
    write_secret(path, &made.secret).map_err(|error| OpenError::Folder { path: path.to_path_buf(), error })
}
