//! Exports to files. A file is either complete or absent.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use tokio::task::spawn_blocking;

use super::{
    error::ApiError,
    export::{ExportStream, Progress},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnExisting {
    /// The export fails with [`ExportError::Exists`].
    Refuse,
    /// When the export is complete, it replaces the existing file.
    Replace,
}

#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(transparent)]
    Api(#[from] ApiError),
    #[error("{} already exists and was not changed", .0.display())]
    Exists(PathBuf),
    #[error("{}: {error}", path.display())]
    File { path: PathBuf, error: io::Error },
}

/// Writes an export to a file and calls `progress` after each chunk.
///
/// The rows are written to a hidden file in the same folder. When this file is complete, it is renamed. Dropping the
/// future cancels the export and removes the hidden file. The poll that renames the file also completes the future, so
/// a cancelled export never leaves a file. Only the owner can read the file (mode 0600), because it contains IP
/// addresses and user ids.
pub async fn export_to_file(
    mut stream: ExportStream,
    path: PathBuf,
    on_existing: OnExisting,
    mut progress: impl FnMut(Progress),
) -> Result<Progress, ExportError> {
    if on_existing == OnExisting::Refuse && path.symlink_metadata().is_ok() {
        return Err(ExportError::Exists(path));
    }
    let file_error = |error| ExportError::File { path: path.clone(), error };
    let final_path = path.clone();
    let (partial, mut file) = blocking(move || PartialFile::create(&final_path)).await.map_err(file_error)?;
    progress(stream.progress());
    while let Some(chunk) = stream.next().await? {
        file = blocking(move || file.write_all(&chunk).map(|()| file)).await.map_err(file_error)?;
        progress(stream.progress());
    }
    blocking(move || file.sync_all()).await.map_err(file_error)?;
    // Renames the file on this thread without an await point. The future can therefore not be dropped between the
    // rename and the result.
    match partial.publish(&path, on_existing) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(ExportError::Exists(path)),
        Err(error) => Err(file_error(error)),
        Ok(()) => Ok(stream.progress()),
    }
}

/// Runs file operations on a separate thread, so that a slow disk does not block the terminal app.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}

/// Path of the hidden file. Dropping the value removes the file.
struct PartialFile(PathBuf);

impl PartialFile {
    fn create(final_path: &Path) -> io::Result<(Self, File)> {
        let invalid = || io::Error::new(io::ErrorKind::InvalidInput, "the path has no file name");
        let name = final_path.file_name().ok_or_else(invalid)?;
        let path = final_path.with_file_name(format!(".{}.{}.part", name.to_string_lossy(), std::process::id()));
        let file = File::options().write(true).create_new(true).mode(0o600).open(&path)?;
        Ok((Self(path), file))
    }

    fn publish(self, final_path: &Path, on_existing: OnExisting) -> io::Result<()> {
        if on_existing == OnExisting::Replace {
            return fs::rename(&self.0, final_path);
        }
        // A hard link fails if another process created the file in the meantime; a rename would replace it.
        match fs::hard_link(&self.0, final_path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
            // Some file systems do not support hard links.
            Err(_) if final_path.symlink_metadata().is_err() => fs::rename(&self.0, final_path),
            Err(_) => Err(io::ErrorKind::AlreadyExists.into()),
            Ok(()) => Ok(()),
        }
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        // This fails if the rename succeeded, because the hidden file then no longer exists.
        let _ = fs::remove_file(&self.0);
    }
}
