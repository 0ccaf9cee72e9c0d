//! A listening Unix socket and its file.
//!
//! A killed process leaves the file behind. The next process replaces the file, but only if it is a socket on which no
//! process listens. A lock file beside the socket prevents two processes from replacing each other's socket.

use std::{
    fs::{self, File, OpenOptions, Permissions, TryLockError},
    io,
    os::unix::{
        fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
        net::UnixListener,
    },
    path::{Path, PathBuf},
};

use rustix::fs::OFlags;
use socket2::{Domain, SockAddr, Socket, Type};

/// Maximum number of connections in the kernel's queue.
const MAX_QUEUED: i32 = 1_024;

/// A listening Unix socket. Dropping this value removes the file of the socket.
#[derive(Debug)]
pub struct UnixSocket {
    /// The file of the socket; `None` after it was removed. This field is declared first, so that dropping removes the
    /// file while the socket still listens.
    file: Option<SocketFile>,
    path: PathBuf,
    listener: UnixListener,
}

#[derive(Debug, thiserror::Error)]
pub enum UnixSocketError {
    #[error("{}: another process listens on this socket: stop it, or use another path", .0.display())]
    InUse(PathBuf),
    #[error("{} exists and is not a socket, so it is not replaced: move it away, or use another path", .0.display())]
    NotASocket(PathBuf),
    #[error(
        "the folder {} does not exist: create it (in a systemd unit, RuntimeDirectory=doorward creates /run/doorward)",
        .0.display()
    )]
    NoFolder(PathBuf),
    #[error("{}: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
}

impl UnixSocketError {
    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        |error| Self::Io { path: path.to_owned(), error }
    }
}

impl UnixSocket {
    /// Listens on a socket whose file has the permissions `mode`. Replaces the socket of a killed process.
    pub fn bind(path: &Path, mode: u32) -> Result<Self, UnixSocketError> {
        let lock = LockFile::acquire(path)?;
        remove_stale_socket(path)?;
        let failed = || UnixSocketError::io(path);
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None).map_err(failed())?;
        socket.bind(&SockAddr::unix(path).map_err(failed())?).map_err(failed())?;
        let file = SocketFile::new(path, lock).map_err(failed())?;
        // No client can connect before `listen`, so the permissions that the umask leaves until now are harmless.
        fs::set_permissions(path, Permissions::from_mode(mode)).map_err(failed())?;
        socket.listen(MAX_QUEUED).map_err(failed())?;
        Ok(Self { file: Some(file), path: path.to_owned(), listener: socket.into() })
    }

    /// Checks that no file other than a socket exists at this path, because [`Self::bind`] would refuse such a file.
    /// Changes nothing, and does not connect to a socket.
    ///
    /// # Errors
    /// [`UnixSocketError::NotASocket`]
    pub fn check(path: &Path) -> Result<(), UnixSocketError> {
        match fs::symlink_metadata(path) {
            Ok(metadata) if !metadata.file_type().is_socket() => Err(UnixSocketError::NotASocket(path.to_owned())),
            _ => Ok(()),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn listener(&self) -> &UnixListener {
        &self.listener
    }

    /// Removes the file, so that new clients cannot connect. Connections in the kernel's queue can still be accepted.
    pub(super) fn remove_file(&mut self) {
        self.file = None;
    }
}

/// The file of a bound socket. It is removed when this value is dropped.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
    _lock: LockFile,
}

