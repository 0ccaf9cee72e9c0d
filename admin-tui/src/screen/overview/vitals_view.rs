//! Drawing of the vitals of one server process.

use doorward_shared::admin::Vitals;
use ratatui::layout::{Constraint, Layout, Rect};

use super::{
    Overview,
    history::{CodeHistory, Sample},
};
use crate::{
    number_format::{bytes, micros, rate, short},
    time_format,
    ui::{Canvas, Tone, below, columns, right_of, row, spark_text},
};

/// Minimum width of a screen that also shows the write queue as a panel.
const QUEUE_PANEL_WIDTH: u16 = 150;
/// Width of the sparkline of an error code.
const SPARK_COLUMN: u16 = 20;
/// Minimum width of a panel with sparklines of error codes.
const SPARKLINE_WIDTH: u16 = 58;

/// A vital: a number of the server process, with its recent values.
struct Vital {
    /// Title of the panel. On short terminals, there is no panel, and `name` follows the value.
    title: &'static str,
    name: &'static str,
    value: String,
    note: String,
    values: fn(&Sample) -> u64,
    tone: Tone,
}

fn optional_micros(value: Option<u64>) -> String {
    value.map_or_else(|| "–".to_owned(), micros)
}

impl Overview {
    fn last(&self) -> Sample {
        self.history.last().copied().unwrap_or_default()
    }

    /// Returns a rate, or `…` until two responses have arrived.
    fn rate(&self, value: fn(&Sample) -> u64) -> String {
        self.history.last().map_or_else(|| "…".to_owned(), |sample| rate(value(sample)))
    }

    fn highest(&self, value: fn(&Sample) -> u64) -> String {
        format!("max {}", rate(self.history.values(value).max().unwrap_or(0)))
    }

    fn requests(&self) -> Vital {
        let (title, name, value) = ("Requests/s", "requests/s", self.rate(|it| it.requests));
        Vital { title, name, value, note: self.highest(|it| it.requests), values: |it| it.requests, tone: Tone::Accent }
    }

    fn ceremonies(&self) -> Vital {
        let (title, name, value) = ("Ceremonies/s", "ceremonies/s", self.rate(|it| it.ceremonies));
        Vital {
            title,
            name,
            value,
            note: self.highest(|it| it.ceremonies),
            values: |it| it.ceremonies,
            tone: Tone::Good,
        }
    }

    fn latency(&self) -> Vital {
        let last = self.last();
        let note = format!("p50 {}", optional_micros(last.p50));
        let values = |it: &Sample| it.p99.unwrap_or(0);
        Vital { title: "Latency, p99", name: "p99", value: optional_micros(last.p99), note, values, tone: Tone::Warn }
    }

    fn refused(&self) -> Vital {
        let codes = self.history.codes();
        let most = codes.first().filter(|(_, history)| history.rates.iter().any(|rate| *rate > 0));
        let note = most.map_or(String::new(), |(code, _)| (*code).to_owned());
        Vital {
            title: "Refusals/s",
            name: "refusals/s",
            value: self.rate(|it| it.refusals),
            note,
            values: |it| it.refusals,
            tone: Tone::Bad,
        }
    }

    fn write_queue(&self) -> Vital {
        let last = self.last();
        let note = format!("wait {}  commit {}", optional_micros(last.write_wait), optional_micros(last.commit));
        let value = if self.history.last().is_some() { last.queued.to_string() } else { "…".to_owned() };
        Vital { title: "Database queue", name: "queued", value, note, values: |it| it.queued, tone: Tone::Plain }
    }

    /// Draws a panel for each vital.
    pub(super) fn draw_vitals(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let mut vitals = vec![self.requests(), self.ceremonies(), self.latency(), self.refused()];
        if area.width >= QUEUE_PANEL_WIDTH {
            vitals.push(self.write_queue());
        }
        let panels = Layout::horizontal(vitals.iter().map(|_| Constraint::Fill(1))).split(area);
        for (vital, panel) in vitals.iter().zip(panels.iter()) {
            let inside = canvas.panel(*panel, vital.title, false);
            canvas.line(inside, &[(&vital.value, Tone::Strong), ("  ", Tone::Plain), (&vital.note, Tone::Dim)]);
            canvas.sparkline(below(inside, 1), self.history.values(vital.values), vital.tone);
        }
        if let Some(panel) = panels.first() {
            canvas.panel_note(*panel, "last seconds, newest right");
        }
    }

