//! Loads the master key from its origin.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::{Arc, OnceLock, mpsc},
    thread,
    time::Duration,
};

use doorward_shared::Base64Url;
use rustix::fs::{AtFlags, StatxAttributes, StatxFlags};
use zeroize::Zeroizing;

use super::{
    master_key::{MASTER_KEY_BYTES, MasterKey, MasterKeyError},
    master_key_command,
};
use crate::{clock::Entropy, domain::master_key_origin::MasterKeyOrigin};

/// Maximum number of bytes that are read from a file descriptor.
const MAX_TEXT: u64 = 1024;

/// Maximum time to read a file descriptor to its end. The command that prints the master key has the same limit.
const DESCRIPTOR_TIME_LIMIT: Duration = master_key_command::TIME_LIMIT;

type KeyBytes = Zeroizing<[u8; MASTER_KEY_BYTES]>;

/// Loads the master key from its origin. Clones share the key that was read from a file descriptor or a command,
/// because a descriptor can be read only once. They also share the error of such a read, so that a process waits for a
/// timeout only once. `Debug` prints no key.
#[derive(Debug, Clone)]
pub struct MasterKeySource {
    origin: MasterKeyOrigin,
    read: Arc<OnceLock<Result<Key, Arc<MasterKeyError>>>>,
}

struct Key(KeyBytes);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

impl MasterKeySource {
    pub fn new(origin: MasterKeyOrigin) -> Self {
        Self { origin, read: Arc::default() }
    }

    pub const fn origin(&self) -> &MasterKeyOrigin {
        &self.origin
    }

    /// Returns the path of the key file in the data folder; `None` if the key has another origin.
    pub fn in_data_folder(&self) -> Option<&Path> {
        match &self.origin {
            MasterKeyOrigin::DataFolder(path) => Some(path),
            _ => None,
        }
    }

    /// Returns the path of the file that contains the key; `None` if the key does not come from a file.
    pub fn file(&self) -> Option<&Path> {
        match &self.origin {
            MasterKeyOrigin::DataFolder(path) | MasterKeyOrigin::File(path) => Some(path),
            MasterKeyOrigin::Descriptor(_) | MasterKeyOrigin::Command(_) => None,
        }
    }

    /// Loads the key.
    ///
    /// # Errors
    /// For a file in the data folder, the errors of [`MasterKey::load`]. For a file that the operator provides, the
    /// same errors, but [`MasterKeyError::NotProvided`] if the file is missing. For a descriptor or command,
    /// [`MasterKeyError::NotLoaded`], which contains [`MasterKeyError::Descriptor`], [`MasterKeyError::Command`] or
    /// [`MasterKeyError::NoKey`].
    pub fn load(&self) -> Result<MasterKey, MasterKeyError> {
        match &self.origin {
            MasterKeyOrigin::DataFolder(path) => MasterKey::load(path),
            MasterKeyOrigin::File(path) => MasterKey::load_provided(path),
            MasterKeyOrigin::Descriptor(number) => self.load_once(|| descriptor(*number, DESCRIPTOR_TIME_LIMIT)),
            MasterKeyOrigin::Command(words) => self.load_once(|| {
                master_key_command::output(words, master_key_command::TIME_LIMIT)
                    .map_err(|error| MasterKeyError::Command { origin: self.origin.clone(), error })
            }),
        }
    }

    /// Loads the key. Creates the file in the data folder if it does not exist; a key of another origin must exist.
    pub fn load_or_create(&self, entropy: &dyn Entropy) -> Result<MasterKey, MasterKeyError> {
        match &self.origin {
            MasterKeyOrigin::DataFolder(path) => MasterKey::load_or_create(path, entropy),
            _ => self.load(),
        }
    }