impl SocketFile {
    fn new(path: &Path, lock: LockFile) -> io::Result<Self> {
        let metadata = fs::symlink_metadata(path)?;
        Ok(Self { path: path.to_owned(), device: metadata.dev(), inode: metadata.ino(), _lock: lock })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Somebody may have removed the file and put another one in its place.
        let is_own = |metadata: fs::Metadata| (metadata.dev(), metadata.ino()) == (self.device, self.inode);
        if fs::symlink_metadata(&self.path).is_ok_and(is_own) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A locked file beside the socket. Dropping this value removes the file. If the process is killed, the file remains,
/// but it is not locked.
#[derive(Debug)]
struct LockFile {
    path: PathBuf,
    _file: File,
}

impl LockFile {
    fn acquire(socket: &Path) -> Result<Self, UnixSocketError> {
        let path = socket.with_added_extension("lock");
        loop {
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(false).mode(0o600);
            options.custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
            let file = options.open(&path).map_err(|error| not_opened(&path, error))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(UnixSocketError::InUse(socket.to_owned())),
                Err(TryLockError::Error(error)) => return Err(UnixSocketError::io(&path)(error)),
            }
            // The previous owner may have removed the file after it was opened here. The lock then protects nothing.
            let opened = file.metadata().map_err(UnixSocketError::io(&path))?;
            let is_opened = |now: fs::Metadata| (now.dev(), now.ino()) == (opened.dev(), opened.ino());
            if fs::symlink_metadata(&path).is_ok_and(is_opened) {
                return Ok(Self { path, _file: file });
            }
        }
    }
}

impl Drop for LockFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

fn not_opened(path: &Path, error: io::Error) -> UnixSocketError {
    match path.parent() {
        Some(folder) if error.kind() == io::ErrorKind::NotFound => UnixSocketError::NoFolder(folder.to_owned()),
        _ => UnixSocketError::io(path)(error),
    }
}

/// Removes the file of a socket on which no process listens.
fn remove_stale_socket(path: &Path) -> Result<(), UnixSocketError> {
    let failed = || UnixSocketError::io(path);
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed()(error)),
        Ok(metadata) if !metadata.file_type().is_socket() => return Err(UnixSocketError::NotASocket(path.to_owned())),
        Ok(_) => {}
    }
    // Connects without blocking, because the queue of a listening process may be full.
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None).map_err(failed())?;
    socket.set_nonblocking(true).map_err(failed())?;
    match socket.connect(&SockAddr::unix(path).map_err(failed())?) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path).map_err(failed()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(failed()(error)),
        Ok(()) | Err(_) => Err(UnixSocketError::InUse(path.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::{UnixDatagram, UnixStream};

    use super::*;

    /// Returns a folder and the path of a socket in it.
    fn place() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("public.sock");
        (folder, path)
    }

    fn names(folder: &tempfile::TempDir) -> Vec<String> {
        let entries = fs::read_dir(folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn file_has_the_given_mode_and_is_removed() {
        for mode in [0o600, 0o660] {
            let (folder, path) = place();
            let socket = UnixSocket::bind(&path, mode).unwrap();
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, mode);
            UnixStream::connect(&path).unwrap();
            drop(socket);
            assert_eq!(names(&folder), [""; 0]);
        }
    }

    #[test]
    fn socket_without_a_listener_is_replaced() {
        let (_folder, path) = place();
        drop(UnixListener::bind(&path).unwrap());
        let _socket = UnixSocket::bind(&path, 0o660).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o660);
        UnixStream::connect(&path).unwrap();
    }

    #[test]
    fn socket_in_use_is_not_replaced() {
        let (folder, path) = place();
        let socket = UnixSocket::bind(&path, 0o660).unwrap();
        let error = UnixSocket::bind(&path, 0o660).unwrap_err();
        assert!(matches!(error, UnixSocketError::InUse(_)), "{error}");
        // The path remains in use without the file of the socket, because the lock file is still locked.
        fs::remove_file(&path).unwrap();
        assert!(matches!(UnixSocket::bind(&path, 0o660), Err(UnixSocketError::InUse(_))));
        drop(socket);
        assert_eq!(names(&folder), [""; 0]);
        // Sockets of other programs: a stream socket and a datagram socket.
        let _stream = UnixListener::bind(&path).unwrap();
        assert!(matches!(UnixSocket::bind(&path, 0o660), Err(UnixSocketError::InUse(_))));
        fs::remove_file(&path).unwrap();
        let _datagram = UnixDatagram::bind(&path).unwrap();
        assert!(matches!(UnixSocket::bind(&path, 0o660), Err(UnixSocketError::InUse(_))));
        assert_eq!(names(&folder), ["public.sock"]);
    }

    #[test]
    fn other_files_are_not_removed() {
        let (folder, path) = place();
        let refused = || {
            assert!(matches!(UnixSocket::check(&path), Err(UnixSocketError::NotASocket(_))));
            assert!(matches!(UnixSocket::bind(&path, 0o660), Err(UnixSocketError::NotASocket(_))));
        };
        fs::write(&path, "data").unwrap();
        refused();
        assert_eq!(fs::read_to_string(&path).unwrap(), "data");
        fs::remove_file(&path).unwrap();
        let target = folder.path().join("other.sock");
        drop(UnixListener::bind(&target).unwrap());
        std::os::unix::fs::symlink(&target, &path).unwrap();
        refused();
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        refused();
        assert!(path.is_dir() && target.exists());
    }

    #[test]
    fn file_of_another_socket_is_not_removed() {
        let (folder, path) = place();
        let socket = UnixSocket::bind(&path, 0o660).unwrap();
        fs::remove_file(&path).unwrap();
        let _other = UnixListener::bind(&path).unwrap();
        drop(socket);
        assert_eq!(names(&folder), ["public.sock"]);
    }

    #[test]
    fn missing_folder_is_named() {
        let error = UnixSocket::bind(Path::new("/nonexistent/public.sock"), 0o660).unwrap_err().to_string();
        assert!(error.starts_with("the folder /nonexistent does not exist: create it"), "{error}");
    }
}
