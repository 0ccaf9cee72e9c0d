//! Messages: everything that can change the model.

use crossterm::event::KeyEvent;

use crate::{
    api::Progress,
    appearance::ProfileLabel,
    clock::Time,
    effect::{RequestId, RequestResult},
    settings::Views,
    ui::ClickTarget,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    Key(KeyEvent),
    Paste(String),
    Click(ClickTarget),
    /// The mouse wheel was turned by a number of steps, positive downwards.
    Wheel(isize),
    /// The terminal was resized, or its content is unknown.
    Resized,
    Drawn {
        /// Number of rows of the focused list that fit on the screen.
        list_height: usize,
        /// Number of rows of the scrollable text of the focused page, including rows that are scrolled out of view.
        text_rows: usize,
    },
    Tick(Time),
    /// The process was resumed after it had been stopped.
    Resumed,
    /// The process received a signal to terminate.
    Stop,
    Response(RequestResult),
    Progress(RequestId, Progress),
    /// An export ended. The result is `None` if the export was cancelled; in this case, there is no file.
    Exported(RequestId, Option<Result<Progress, String>>),
    /// The result of saving or deleting a view: all saved views, or the error.
    ViewsSaved(Result<Views, String>),
    /// The app tried to send a text to the terminal's clipboard; `true` if this succeeded.
    Copied(bool),
    /// The app uses another server from now on. Contains that server's address, profile and security warnings.
    Connected {
        address: String,
        profile: Option<ProfileLabel>,
        warnings: Vec<String>,
    },
    /// The server of a profile cannot be used. The app keeps the current server.
    NotConnected(String),
}
