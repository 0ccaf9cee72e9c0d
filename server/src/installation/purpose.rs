//! Purposes of opening an installation.

/// Why an installation is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Creation of an installation. The data folder may already contain the master key that other nodes use.
    Create,
    /// Serving an installation, which is created if the data folder and the database are both new.
    Serve,
    /// Administration of an existing installation. The master key is required only for commands that use signing keys.
    Administer,
    /// Replacement of the signing keys of an existing installation. A master key is created if it is missing.
    ReplaceSigningKeys,
}
