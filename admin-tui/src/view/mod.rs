//! Drawing: from an immutable model to a frame, one function per region.

mod chart;
mod chrome;
mod dialog;
mod link;
mod paint;
mod screens;
mod table;
mod theme;

use ratatui::{
    buffer::{Buffer, Cell},
    layout::{Position, Rect},
};

use paint::Painter;

use crate::{
    message::Target,
    model::{Model, Tone},
    screen::Screen,
};

pub use chart::short;
pub use theme::Theme;

/// The smallest terminal in which anything can be read.
const SMALLEST: (u16, u16) = (50, 12);

/// What a frame tells the loop.
#[derive(Debug, Default)]
pub struct Painted {
    /// What lies where; the last that covers a place counts.
    pub hits: Vec<(Rect, Target)>,
    /// Rows of the list in front that fit.
    pub rows: usize,
    /// Where text is being written.
    pub caret: Option<Position>,
    /// The rows with characters made of several, which terminals measure differently: when one of these rows changes, what
    /// it left behind is not where it is thought to be.
    pub uncertain: Vec<(u16, String)>,
}

impl Painted {
    /// What lies at a place.
    #[must_use]
    pub fn at(&self, column: u16, row: u16) -> Option<Target> {
        let place = Position::new(column, row);
        self.hits.iter().rev().find(|(area, _)| area.contains(place)).map(|(_, target)| *target)
    }
}

/// Draws a frame.
pub fn draw(model: &Model, buffer: &mut Buffer) -> Painted {
    let area = buffer.area;
    let mut painter =
        Painter { buffer, theme: model.options.theme, now: model.now, hits: Vec::new(), rows: 0, caret: None };
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let text = format!("This terminal is too small: {} x {} are needed.", SMALLEST.0, SMALLEST.1);
        painter.wrapped(area, &text, Tone::Warn);
        return Painted::default();
    }
    let head = Rect::new(area.x, area.y, area.width, 3);
    let foot = Rect::new(area.x, area.bottom() - 1, area.width, 1);
    let body = Rect::new(area.x, area.y + 3, area.width, area.height - 4);
    if model.is_cut_off() {
        chrome::header(&mut painter, model, Rect { height: 1, ..head });
        link::page(&mut painter, model, body);
    } else {
        chrome::head(&mut painter, model, head);
        screen(&mut painter, model, body);
        if let Some(overlay) = &model.overlay {
            chrome::dim(&mut painter, area);
            painter.hits.clear();
            painter.rows = 0;
            painter.caret = None;
            dialog::draw(&mut painter, overlay, area);
        }
    }
    chrome::key_bar(&mut painter, model, foot);
    chrome::toasts(&mut painter, model, body);
    let Painter { buffer, hits, rows, caret, .. } = painter;
    Painted { hits, rows, caret, uncertain: uncertain_rows(buffer) }
}

fn uncertain_rows(buffer: &Buffer) -> Vec<(u16, String)> {
    let rows = buffer.content().chunks(usize::from(buffer.area.width.max(1)));
    (buffer.area.y..)
        .zip(rows)
        .filter(|(_, cells)| cells.iter().any(|cell| is_uncertain(cell.symbol())))
        .map(|(y, cells)| (y, cells.iter().map(Cell::symbol).collect()))
        .collect()
}

/// Whether terminals differ in how wide they draw this: what is made of several characters, and the scripts of South and
/// South-East Asia, whose vowel signs some join to the letter before and others give a column of their own.
fn is_uncertain(symbol: &str) -> bool {
    let mut characters = symbol.chars();
    let first = characters.next().unwrap_or(' ');
    characters.next().is_some() || matches!(first, '\u{0900}'..='\u{109f}' | '\u{1780}'..='\u{17ff}')
}

fn screen(painter: &mut Painter<'_>, model: &Model, area: Rect) {
    match model.screen() {
        Screen::Overview(screen) => screens::overview::draw(painter, screen, area),
        Screen::Tenants(screen) => screens::tenants::draw(painter, screen, area),
        Screen::Tenant(screen) => screens::tenant::draw(painter, screen, area),
        Screen::User(screen) => screens::user::draw(painter, screen, area),
        Screen::Audit(screen) => screens::audit::draw(painter, screen, area),
        Screen::Tokens(screen) => screens::tokens::draw(painter, screen, area),
    }
}
