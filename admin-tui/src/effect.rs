//! Side effects that an update requests. They are performed outside of the update, and their results come back as
//! messages.

use crate::{
    api::ApiError,
    request::{BackendRequest, BackendResponse, ExportRequest},
    secret::Secret,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u64);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestResult {
    pub id: RequestId,
    pub result: Result<BackendResponse, ApiError>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    Request(RequestId, Box<BackendRequest>),
    Cancel(RequestId),
    Export(RequestId, Box<ExportRequest>),
    /// Saves a view (name and search text) in the config file. Without a text, deletes the view.
    SaveView(String, Option<String>),
    Copy(Secret),
    /// Saves the theme with this name for the next start.
    KeepTheme(&'static str),
    /// Connects to the server of a profile.
    Connect(String),
    /// Clears the terminal and draws every cell again.
    Redraw,
    /// Returns the terminal to the shell and stops this process until it is resumed.
    Suspend,
    /// Takes control of the terminal again after this process was resumed.
    Reacquire,
}
