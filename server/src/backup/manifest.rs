//! The manifest of a backup: a JSON file beside it, with which `backup verify` and `restore` check the backup.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use aws_lc_rs::digest;
use doorward_shared::{Timestamp, bytes::hex};
use serde::{Deserialize, Serialize};

use crate::{
    db::{Connection, DbError, read_backup},
    store::inventory,
};

/// Version of the format. A new member needs no new version, because readers ignore unknown members.
const FORMAT: u32 = 1;
const SUFFIX: &str = ".manifest.json";
const BUFFER_BYTES: usize = 256 * 1024;

/// Describes the file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    format: u32,
    /// Version of the program that wrote the backup.
    doorward: String,
    /// Newest migration of the schema.
    pub schema: String,
    /// Time at which the backup began. The backup contains everything that was committed before this time.
    pub created_at: Timestamp,
    pub bytes: u64,
    /// SHA-256 of the file, in hexadecimal digits.
    pub sha256: String,
    /// Number of rows by table.
    pub counts: BTreeMap<String, i64>,
}

/// The member that every version of the format has.
#[derive(Deserialize)]
struct Version {
    format: u32,
}

/// Returns the path of the manifest of a backup.
pub fn path_of(backup: &Path) -> PathBuf {
    let mut path = backup.as_os_str().to_owned();
    path.push(SUFFIX);
    path.into()
}

impl Manifest {
    /// Computes the manifest of a backup from its file.
    pub(super) fn describe(file: &Path, created_at: Timestamp) -> Result<Self, DbError> {
        let content = |backup: &mut Connection| {
            Ok::<_, DbError>((inventory::schema_version(backup)?, inventory::row_counts(backup)?))
        };
        let (schema, counts) = read_backup(file, content)?;
        let (sha256, bytes) = digest_of(file).map_err(|error| failed(file, &error))?;
        let doorward = env!("CARGO_PKG_VERSION").to_owned();
        Ok(Self { format: FORMAT, doorward, schema, created_at, bytes, sha256, counts })
    }

    /// Reads the manifest of a backup; `None` if there is none.
    pub fn read(backup: &Path) -> Result<Option<Self>, DbError> {
        let path = path_of(backup);
        let text = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text.map_err(|error| failed(&path, &error))?,
        };
        let invalid = |error: serde_json::Error| failed(&path, &error);
        let Version { format } = serde_json::from_slice(&text).map_err(invalid)?;
        if format != FORMAT {
            let reason = format!(
                "the format {format} of the manifest needs another version of Doorward; this one reads the format \
                 {FORMAT}"
            );
            return Err(failed(&path, &reason));
        }
        serde_json::from_slice(&text).map(Some).map_err(invalid)
    }

    /// Writes the manifest to a new file that only its owner can read. Replaces a file or link that exists at the
    /// manifest's path.
    pub(super) fn write(&self, backup: &Path) -> Result<(), DbError> {
        let path = path_of(backup);
        let write = || {
            let text = serde_json::to_string_pretty(self).map_err(io::Error::other)?;
            remove_if_present(&path)?;
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
            writeln!(file, "{text}")?;
            file.sync_all()
        };
        write().map_err(|error: io::Error| failed(&path, &error))
    }

    /// Compares a backup with this manifest.
    pub(super) fn check(&self, backup: &Path) -> Result<(), DbError> {
        let (sha256, bytes) = digest_of(backup).map_err(|error| failed(backup, &error))?;
        if bytes != self.bytes {
            let reason = format!("the file has {bytes} bytes, but its manifest states {}", self.bytes);
            return Err(failed(backup, &reason));
        }
        if sha256 != self.sha256 {
            return Err(failed(backup, &format!("its SHA-256 is {sha256}, but its manifest states {}", self.sha256)));
        }
        let found = Self::describe(backup, self.created_at)?;
        if (&found.schema, &found.counts) != (&self.schema, &self.counts) {
            return Err(failed(backup, &"its schema version or number of rows differs from its manifest"));
        }
        Ok(())
    }
}

pub(super) fn failed(path: &Path, reason: &dyn std::fmt::Display) -> DbError {
    DbError::Unavailable(format!("{}: {reason}", path.display()))
}

pub(super) fn remove_if_present(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Returns the SHA-256 and the size of a file.
fn digest_of(path: &Path) -> io::Result<(String, u64)> {
    let mut file = File::open(path)?;
    let mut context = digest::Context::new(&digest::SHA256);
    let (mut buffer, mut bytes) = (vec![0; BUFFER_BYTES], 0);
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        context.update(buffer.get(..read).unwrap_or_default());
        bytes += read as u64;
    }
    Ok((hex(context.finish().as_ref()), bytes))
}
