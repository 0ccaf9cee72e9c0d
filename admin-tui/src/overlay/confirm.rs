//! Confirmation dialog for important actions. For the most destructive ones, the user must type the object's name.

mod view;

use doorward_shared::ErrorCode;

use crate::{
    api::ApiError,
    effect::{RequestId, RequestResult},
    sanitize::sanitize,
    ui::{
        Action, Binding, Command, Key, LIST_KEYS, Navigation, Page, Question, Selection, TextInput, Tone,
        UpdateContext, bind,
    },
};

#[derive(Debug)]
pub struct ConfirmDialog {
    question: Question,
    input: TextInput,
    error: Option<String>,
    pending: Option<RequestId>,
    scroll: Selection,
    /// Number of rows of the text, as the last frame reported.
    text_rows: usize,
    /// Whether the end of the text was shown.
    was_read: bool,
}

impl ConfirmDialog {
    pub fn new(question: Question) -> Self {
        Self {
            question,
            input: TextInput::default(),
            error: None,
            pending: None,
            scroll: Selection::default(),
            text_rows: 0,
            was_read: false,
        }
    }

    /// Returns whether the name was typed, if it must be.
    fn is_name_typed(&self) -> bool {
        let typed = self.input.text().trim();
        // A name can contain characters that cannot be typed, so its displayed form is accepted, too.
        let matches = |name: &String| typed == name.trim() || typed == sanitize(name.trim());
        self.question.typed_name.as_ref().is_none_or(matches)
    }

    fn confirm(&mut self, cx: &mut UpdateContext<'_>) {
        match &self.question.action {
            Action::Request { call, .. } => {
                self.error = None;
                self.pending = Some(cx.send(call.as_ref().clone()));
            }
            Action::Leave(depth) => {
                cx.navigate(Navigation::CloseQuestion);
                cx.navigate(Navigation::ReturnTo(*depth));
            }
            Action::Quit => cx.navigate(Navigation::Quit),
        }
    }

    fn cancel(&mut self, cx: &mut UpdateContext<'_>) {
        if let Some(id) = self.pending.take() {
            cx.cancel(id);
            cx.toast(Tone::Warn, "Cancelled waiting; the server may have completed the request");
            cx.navigate(Navigation::Reload);
        }
        match self.question.action {
            Action::Request { .. } => cx.close_dialog(),
            Action::Leave(_) | Action::Quit => cx.navigate(Navigation::CloseQuestion),
        }
    }

    fn succeeded(&self, cx: &mut UpdateContext<'_>) {
        cx.close_dialog();
        if let Action::Request { done, leaves_screen, .. } = &self.question.action {
            cx.toast(Tone::Good, done.clone());
            cx.navigate(if *leaves_screen { Navigation::Back } else { Navigation::Reload });
        }
    }

    fn failed(&mut self, error: &ApiError, cx: &mut UpdateContext<'_>) {
        let next = self.question.if_refused.take_if(|(code, _)| error.code() == Some(*code));
        match (next, error.code()) {
            (Some((_, question)), _) => *self = Self::new(*question),
            // The dialog describes an outdated state.
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

    fn bindings(&self, _may_change: bool) -> Vec<Binding> {
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
        match response.result {
            Ok(_) => self.succeeded(cx),
            Err(error) => self.failed(&error, cx),
        }
        None
    }

    fn is_busy(&self) -> bool {
        self.pending.is_some()
    }

    fn list(&mut self) -> Option<(&mut Selection, usize)> {
        // Scrolling ends when the last row is visible.
        let positions = self.text_rows.saturating_sub(self.scroll.height) + 1;
        Some((&mut self.scroll, positions))
    }

    fn drawn(&mut self, text_rows: usize) {
        self.text_rows = text_rows;
        self.was_read |= self.scroll.selected + self.scroll.height >= text_rows;
    }

    fn is_editing(&self) -> bool {
        self.question.typed_name.is_some()
    }

    fn text_input(&mut self) -> Option<&mut TextInput> {
        self.question.typed_name.is_some().then_some(&mut self.input)
    }
}
