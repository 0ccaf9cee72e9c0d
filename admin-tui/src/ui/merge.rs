//! A configuration that two administrators changed at the same time.

/// One of the two administrators whose changes to a configuration must be merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The user of this app, whose value is not saved yet.
    Mine,
    /// The other administrator, whose value is stored on the server.
    Theirs,
}

/// A setting whose value in the form differs from its value on the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeField {
    /// Path in the JSON form of the configuration.
    pub path: &'static str,
    /// Values before both changes: any number for a list, none if the setting has no value, otherwise one.
    pub original: Vec<String>,
    pub mine: Vec<String>,
    pub theirs: Vec<String>,
}

impl MergeField {
    /// Returns the side that changed the setting. `None` if both did.
    pub fn changed_by(&self) -> Option<Side> {
        match (self.mine == self.original, self.theirs == self.original) {
            (true, _) => Some(Side::Theirs),
            (_, true) => Some(Side::Mine),
            _ => None,
        }
    }
}
