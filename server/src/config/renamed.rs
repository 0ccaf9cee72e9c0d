//! Settings whose names have changed. The old names go on working, with a warning.

/// An old name of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Renamed {
    /// The name in the file (`section.key`), or the environment variable. Each of both has its own entry.
    pub old: &'static str,
    /// The setting's present name in the file.
    pub key: &'static str,
}

/// The old names of all settings. Entries are only added.
pub const RENAMED: &[Renamed] = &[];
