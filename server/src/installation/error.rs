//! Errors that can occur when an installation is opened. Each message states how to fix the problem.

use std::{io, path::PathBuf};

use crate::{
    app::BuildError, crypto::MasterKeyError, db::DbError, domain::master_key_origin::MasterKeyOrigin,
    service::ServiceError,
};

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{}: {error}", path.display())]
    File { path: PathBuf, error: io::Error },
    #[error("database: {0}")]
    Database(#[from] DbError),
    #[error("master key: {0}")]
    MasterKey(#[from] MasterKeyError),
    /// The given key is not the master key with which the values in the database are encrypted.
    #[error(
        "{0} is not the master key of this database: restore the original key, because the signing keys cannot be \
         decrypted without it"
    )]
    WrongMasterKey(MasterKeyOrigin),
    /// A rotation of the master key was interrupted.
    #[error("a rotation of the master key is not complete: run `doorward master-key rotate` again until it succeeds")]
    UnfinishedRotation,
    /// The given new key is not the one with which the interrupted rotation began.
    #[error("{0} is not the key with which the rotation of the master key was begun: repeat it with the same new key")]
    OtherRotation(MasterKeyOrigin),
    /// Doorward cannot create the new key, because the current key is not in the data folder.
    #[error(
        "the master key comes from {0}, so Doorward cannot replace it: pass the new key with --new-file, \
         --new-descriptor or --new-command"
    )]
    NewKeyNeeded(MasterKeyOrigin),
    /// The file of the key is a symbolic link, and its target cannot be replaced.
    #[error(
        "{link} is a symbolic link whose target cannot be replaced ({error}): make the folder of the target writable, \
         or pass the new key with --new-file, --new-descriptor or --new-command. Nothing was changed"
    )]
    LinkTarget { link: MasterKeyOrigin, error: io::Error },
    /// The file of the key is itself a mount point, so no other file can replace it.
    #[error(
        "{} is mounted as a single file, so it cannot be replaced: mount its folder instead, or pass the new key with \
         --new-file, --new-descriptor or --new-command. Nothing was changed",
        .0.display()
    )]
    MountedKey(PathBuf),
    /// The command that supplies the new key generates a key on each run instead of printing a stored one.
    #[error("{0} supplies a different key each time, so the key would be lost: nothing was changed")]
    ChangingKey(MasterKeyOrigin),
    #[error("the new master key is the same as the current one: nothing was changed")]
    SameKey,
    /// The database contains signing keys, but no check text that identifies their master key.
    #[error(
        "{database} contains tenants, but its master key is not known, and a new one could not decrypt their signing \
         keys: restore the database from a backup"
    )]
    UnknownMasterKey { database: String },
    /// A transfer of an installation into this database is not complete.
    #[error("the database is incomplete: run `doorward migrate-storage` again until it succeeds")]
    Incomplete,
    /// The database contains no installation, and the command does not create one.
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
    #[error("rotation of the master key: {0}")]
    Rotation(ServiceError),
    #[error("new installation: {0}")]
    Create(ServiceError),
}
