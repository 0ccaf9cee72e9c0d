//! Side effects that an update requests. They are performed outside of the update, and their results come back as
//! messages.

use crate::{
    api::ApiError,
    request::{BackendRequest, BackendResponse, ExportRequest},
    secret::Secret,
};

/// Identifies a request or an export in progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u64);

/// The result of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestResult {
    /// The request.
    pub id: RequestId,
    /// The response, or why there is none.
    pub result: Result<BackendResponse, ApiError>,
}

/// A side effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Sends a request to the server.
    Request(RequestId, Box<BackendRequest>),
    /// Cancels a request or an export.
    Cancel(RequestId),
    /// Writes an export to a file.
    Export(RequestId, Box<ExportRequest>),
    /// Copies a text to the terminal's clipboard.
    Copy(Secret),
    /// Clears the terminal and draws every cell again.
    Redraw,
    /// Returns the terminal to the shell and stops this process until it is resumed.
    Suspend,
    /// Takes the terminal back after this process was resumed.
    Reacquire,
}