    /// Returns whether the origin supplies the same key each time. If the origin is a command, runs it a second time
    /// and compares the two keys. Returns `true` for other origins without reading them again.
    ///
    /// # Errors
    /// Those of [`Self::load`].
    pub fn is_repeatable(&self) -> Result<bool, MasterKeyError> {
        if !matches!(self.origin, MasterKeyOrigin::Command(_)) {
            return Ok(true);
        }
        let again = Self::new(self.origin.clone());
        self.load()?;
        again.load()?;
        let bytes = |source: &Self| source.read.get().and_then(|key| key.as_ref().ok().map(|key| key.0.clone()));
        Ok(bytes(self).is_some_and(|first| bytes(&again) == Some(first)))
    }

    /// Reads the key in the first call. Later calls return the same key or error.
    fn load_once(
        &self,
        read: impl FnOnce() -> Result<Zeroizing<Vec<u8>>, MasterKeyError>,
    ) -> Result<MasterKey, MasterKeyError> {
        let key = self.read.get_or_init(|| {
            let decoded = read().map(|text| decode(&text).map(Key));
            decoded.and_then(|key| key.ok_or_else(|| MasterKeyError::NoKey(self.origin.clone()))).map_err(Arc::new)
        });
        match key {
            Ok(key) => MasterKey::from_bytes(&key.0),
            Err(error) => Err(MasterKeyError::NotLoaded(Arc::clone(error))),
        }
    }
}

