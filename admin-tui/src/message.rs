//! Messages: everything that can change the model.

use crossterm::event::KeyEvent;
use doorward_shared::Timestamp;

use crate::{
    api::Progress,
    effect::{RequestId, RequestResult},
    ui::ClickTarget,
};

/// An event, or the result of an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted.
    Paste(String),
    /// The left mouse button was pressed on a target.
    Click(ClickTarget),
    /// The mouse wheel was turned by a number of steps, positive downwards.
    Wheel(isize),
    /// The terminal was resized, or its content is unknown.
    Resized,
    /// A frame was drawn.
    Drawn {
        /// Number of rows of the focused list that fit.
        list_height: usize,
    },
    /// Time passed.
    Tick(Timestamp),
    /// The process was resumed after it had been stopped.
    Resumed,
    /// The process received a signal to end.
    Stop,
    /// A request completed.
    Response(RequestResult),
    /// An export made progress.
    Progress(RequestId, Progress),
    /// An export ended.
    Exported(RequestId, Result<Progress, String>),
    /// A text was sent to the terminal's clipboard, or could not be sent.
    Copied(bool),
}
