//! Settings whose names have changed. The old names still work, but cause a warning.

/// An old name of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Renamed {
    /// The old name in the file (`section.key`), or the old environment variable. Each of them has its own entry.
    pub old: &'static str,
    /// The current name of the setting in the file (`section.key`), even if `old` is an environment variable.
    pub key: &'static str,
}

/// The old names of all settings. Entries are never removed.
pub const RENAMED: &[Renamed] = &[];