/// Returns whether a file is itself a mount point, as after `mount --bind` and in containers. The kernel refuses to
/// rename such a file. Returns false for a file system that does not report mount points.
pub fn is_mounted(path: &Path) -> bool {
    let found = rustix::fs::statx(rustix::fs::CWD, path, AtFlags::empty(), StatxFlags::TYPE);
    found.is_ok_and(|found| found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

/// Reads a file descriptor to its end. Fails after `limit`, because the writer of a pipe may never close the pipe.
fn descriptor(number: u32, limit: Duration) -> Result<Zeroizing<Vec<u8>>, MasterKeyError> {
    let failed = |source| MasterKeyError::Descriptor { number, source };
    let (sender, receiver) = mpsc::channel();
    // A separate thread also opens the descriptor, because opening a named pipe can block forever.
    thread::spawn(move || {
        let read = || {
            let file = fs::File::open(PathBuf::from(format!("/proc/self/fd/{number}")))?;
            let mut text = Zeroizing::new(Vec::with_capacity(MAX_TEXT as usize));
            file.take(MAX_TEXT).read_to_end(&mut text).map(|_| text)
        };
        sender.send(read())
    });
    match receiver.recv_timeout(limit) {
        Ok(text) => text.map_err(failed),
        Err(_) => Err(failed(io::Error::other(format!(
            "it did not end within {} s, so the process that writes the key must close its end of the pipe",
            limit.as_secs_f32()
        )))),
    }
}

/// Decodes a key: 32 bytes, or Base64 of 32 bytes (either alphabet, optional padding and surrounding white space).
fn decode(text: &[u8]) -> Option<KeyBytes> {
    if let Ok(bytes) = <[u8; MASTER_KEY_BYTES]>::try_from(text) {
        return Some(Zeroizing::new(bytes));
    }
    let text = std::str::from_utf8(text).ok()?.trim().trim_end_matches('=');
    let text = Zeroizing::new(text.replace('+', "-").replace('/', "_"));
    let decoded = Base64Url::decode(&text).ok()?;
    <[u8; MASTER_KEY_BYTES]>::try_from(decoded.as_bytes()).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use std::os::{fd::AsRawFd as _, unix::fs::PermissionsExt as _};

    use doorward_shared::{SigningKeyId, TenantId};
    use uuid::Uuid;

    use super::*;
    use crate::clock::SystemEntropy;

    const BYTES: [u8; 32] = [0xfb; 32];
    const BASE64: &str = "+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s=";

    fn is_the_key(key: &MasterKey) -> bool {
        let ids = (TenantId::new(Uuid::nil()), SigningKeyId::new(Uuid::nil()));
        let expected = MasterKey::from_bytes(&BYTES).unwrap();
        let sealed = expected.seal(ids.0, ids.1, b"text", &SystemEntropy::default()).unwrap();
        key.open(ids.0, ids.1, &sealed).is_ok()
    }

    fn command(script: &str) -> MasterKeySource {
        let words = ["sh", "-c", script].map(str::to_owned).to_vec();
        MasterKeySource::new(MasterKeyOrigin::Command(words))
    }

    #[test]
    fn mounted_file_is_recognized() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("master.key");
        fs::write(&file, [1; 32]).unwrap();
        assert!(!is_mounted(&file) && !is_mounted(&folder.path().join("missing")));
        assert!(is_mounted(Path::new("/proc")));
    }

    #[test]
    fn key_is_decoded_from_bytes_and_base64() {
        let url = BASE64.replace('+', "-").replace('/', "_");
        for text in
            [&BYTES[..], BASE64.as_bytes(), format!(" {url}\n").as_bytes(), url.trim_end_matches('=').as_bytes()]
        {
            assert_eq!(decode(text).map(|bytes| *bytes), Some(BYTES));
        }
        for text in [&BYTES[..31], b"", b"key", &[1; 33], &BASE64.as_bytes()[..42]] {
            assert!(decode(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn command_runs_once_per_process() {
        let folder = tempfile::tempdir().unwrap();
        let runs = folder.path().join("runs");
        let source = command(&format!("echo run >> {}; echo {BASE64}", runs.display()));
        assert!(is_the_key(&source.load().unwrap()) && is_the_key(&source.clone().load().unwrap()));
        assert_eq!(fs::read_to_string(&runs).unwrap(), "run\n");
        assert!(!format!("{source:?}").contains("251"), "{source:?}");
    }

    #[test]
    fn origin_that_failed_is_not_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let runs = folder.path().join("runs");
        let source = command(&format!("echo run >> {}; exit 7", runs.display()));
        for source in [&source, &source.clone()] {
            let error = source.load().unwrap_err().to_string();
            assert!(error.contains("exit status: 7"), "{error}");
        }
        assert_eq!(fs::read_to_string(&runs).unwrap(), "run\n");
    }

    #[test]
    fn output_without_a_key_is_rejected_and_not_repeated() {
        let error = command("echo hunter2").load().unwrap_err().to_string();
        assert!(error.contains("32 bytes") && !error.contains("hunter2"), "{error}");
        let error = command("exit 7").load().unwrap_err().to_string();
        assert!(error.contains("the command sh") && error.contains("exit status: 7"), "{error}");
    }

    #[test]
    fn descriptor_is_read_once() {
        let mut file = tempfile::tempfile().unwrap();
        std::io::Write::write_all(&mut file, BASE64.as_bytes()).unwrap();
        let number = u32::try_from(file.as_raw_fd()).unwrap();
        let source = MasterKeySource::new(MasterKeyOrigin::Descriptor(number));
        assert!(is_the_key(&source.load().unwrap()));
        drop(file);
        assert!(is_the_key(&source.load().unwrap()));
        let closed = MasterKeySource::new(MasterKeyOrigin::Descriptor(9_999));
        assert!(closed.load().unwrap_err().to_string().contains("file descriptor 9999"));
    }

    #[test]
    fn pipe_that_is_not_closed_is_given_up() {
        let (reader, mut writer) = io::pipe().unwrap();
        io::Write::write_all(&mut writer, BASE64.as_bytes()).unwrap();
        let number = u32::try_from(reader.as_raw_fd()).unwrap();
        let error = descriptor(number, Duration::from_millis(50)).unwrap_err().to_string();
        assert!(error.contains("must close its end of the pipe"), "{error}");
    }

    #[test]
    fn provided_file_may_be_readable_by_its_group_and_is_never_created() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("provided");
        let source = MasterKeySource::new(MasterKeyOrigin::File(path.clone()));
        assert!(matches!(source.load_or_create(&SystemEntropy::default()), Err(MasterKeyError::NotProvided(_))));
        fs::write(&path, BYTES).unwrap();
        for (mode, accepted) in [(0o440, true), (0o400, true), (0o460, false), (0o444, false), (0o604, false)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(source.load().is_ok(), accepted, "{mode:o}");
        }
    }
}
