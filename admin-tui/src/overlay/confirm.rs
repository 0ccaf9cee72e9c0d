//! Confirmation dialog for important actions. For the most destructive actions, the user must type the object's name.

mod view;

use std::collections::VecDeque;

use doorward_shared::{ErrorCode, counted};

use crate::{
    api::ApiError,
    effect::{RequestId, RequestResult},
    request::{BackendRequest, BackendResponse},
    sanitize::sanitize,
    ui::{
        Action, Binding, Command, Key, LIST_KEYS, MarkedObjects, Navigation, Page, Question, Rights, Selection,
        TextInput, Tone, Undo, UpdateContext, bind,
    },
};

#[derive(Debug)]
pub struct ConfirmDialog {
    question: Question,
    input: TextInput,
    error: Option<String>,
    pending: Option<RequestId>,
    /// Requests that have no response yet, with the names of their objects. Only the first request can be pending.
    queue: VecDeque<(String, BackendRequest)>,
    failed: MarkedObjects,
    completed: usize,
    /// Requests that revert the completed requests. Requests that changed nothing are not reverted.
    reverse: VecDeque<(String, BackendRequest)>,
    scroll: Selection,
    /// Number of rows of the text, as the last frame reported.
    text_rows: usize,
    /// `true` once the end of the text was shown.
    was_read: bool,
}

impl ConfirmDialog {
    pub fn new(question: Question) -> Self {
        let first = match &question.action {
            Action::Request { call, .. } => Some((question.object.clone(), call.as_ref().clone())),
            _ => None,
        };
        let queue = first.into_iter().chain(question.more.iter().cloned()).collect();
        Self {
            question,
            queue,
            failed: Vec::new(),
            completed: 0,
            reverse: VecDeque::new(),
            input: TextInput::default(),
            error: None,
            pending: None,
            scroll: Selection::default(),
            text_rows: 0,
            was_read: false,
        }
    }

    /// Returns whether the user has typed the name or need not type it.
    fn is_name_typed(&self) -> bool {
        let typed = self.input.text().trim();
        // A name can contain characters that cannot be typed, so the displayed form of the name is accepted, too.
        let matches = |name: &String| typed == name.trim() || typed == sanitize(name.trim());
        self.question.typed_name.as_ref().is_none_or(matches)
    }

    fn confirm(&mut self, cx: &mut UpdateContext<'_>) {
        match &self.question.action {
            Action::Request { .. } => {
                self.error = None;
                self.send_next(cx);
            }
            Action::Leave(depth) => {
                cx.navigate(Navigation::CloseQuestion);
                cx.navigate(Navigation::ReturnTo(*depth));
            }
            Action::Quit => cx.navigate(Navigation::Quit),
            Action::Connect(profile) => {
                cx.navigate(Navigation::CloseQuestion);
                cx.navigate(Navigation::Connect(profile.clone()));
            }
        }
    }

    /// Returns the total number of requests that this dialog sends.
    fn total(&self) -> usize {
        1 + self.question.more.len()
    }

    fn send_next(&mut self, cx: &mut UpdateContext<'_>) {
        self.pending = self.queue.front().map(|(_, call)| cx.send(call.clone()));
    }

    fn cancel(&mut self, cx: &mut UpdateContext<'_>) {
        if let Some(id) = self.pending.take() {
            cx.cancel(id);
            let text = match (self.total(), self.completed) {
                (1, _) => "Cancelled waiting; the server may have completed the request".to_owned(),
                (total, completed) => {
                    format!("Stopped after {completed} of {total}; the server may have completed one more")
                }
            };
            cx.toast(Tone::Warn, text);
            cx.navigate(Navigation::Reload);
        }
        if !self.reverse.is_empty() {
            self.offer_partial_undo(cx);
        }
        match self.question.action {
            Action::Request { .. } => cx.close_dialog(),
            Action::Leave(_) | Action::Quit | Action::Connect(_) => cx.navigate(Navigation::CloseQuestion),
        }
    }

    /// Offers to undo the changes that were made. Used if fewer objects changed than the question named.
    fn offer_partial_undo(&self, cx: &mut UpdateContext<'_>) {
        let (changed, total) = (self.reverse.len(), self.total());
        let done = format!("Undid {changed} of {}", counted(total, "change"));
        cx.offer_undo(
            format!("Made {changed} of {}", counted(total, "change")),
            Undo { calls: self.reverse.clone(), done },
        );
    }

    fn succeeded(&self, cx: &mut UpdateContext<'_>) {
        cx.close_dialog();
        if let Action::Request { done, leaves_screen, .. } = &self.question.action {
            match &self.question.undone {
                Some(undone) if self.reverse.len() == self.total() => {
                    cx.offer_undo(done.clone(), Undo { calls: self.reverse.clone(), done: undone.clone() });
                }
                Some(_) if self.reverse.is_empty() => {
                    cx.toast(Tone::Warn, "Nothing changed: this was already done");
                }
                Some(_) => {
                    let (unchanged, total) = (self.total() - self.reverse.len(), self.total());
                    let text = format!("{unchanged} of {total} did not change, because this was already done");
                    cx.toast(Tone::Warn, text);
                    self.offer_partial_undo(cx);
                }
                None => cx.toast(Tone::Good, done.clone()),
            }
            cx.navigate(if *leaves_screen { Navigation::Back } else { Navigation::Reload });
        }
    }

