//! Reports as text: the explanation of a refusal, and the findings about a tenant.

use doorward_shared::audit::AdminAuditLogItem;
use ratatui::layout::Rect;

use crate::{
    doctor::{self, Finding, Program, Severity},
    effect::{RequestId, RequestResult},
    explain::{self, NOT_RECORDED},
    request::BackendResponse,
    sanitize::sanitize,
    ui::{Binding, Canvas, Command, Key, LIST_KEYS, Page, Rights, Selection, Tone, UpdateContext, View, bind, wrap},
};

const WIDTH: u16 = 100;
const LABEL_WIDTH: usize = 11;

/// A line with label and text. Both wrap.
type ReportLine = (String, String, Tone);

#[derive(Debug)]
enum Subject {
    Refusal(Box<AdminAuditLogItem>),
    /// The findings about a tenant. Their commands begin with this program name and profile.
    Tenant(Program),
}

#[derive(Debug)]
pub struct Report {
    title: String,
    subject: Subject,
    lines: Vec<ReportLine>,
    /// Pending request for the data that completes the report.
    pending: Option<RequestId>,
    scroll: Selection,
    /// Number of rows of the wrapped text in the last frame.
    rows: usize,
}

impl Report {
    /// Creates the explanation of a refusal. The response to `request` adds the history of API keys; `None` if the
    /// explanation does not need it.
    pub fn of_refusal(row: Box<AdminAuditLogItem>, request: Option<RequestId>) -> Self {
        let lines = explanation(&row, &[]);
        let title = "Why this request was refused".to_owned();
        Self::new(title, Subject::Refusal(row), lines, request)
    }

    /// Creates a report about a tenant. The response to `request` will contain the findings.
    pub fn of_tenant(name: &str, request: RequestId, program: Program) -> Self {
        Self::new(format!("Findings about {name}"), Subject::Tenant(program), Vec::new(), Some(request))
    }

    fn new(title: String, subject: Subject, lines: Vec<ReportLine>, pending: Option<RequestId>) -> Self {
        Self { title, subject, lines, pending, scroll: Selection::default(), rows: 0 }
    }

    fn text(&self) -> String {
        self.lines.iter().map(|(label, text, _)| format!("{label:<LABEL_WIDTH$}{}\n", sanitize(text))).collect()
    }
}

fn explanation(row: &AdminAuditLogItem, key_history: &[AdminAuditLogItem]) -> Vec<ReportLine> {
    let lines = explain::explain(row, key_history).map(|explanation| explanation.lines()).unwrap_or_default();
    let tone = |label: &str, text: &str| match label {
        _ if text == NOT_RECORDED => Tone::Dim,
        "code" | "received" => Tone::Bad,
        "expected" | "fix" => Tone::Good,
        "likely" => Tone::Warn,
        "request id" | "section" | "when" => Tone::Dim,
        _ => Tone::Plain,
    };
    // A text without a label continues the previous text and has the same tone.
    let mut label_before = "";
    let lines = lines.into_iter().map(|(label, text)| {
        label_before = if label.is_empty() && !text.is_empty() { label_before } else { label };
        let tone = tone(label_before, &text);
        (label.to_owned(), text, tone)
    });
    lines.collect()
}

fn findings(findings: &[Finding]) -> Vec<ReportLine> {
    let mut lines = Vec::new();
    for finding in findings {
        let tone = match finding.severity {
            Severity::Error => Tone::Bad,
            Severity::Warning => Tone::Warn,
            Severity::Info => Tone::Dim,
        };
        if !lines.is_empty() {
            lines.push((String::new(), String::new(), Tone::Plain));
        }
        lines.push((finding.severity.as_str().to_owned(), finding.message.clone(), tone));
        lines.extend(finding.command.clone().map(|command| ("  run".to_owned(), command, Tone::Plain)));
    }
    if lines.is_empty() {
        lines.push((String::new(), "Nothing was found.".to_owned(), Tone::Good));
    }
    lines
}

impl Page for Report {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn bindings(&self, _rights: Rights) -> Vec<Binding> {
        let close = &[Key::Esc, Key::Char('q'), Key::Enter, Key::Char('e')];
        let mut bindings = vec![
            bind(close, Command::Back, "close", "close the report"),
            bind(&[Key::Char('y')], Command::Copy, "copy", "copy the report"),
        ];
        bindings.extend(LIST_KEYS);
        bindings
    }

    fn perform(&mut self, command: Command, cx: &mut UpdateContext<'_>) {
        match command {
            Command::Back => {
                if let Some(id) = self.pending.take() {
                    cx.cancel(id);
                }
                cx.close_dialog();
            }
            Command::Copy => cx.copy(self.text()),
            _ => {}
        }
    }

    fn handle_response(&mut self, response: RequestResult, cx: &mut UpdateContext<'_>) -> Option<RequestResult> {
        if self.pending != Some(response.id) {
            return Some(response);
        }
        self.pending = None;
        match (response.result, &self.subject) {
            (Ok(BackendResponse::Audit(page)), Subject::Refusal(row)) => self.lines = explanation(row, &page.entries),
            (Ok(BackendResponse::TenantReport(report)), Subject::Tenant(program)) => {
                self.lines = findings(&doctor::examine(&report, program, cx.wall));
            }
            (Ok(_), _) => {}
            (Err(error), _) => self.lines.push(("error".to_owned(), error.to_string(), Tone::Bad)),
        }
        None
    }

    fn is_busy(&self) -> bool {
        self.pending.is_some()
    }

    fn list(&mut self) -> Option<(&mut Selection, usize)> {
        // Scrolling ends when the last line is visible.
        let positions = self.rows.saturating_sub(self.scroll.height) + 1;
        Some((&mut self.scroll, positions))
    }

    fn text_drawn(&mut self, rows: usize) {
        self.rows = rows;
    }
}

impl View for Report {
    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let width = WIDTH.min(area.width - 2);
        let text_width = width.saturating_sub(4 + u16::try_from(LABEL_WIDTH).unwrap_or(0));
        let mut rows: Vec<(&str, String, Tone)> = Vec::new();
        for (label, text, tone) in &self.lines {
            let labels = std::iter::once(label.as_str()).chain(std::iter::repeat(""));
            rows.extend(labels.zip(wrap(text, text_width)).map(|(label, text)| (label, text, *tone)));
        }
        let height = u16::try_from(rows.len().max(1)).unwrap_or(u16::MAX).saturating_add(2);
        let inside = canvas.overlay(area, width, height, &self.title());
        if self.lines.is_empty() {
            canvas.line(inside, &[(canvas.spinner(), Tone::Accent), (" Loading…", Tone::Dim)]);
        }
        let height = usize::from(inside.height);
        (canvas.info.list_height, canvas.info.text_rows) = (height, rows.len());
        let first = self.scroll.selected.min(rows.len().saturating_sub(height));
        let padded: Vec<(String, &str, Tone)> =
            rows.iter().map(|(label, text, tone)| (format!("{label:<LABEL_WIDTH$}"), text.as_str(), *tone)).collect();
        let lines: Vec<_> =
            padded.iter().map(|(label, text, tone)| vec![(label.as_str(), Tone::Accent), (*text, *tone)]).collect();
        canvas.scrolled(inside, &lines, first);
        // The scroll bar is drawn on the border.
        canvas.scrollbar(Rect { x: inside.right() + 1, width: 1, ..inside }, first, lines.len());
    }
}
