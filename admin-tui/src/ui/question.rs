//! Questions before actions that cannot be undone.

use super::theme::Tone;
use crate::request::BackendRequest;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    Request {
        call: Box<BackendRequest>,
        /// Notification after success.
        done: String,
        /// Whether to leave the screen after success, because the object it shows no longer exists.
        leaves_screen: bool,
    },
    Leave,
    Quit,
}

/// A question, and what happens if the user confirms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    pub title: String,
    /// Label of the confirmation.
    pub verb: &'static str,
    /// Consequences, line by line.
    pub lines: Vec<(Tone, String)>,
    pub destructive: bool,
    /// A name that the user must type to confirm.
    pub typed_name: Option<String>,
    /// What happens if the user confirms.
    pub action: Action,
}

impl Question {
    pub const fn destructive(title: String, verb: &'static str, lines: Vec<(Tone, String)>, action: Action) -> Self {
        Self { title, verb, lines, destructive: true, typed_name: None, action }
    }

    pub fn destructive_request(
        title: String,
        verb: &'static str,
        lines: Vec<(Tone, String)>,
        call: BackendRequest,
        done: String,
    ) -> Self {
        Self::destructive(title, verb, lines, Action::Request { call: Box::new(call), done, leaves_screen: false })
    }

    /// Leaves the screen after success if `leaves` is true.
    pub fn leaving_screen(mut self, leaves: bool) -> Self {
        if let Action::Request { leaves_screen, .. } = &mut self.action {
            *leaves_screen = leaves;
        }
        self
    }
}
