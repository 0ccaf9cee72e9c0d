//! Errors of opening an installation. Each message states how to fix the problem.

use std::{io, path::PathBuf};

use crate::{app::BuildError, crypto::MasterKeyError, db::DbError, service::ServiceError};

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{}: {error}", path.display())]
    File { path: PathBuf, error: io::Error },
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
    /// A transfer of an installation into this database is not complete.
    #[error("the database is incomplete: run `doorward migrate-storage` again until it succeeds")]
    Incomplete,
    /// The command needs an existing installation.
    #[error(
        "there is no installation in {database}: check the data folder and database.url, or create an installation \
         with `doorward init`"
    )]
    NoInstallation { database: String },
    /// The database is empty or missing, but the data folder belongs to an installation.
    #[error(
        "{database} contains no installation, but {} belongs to one. If the database was lost, restore it from a \
         backup, or set database.url to its location. To create a new installation, remove admin.token from the data \
         folder and run `doorward init`, which keeps an existing master.key",
        file.display()
    )]
    LostDatabase { database: String, file: PathBuf },
    /// Other users can read or change a file with secrets.
    #[error("{} is accessible to other users (mode {mode:03o}); run: chmod {fix:03o} {}", path.display(), path.display())]
    OpenFile { path: PathBuf, mode: u32, fix: u32 },
    /// Other users can replace files in the folder.
    #[error("{} is writable by other users (mode {mode:03o}); run: chmod 700 {}", path.display(), path.display())]
    OpenFolder { path: PathBuf, mode: u32 },
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error("new installation: {0}")]
    Create(ServiceError),
}
