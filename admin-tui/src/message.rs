//! Messages: everything that can change the model.

use crossterm::event::KeyEvent;
use doorward_shared::Timestamp;

use crate::{
    api::Progress,
    effect::{RequestId, RequestResult},
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
        /// Number of rows of the focused list that fit.
        list_height: usize,
        /// Number of rows of the scrolled text.
        text_rows: usize,
    },
    Tick(Timestamp),
    /// The process was resumed after it had been stopped.
    Resumed,
    /// The process received a signal to end.
    Stop,
    Response(RequestResult),
    Progress(RequestId, Progress),
    Exported(RequestId, Result<Progress, String>),
    /// The app tried to send a text to the terminal's clipboard. Contains whether this succeeded.
    Copied(bool),
}
