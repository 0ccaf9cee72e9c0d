//! An export into a file: whole under its name, or not there at all.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use tokio::task::spawn_blocking;

use super::{ApiError, ExportStream, Progress};

/// What to do when the file is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnExisting {
    /// Leave it alone.
    Refuse,
    /// Put the export in its place, once it is complete.
    Replace,
}

/// Why an export was not written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The server, or the way to it.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The file is there already.
    #[error("{} is there already, and was left alone", .0.display())]
    Exists(PathBuf),
    /// The disk.
    #[error("{}: {error}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the operating system says.
        error: io::Error,
    },
}

/// Writes an export, telling how far it is after each piece.
///
/// The rows arrive in a hidden file beside the final one, which takes its name only when it is complete; dropping the
/// future cancels, and leaves nothing behind. Only the owner may read the file (0600): it holds addresses and user ids.
///
/// # Errors
/// [`ExportError`].
pub async fn export_to_file(
    mut stream: ExportStream,
    path: PathBuf,
    on_existing: OnExisting,
    mut progress: impl FnMut(Progress),
) -> Result<Progress, ExportError> {
    if on_existing == OnExisting::Refuse && path.symlink_metadata().is_ok() {
        return Err(ExportError::Exists(path));
    }
    let failed = |error| ExportError::File { path: path.clone(), error };
    let beside = path.clone();
    let (partial, mut file) = blocking(move || Partial::create(&beside)).await.map_err(failed)?;
    progress(stream.progress());
    while let Some(chunk) = stream.next().await? {
        file = blocking(move || file.write_all(&chunk).map(|()| file)).await.map_err(failed)?;
        progress(stream.progress());
    }
    let target = path.clone();
    let finished = blocking(move || {
        file.sync_all()?;
        partial.publish(&target, on_existing)
    });
    match finished.await {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(ExportError::Exists(path)),
        Err(error) => Err(failed(error)),
        Ok(()) => Ok(stream.progress()),
    }
}

/// Disks may take their time; the thread that draws must not wait for them.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}

/// The hidden file; it vanishes with the value.
struct Partial(PathBuf);

impl Partial {
    fn create(path: &Path) -> io::Result<(Self, File)> {
        let name = path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "not a file name"))?;
        let hidden = format!(".{}.{}.part", name.to_string_lossy(), std::process::id());
        let hidden = path.with_file_name(hidden);
        let file = File::options().write(true).create_new(true).mode(0o600).open(&hidden)?;
        Ok((Self(hidden), file))
    }

    fn publish(self, target: &Path, on_existing: OnExisting) -> io::Result<()> {
        if on_existing == OnExisting::Replace {
            return fs::rename(&self.0, target);
        }
        // A link is refused when the name was taken meanwhile; a rename would replace.
        match fs::hard_link(&self.0, target) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
            // Some file systems know no links.
            Err(_) if target.symlink_metadata().is_err() => fs::rename(&self.0, target),
            Err(_) => Err(io::ErrorKind::AlreadyExists.into()),
            Ok(()) => Ok(()),
        }
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // After a rename there is nothing to remove.
        let _ = fs::remove_file(&self.0);
    }
}
