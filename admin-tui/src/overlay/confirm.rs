//! Confirmation dialog for important actions. For the most destructive ones, the user must type the object's name.

use ratatui::layout::Rect;

use crate::{
    effect::{RequestId, RequestResult},
    sanitize::sanitize,
    ui::{
        Action, Binding, Canvas, ClickTarget, Command, Key, Navigation, Page, Question, TextInput, Tone, UpdateContext,
        View, below, bind, right_of, row, wrap,
    },
};

const WIDTH: u16 = 72;

#[derive(Debug)]
pub struct ConfirmDialog {
    question: Question,
    input: TextInput,
    error: Option<String>,
    pending: Option<RequestId>,
}

impl ConfirmDialog {
    pub fn new(question: Question) -> Self {
        Self { question, input: TextInput::default(), error: None, pending: None }
    }

    fn is_ready(&self) -> bool {
        let typed = self.input.text().trim();
        // A name can contain characters that cannot be typed, so its displayed form is accepted, too.
        let matches = |name: &String| typed == name.trim() || typed == sanitize(name.trim());
        self.pending.is_none() && self.question.typed_name.as_ref().is_none_or(matches)
    }

    fn confirm(&mut self, cx: &mut UpdateContext<'_>) {
        match &self.question.action {
            Action::Request { call, .. } => {
                self.error = None;
                self.pending = Some(cx.send(call.as_ref().clone()));
            }
            Action::Leave => {
                cx.close_dialog();
                cx.navigate(Navigation::Back);
            }
            Action::Quit => cx.navigate(Navigation::Quit),
        }
    }
}

impl Page for ConfirmDialog {
    fn title(&self) -> String {
        self.question.title.clone()
    }

    fn bindings(&self, _may_change: bool) -> Vec<Binding> {
        const CANCEL: &str = "change nothing";
        if self.question.typed_name.is_some() {
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
        }
    }

    fn perform(&mut self, command: Command, cx: &mut UpdateContext<'_>) {
        match command {
            Command::Submit if self.is_ready() => self.confirm(cx),
            Command::Back => {
                if let Some(id) = self.pending.take() {
                    cx.cancel(id);
                    cx.toast(Tone::Warn, "Cancelled waiting; the server may have completed the request");
                    cx.navigate(Navigation::Reload);
                }
                cx.close_dialog();
            }
            _ => {}
        }
    }

    fn handle_response(&mut self, response: RequestResult, cx: &mut UpdateContext<'_>) -> Option<RequestResult> {
        if self.pending != Some(response.id) {
            return Some(response);
        }
        self.pending = None;
        match response.result {
            Ok(_) => {
                cx.close_dialog();
                if let Action::Request { done, leaves_screen, .. } = &self.question.action {
                    cx.toast(Tone::Good, done.clone());
                    cx.navigate(if *leaves_screen { Navigation::Back } else { Navigation::Reload });
                }
            }
            Err(error) => self.error = Some(error.to_string()),
        }
        None
    }

    fn is_busy(&self) -> bool {
        self.pending.is_some()
    }

    fn is_destructive(&self) -> bool {
        self.question.destructive
    }

    fn is_editing(&self) -> bool {
        self.question.typed_name.is_some()
    }

    fn text_input(&mut self) -> Option<&mut TextInput> {
        self.question.typed_name.is_some().then_some(&mut self.input)
    }
}

impl View for ConfirmDialog {
    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let width = WIDTH.min(area.width - 2);
        let wrapped = |text: &str| wrap(text, width - 4);
        let error: Vec<String> = self.error.iter().flat_map(|error| wrapped(error)).collect();
        let name_rows = if self.question.typed_name.is_some() { 2 } else { 0 };
        let fixed_rows = 4 + name_rows + u16::try_from(error.len()).unwrap_or(1);
        let lines = self.question.lines.iter();
        let mut lines: Vec<(Tone, String)> =
            lines.flat_map(|(tone, text)| wrapped(text).into_iter().map(|line| (*tone, line))).collect();
        let max_lines = usize::from(area.height.saturating_sub(fixed_rows + 4));
        if lines.len() > max_lines {
            let hidden = lines.len() - max_lines + 1;
            lines.truncate(max_lines.saturating_sub(1));
            lines.push((Tone::Dim, format!("… and {hidden} more lines")));
        }
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(fixed_rows);
        let inside = canvas.overlay(area, width, height, &self.question.title);
        let mut rest = inside;
        for (tone, line) in &lines {
            canvas.line(rest, &[(line, *tone)]);
            rest = below(rest, 1);
        }
        if let Some(name) = &self.question.typed_name {
            canvas.line(rest, &[(name, Tone::Accent)]);
            canvas.text_input(below(rest, 1), &self.input, true);
            rest = below(rest, 2);
        }
        for line in &error {
            canvas.line(rest, &[(line, Tone::Bad)]);
            rest = below(rest, 1);
        }
        self.draw_buttons(canvas, row(inside, inside.height.saturating_sub(1)));
    }
}

impl ConfirmDialog {
    fn draw_buttons(&self, canvas: &mut Canvas<'_>, area: Rect) {
        if self.is_busy() {
            canvas.line(area, &[(canvas.spinner(), Tone::Accent), (" working… esc stops waiting", Tone::Dim)]);
            return;
        }
        let tone = match (self.is_ready(), self.question.destructive) {
            (false, _) => Tone::Dim,
            (true, true) => Tone::Bad,
            (true, false) => Tone::Good,
        };
        let key = if self.question.typed_name.is_some() { " ⏎ " } else { " y " };
        let used = canvas.line(area, &[(key, tone), (self.question.verb, tone)]);
        canvas.target(Rect { width: used, ..area }, ClickTarget::Command(Command::Submit));
        let cancel = right_of(area, used + 3);
        let used = canvas.line(cancel, &[("esc ", Tone::Accent), ("cancel", Tone::Dim)]);
        canvas.target(Rect { width: used, ..cancel }, ClickTarget::Command(Command::Back));
    }
}
