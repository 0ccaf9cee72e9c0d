//! Opens an installation: data folder, database, master key and first admin token.

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
        admin::{AdminContext, admin_tokens},
    },
    store::installation,
    transfer,
};

pub const MASTER_KEY_FILE: &str = "master.key";
/// File name of the admin token that the first start creates.
pub const ADMIN_TOKEN_FILE: &str = "admin.token";
/// Plaintext of the check text. The database stores its ciphertext, which only the master key of this database can decrypt.
const KEY_CHECK_TEXT: &[u8] = b"doorward";

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{}: {error}", path.display())]
    Folder { path: PathBuf, error: io::Error },
    #[error("database: {0}")]
    Database(#[from] DbError),
    #[error("master key: {0}")]
    MasterKey(#[from] MasterKeyError),
    /// The database belongs to another master key.
    #[error(
        "{} is not the master key of this database: restore the original file, because the signing keys cannot be decrypted without it",
        .0.display()
    )]
    WrongMasterKey(PathBuf),
    /// A transfer of an installation into this database has not ended.
    #[error("the database is incomplete: run `doorward migrate-storage` again until it succeeds")]
    Incomplete,
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error("first admin token: {0}")]
    FirstToken(ServiceError),
}

/// Creates the folder with mode 0700 if it is missing.
pub fn prepare_folder(path: &Path) -> Result<(), OpenError> {
    let created = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    created.map_err(|error| OpenError::Folder { path: path.to_path_buf(), error })
}

/// Creates a file that only its owner can read. Fails if the file exists.
pub fn write_secret(path: &Path, content: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content.as_bytes())?;
    file.sync_all()
}

/// Opens an installation: creates missing parts, migrates the database, and checks that the master key belongs to it.
pub async fn open(data_dir: &Path, options: DatabaseOptions, settings: AppSettings) -> Result<Arc<App>, OpenError> {
    prepare_folder(data_dir)?;
    let entropy = Arc::new(SystemEntropy::default());
    let db = Database::open(options).await?;
    let key_file = data_dir.join(MASTER_KEY_FILE);
    let (key_check, migration) = db
        .read(|connection| {
            let key_check = installation::get(connection, installation::SEALED_WORD)?;
            Ok::<_, DbError>((key_check, installation::get(connection, transfer::CHECKPOINT)?))
        })
        .await?;
    if migration.is_some() {
        return Err(OpenError::Incomplete);
    }
    // An existing database never gets a new master key, because its signing keys could then not be decrypted.
    let master_key = match key_check {
        // Without a write, so that commands do not wait for a busy server.
        Some(stored) => {
            check_master_key(data_dir, &stored)?;
            MasterKey::load(&key_file)?
        }
        None => {
            let master_key = MasterKey::load_or_create(&key_file, entropy.as_ref())?;
            check_key_of_database(&db, &master_key, entropy.as_ref(), &key_file).await?;
            master_key
        }
    };
    let app = App::new(db, master_key, Arc::new(SystemClock), entropy, settings)?;
    create_first_token(&app, &data_dir.join(ADMIN_TOKEN_FILE)).await?;
    Ok(app)
}

/// Stores the encrypted check text if it is missing, and checks that the key decrypts the stored one.
async fn check_key_of_database(
    db: &Database,
    master_key: &MasterKey,
    entropy: &dyn Entropy,
    key_file: &Path,
) -> Result<(), OpenError> {
    let id = SigningKeyId::new(uuid::Uuid::nil());
    let sealed = master_key.seal(TenantId::INSTALLATION, id, KEY_CHECK_TEXT, entropy)?;
    let sealed = Base64Url::encode(&sealed);
    let stored =
        db.write(move |connection| installation::put_if_absent(connection, installation::SEALED_WORD, &sealed)).await?;
    if decrypts(master_key, &stored) { Ok(()) } else { Err(OpenError::WrongMasterKey(key_file.to_path_buf())) }
}

fn decrypts(master_key: &MasterKey, sealed: &str) -> bool {
    let id = SigningKeyId::new(uuid::Uuid::nil());
    Base64Url::decode(sealed)
        .ok()
        .and_then(|sealed| master_key.open(TenantId::INSTALLATION, id, sealed.as_bytes()).ok())
        .is_some_and(|text| text.as_slice() == KEY_CHECK_TEXT)
}

/// Checks that the master key in the data folder encrypted `sealed`, the check text of a database.
pub fn check_master_key(data_dir: &Path, sealed: &str) -> Result<(), OpenError> {
    let file = data_dir.join(MASTER_KEY_FILE);
    if decrypts(&MasterKey::load(&file)?, sealed) { Ok(()) } else { Err(OpenError::WrongMasterKey(file)) }
}

/// If there is no admin token, creates one and writes it to a file that only its owner can read.
async fn create_first_token(app: &Arc<App>, path: &Path) -> Result<(), OpenError> {
    let context = AdminContext {
        app: Arc::clone(app),
        actor: "first start".to_owned(),
        meta: RequestMeta { request_id: "first-start".to_owned(), ..RequestMeta::default() },
    };
    if !admin_tokens::list(&context).await.map_err(OpenError::FirstToken)?.is_empty() || path.exists() {
        return Ok(());
    }
    let request = CreateAdminTokenRequest { name: Some("first".to_owned()), role: Some(Role::Admin), expires_at: None };
    let token = match admin_tokens::create(&context, request).await {
        Ok(token) => token,
        // Another node was faster. The token is in the data folder of that node.
        Err(ServiceError::Refused(_)) => return Ok(()),
        Err(error) => return Err(OpenError::FirstToken(error)),
    };
    write_secret(path, &token.secret).map_err(|error| OpenError::Folder { path: path.to_path_buf(), error })
}
