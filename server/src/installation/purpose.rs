//! Purposes of opening an installation.

/// Why an installation is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To create it. The data folder may contain the master key of other nodes.
    Create,
    /// To serve it. Creates it if the data folder and the database are both new.
    Serve,
    /// To administer an existing one. Only commands that need signing keys need the master key.
    Administer,
    /// To replace the signing keys of an existing one. Creates a master key if it is missing.
    ReplaceSigningKeys,
}