    /// Draws the three most important vitals, each with a sparkline.
    pub(super) fn draw_numbers(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let vitals = [self.requests(), self.latency(), self.refused()];
        let places = Layout::horizontal([Constraint::Fill(1); 3])
            .spacing(2)
            .split(Rect { width: area.width.saturating_sub(2), ..right_of(area, 1) });
        for (vital, place) in vitals.iter().zip(places.iter()) {
            let used =
                canvas.line(*place, &[(&vital.value, Tone::Strong), (" ", Tone::Plain), (vital.name, Tone::Dim)]);
            let rest = right_of(*place, used + 2);
            if columns(&vital.note) <= rest.width {
                canvas.line(rest, &[(&vital.note, Tone::Dim)]);
            }
            canvas.sparkline(row(*place, 1), self.history.values(vital.values), vital.tone);
        }
    }

    /// Draws the refusals of this process by error code.
    pub(super) fn draw_codes(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let inside = canvas.panel(area, "Refusals of this node by code", false);
        let codes = self.history.codes();
        if codes.is_empty() {
            return canvas.placeholder(inside, true, None, "Nothing was refused since this node started.");
        }
        let with_sparkline = inside.width >= SPARKLINE_WIDTH;
        let spark_width = if with_sparkline { SPARK_COLUMN } else { 0 };
        let numbers = |now: &str, total: &str| format!("{now:>6} {total:>12}  ");
        let draw = |canvas: &mut Canvas<'_>, index: u16, code: &str, numbers: &str, spark: &str, tone: Tone| {
            let place = row(inside, index);
            let code_width = place.width.saturating_sub(columns(numbers) + spark_width);
            canvas.line(Rect { width: code_width, ..place }, &[(code, tone)]);
            let place = right_of(place, code_width);
            canvas.line(place, &[(numbers, tone), (spark, if tone == Tone::Dim { tone } else { Tone::Bad })]);
        };
        let heading = if with_sparkline { "last seconds" } else { "" };
        draw(canvas, 0, "code", &numbers("now/s", "since start"), heading, Tone::Dim);
        for (index, (code, CodeHistory { total, rates })) in (1..).zip(&codes) {
            let now = rates.back().copied().unwrap_or(0);
            let spark = spark_text(rates.iter().copied(), usize::from(spark_width));
            draw(canvas, index, code, &numbers(&rate(now), &short(*total)), &spark, Tone::Plain);
        }
    }

    /// Draws the process, its database and its jobs.
    pub(super) fn draw_node(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let Some(vitals) = &self.history.latest else { return };
        let inside = canvas.panel(area, &format!("Node {}", vitals.node), false);
        let used = self.draw_process(canvas, vitals, inside);
        let now = canvas.now;
        for (index, job) in (0..).zip(&vitals.jobs) {
            let (mark, tone) = if job.failing { ("▲", Tone::Warn) } else { ("●", Tone::Good) };
            let age = job.last_success.map_or_else(|| "never".to_owned(), |at| time_format::ago(now, at));
            let place = row(below(inside, used), index);
            let name = Rect { width: place.width.saturating_sub(6), ..place };
            canvas.line(name, &[(mark, tone), (" ", Tone::Plain), (&job.job, Tone::Plain)]);
            canvas.line_right(place, &[(&age, Tone::Dim)]);
        }
    }

    /// Draws CPU, memory, connections and database of the process. Returns the number of rows used.
    fn draw_process(&self, canvas: &mut Canvas<'_>, vitals: &Vitals, area: Rect) -> u16 {
        let last = self.last();
        let or_unknown = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
        let cpu = or_unknown(last.cpu_percent.map(|percent| format!("{percent} %")));
        let memory = or_unknown(vitals.memory_bytes.map(bytes));
        let connections = or_unknown(vitals.connections.map(short));
        let process = format!("cpu {cpu}  memory {memory}  clients {connections}");
        let database = match (vitals.wal_bytes, vitals.database_connections) {
            (Some(wal), _) => format!("write-ahead log {}", bytes(wal)),
            (None, Some(connections)) => format!("database connections {connections}"),
            (None, None) => String::new(),
        };
        canvas.line(area, &[(&process, Tone::Plain)]);
        canvas.line(below(area, 1), &[(&database, Tone::Plain)]);
        2
    }
}