    /// Handles the response to the first request of the queue, and sends the next one.
    fn finished(&mut self, result: Result<BackendResponse, ApiError>, cx: &mut UpdateContext<'_>) {
        match result {
            Ok(response) => {
                let done = self.queue.pop_front();
                self.reverse.extend(done.and_then(|(name, call)| Some((name, call.reverse(&response)?))));
                self.completed += 1;
            }
            Err(error) if self.is_last_refused(&error) || self.total() == 1 => return self.failed(&error, cx),
            Err(error) => {
                self.error = Some(error.to_string());
                // If the server cannot be reached or refuses the token, the other requests would fail as well.
                let count = if error.concerns_connection() { self.queue.len() } else { 1 };
                self.failed.extend(self.queue.drain(..count.min(self.queue.len())));
            }
        }
        self.send_next(cx);
        if self.pending.is_some() {
            return;
        }
        if self.failed.is_empty() {
            return self.succeeded(cx);
        }
        let (failed, total) = (self.failed.len(), self.total());
        self.error = self.error.take().map(|error| format!("{failed} of {total} failed, the last one: {error}"));
        self.queue.extend(self.failed.drain(..));
        cx.navigate(Navigation::Reload);
    }

    /// Returns whether the server refused the only remaining request and returned the error code in `if_refused`. The
    /// question in `if_refused` then replaces the current one.
    fn is_last_refused(&self, error: &ApiError) -> bool {
        let is_expected = self.question.if_refused.as_ref().is_some_and(|(code, _)| error.code() == Some(*code));
        is_expected && self.queue.len() == 1 && self.failed.is_empty()
    }

    fn failed(&mut self, error: &ApiError, cx: &mut UpdateContext<'_>) {
        let next = self.question.if_refused.take_if(|(code, _)| error.code() == Some(*code));
        match (next, error.code()) {
            (Some((_, question)), _) => {
                *self = Self::new(*question);
                cx.navigate(Navigation::Reload);
            }
            // The tenant was changed, so the dialog describes an outdated state.
            (None, Some(ErrorCode::TenantChanged)) => {
                cx.close_dialog();
                cx.toast(Tone::Bad, error.to_string());
                cx.navigate(Navigation::Reload);
                cx.navigate(Navigation::Run(Command::Compare));
            }
            (None, _) => self.error = Some(error.to_string()),
        }
    }
}

impl Page for ConfirmDialog {
    fn title(&self) -> String {
        self.question.title.clone()
    }

    fn bindings(&self, _rights: Rights) -> Vec<Binding> {
        const CANCEL: &str = "change nothing";
        const SCROLL: [Binding; 2] = [
            bind(&[Key::PageDown], Command::PageDown, "more", "scroll down"),
            bind(&[Key::PageUp], Command::PageUp, "", "scroll up"),
        ];
        let is_typed = self.question.typed_name.is_some();
        let mut bindings = if is_typed {
            vec![
                bind(&[Key::Enter], Command::Submit, self.question.verb, "confirm, after the name is typed"),
                bind(&[Key::Esc], Command::Back, "cancel", CANCEL),
            ]
        } else {
            vec![
                // Enter does not confirm, because users often press it without reading the question.
                bind(&[Key::Char('y')], Command::Submit, self.question.verb, "confirm"),
                bind(&[Key::Esc, Key::Char('n'), Key::Char('q')], Command::Back, "cancel", CANCEL),
            ]
        };
        if self.text_rows > self.scroll.height {
            bindings.extend(SCROLL);
            bindings.extend(LIST_KEYS.into_iter().filter(|_| !is_typed));
        }
        bindings
    }

    fn perform(&mut self, command: Command, cx: &mut UpdateContext<'_>) {
        match command {
            Command::Submit if self.pending.is_none() && self.was_read && self.is_name_typed() => self.confirm(cx),
            Command::Back => self.cancel(cx),
            _ => {}
        }
    }

    fn handle_response(&mut self, response: RequestResult, cx: &mut UpdateContext<'_>) -> Option<RequestResult> {
        if self.pending != Some(response.id) {
            return Some(response);
        }
        self.pending = None;
        self.finished(response.result, cx);
        None
    }

    fn is_busy(&self) -> bool {
        self.pending.is_some()
    }

    fn is_destructive(&self) -> bool {
        self.question.destructive
    }

    fn list(&mut self) -> Option<(&mut Selection, usize)> {
        // Scrolling ends when the last row is visible.
        let positions = self.text_rows.saturating_sub(self.scroll.height) + 1;
        Some((&mut self.scroll, positions))
    }

    fn text_drawn(&mut self, rows: usize) {
        self.text_rows = rows;
        self.was_read |= self.scroll.selected + self.scroll.height >= rows;
    }

    fn is_editing(&self) -> bool {
        self.question.typed_name.is_some()
    }

    fn text_input(&mut self) -> Option<&mut TextInput> {
        self.question.typed_name.is_some().then_some(&mut self.input)
    }
}
