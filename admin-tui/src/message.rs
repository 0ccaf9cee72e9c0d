//! What can happen: the one way in which anything reaches [`crate::update`].

use crossterm::event::KeyEvent;
use doorward_shared::Timestamp;

use crate::{
    api::{ApiError, Progress},
    backend::Answer,
    keymap::{Command, Section},
};

/// Tells one call from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u64);

/// A call's end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Which call.
    pub id: RequestId,
    /// How it ended.
    pub result: Result<Answer, ApiError>,
}

/// What lies under the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The name of a section.
    Section(Section),
    /// A part of the path of screens: the screen at this depth.
    Crumb(usize),
    /// A tab.
    Tab(usize),
    /// A row of the list in front.
    Row(usize),
    /// A row of a second list, which takes the focus.
    Other(usize),
    /// A filter's chip.
    Chip(usize),
    /// A command's place in the key bar.
    Command(Command),
    /// Something in front that answers to no click.
    Surface,
}

/// Something happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A key was pressed.
    Key(KeyEvent),
    /// A text was pasted.
    Paste(String),
    /// The mouse was clicked.
    Click(Target),
    /// The wheel was turned, downwards if positive.
    Wheel(isize),
    /// The terminal has another size.
    Resize {
        /// Its columns.
        columns: u16,
        /// Its rows.
        rows: u16,
    },
    /// A frame was drawn, with room for so many rows of the list in front.
    Painted {
        /// The rows.
        rows: usize,
    },
    /// Time passed.
    Tick(Timestamp),
    /// The process was stopped, and goes on.
    Resumed,
    /// The process is asked to end.
    Stop,
    /// A call ended.
    Reply(Reply),
    /// An export got on.
    Progress(RequestId, Progress),
    /// An export ended.
    Exported(RequestId, Result<Progress, String>),
    /// A text was handed to the terminal's clipboard, or could not be.
    Copied(bool),
}
