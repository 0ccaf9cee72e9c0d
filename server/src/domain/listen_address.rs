//! The address on which an API listens.

use std::{
    fmt,
    net::SocketAddr,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    str::FromStr,
};

/// Maximum length of the path of a Unix socket in bytes: `sun_path` of unix(7) has 108 bytes, including a final zero.
const MAX_PATH: usize = 107;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAddress {
    Tcp(SocketAddr),
    /// A Unix socket, by its absolute path.
    Unix(PathBuf),
}

impl ListenAddress {
    /// Returns whether only clients on this machine can connect.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Tcp(address) => address.ip().is_loopback(),
            Self::Unix(_) => true,
        }
    }

    pub const fn is_unix(&self) -> bool {
        matches!(self, Self::Unix(_))
    }

    /// Returns whether two listeners can have this address: with port 0, the system chooses a port for each listener.
    pub fn is_shareable(&self) -> bool {
        matches!(self, Self::Tcp(address) if address.port() == 0)
    }
}

/// Parses the path of a Unix socket.
///
/// # Errors
/// The reason, if the path is relative or too long.
pub fn socket_path(path: &str) -> Result<PathBuf, String> {
    let path = Path::new(path);
    let length = path.as_os_str().as_bytes().len();
    if !path.is_absolute() {
        return Err("an absolute path must follow unix:".to_owned());
    }
    if length > MAX_PATH {
        return Err(format!("the path has {length} bytes, but the system allows at most {MAX_PATH}"));
    }
    Ok(path.to_owned())
}

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return socket_path(path).map(Self::Unix);
        }
        text.parse().map(Self::Tcp).map_err(|_| "a TCP address consists of an IP address and a port".to_owned())
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_parsed_and_printed() {
        for (text, is_local) in [
            ("127.0.0.1:8000", true),
            ("[::1]:8000", true),
            ("0.0.0.0:8000", false),
            ("unix:/run/doorward/public.sock", true),
        ] {
            let address: ListenAddress = text.parse().unwrap();
            assert_eq!((address.to_string().as_str(), address.is_local()), (text, is_local));
        }
        for text in ["", "localhost:8000", "8000", "unix:", "unix:public.sock", "unix:@name", "/run/public.sock"] {
            assert!(text.parse::<ListenAddress>().is_err(), "{text}");
        }
    }

    #[test]
    fn path_is_limited_by_the_system() {
        let path = |length: usize| format!("/{}", "a".repeat(length - 1));
        assert!(socket_path(&path(107)).is_ok());
        let error = socket_path(&path(108)).unwrap_err();
        assert_eq!(error, "the path has 108 bytes, but the system allows at most 107");
        // The operating system has the same limit as `MAX_PATH`.
        let folder = tempfile::tempdir().unwrap();
        let prefix = folder.path().to_str().unwrap();
        for (length, is_accepted) in [(107, true), (108, false)] {
            let name = "a".repeat(length - prefix.len() - 1);
            let bound = std::os::unix::net::UnixListener::bind(folder.path().join(name));
            assert_eq!(bound.is_ok(), is_accepted, "{length}");
        }
    }
}
