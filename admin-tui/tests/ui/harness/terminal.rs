//! The in-memory terminal, and the operations that the app asks of a terminal.

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use doorward_admin::{secret::Secret, terminal_control::TerminalControl};
use ratatui::{
    backend::{Backend, ClearType, TestBackend, WindowSize},
    buffer::Cell,
    layout::{Position, Size},
};
use tokio::sync::Notify;

/// An in-memory terminal that tests read while the app draws.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    pub(super) inner: Arc<Mutex<TestBackend>>,
    pub(super) drawn: Arc<Notify>,
    pub(super) cleared: Arc<AtomicUsize>,
}

impl Shared {
    pub(super) fn with<R>(&self, act: impl FnOnce(&mut TestBackend) -> R) -> R {
        act(&mut self.inner.lock().unwrap())
    }
}

impl Backend for Shared {
    type Error = Infallible;

    fn draw<'a, I: Iterator<Item = (u16, u16, &'a Cell)>>(&mut self, content: I) -> Result<(), Infallible> {
        self.with(|it| {
            content.into_iter().try_for_each(|(x, y, cell)| {
                it.draw(std::iter::once((x, y, cell)))?;
                // As in a real terminal, a wide character also covers the next column.
                let covered = doorward_admin::sanitize::width(cell.symbol()) > 1;
                if covered { it.draw(std::iter::once((x + 1, y, &Cell::EMPTY))) } else { Ok(()) }
            })
        })
    }

    fn hide_cursor(&mut self) -> Result<(), Infallible> {
        self.with(Backend::hide_cursor)
    }

    fn show_cursor(&mut self) -> Result<(), Infallible> {
        self.with(Backend::show_cursor)
    }

    fn get_cursor_position(&mut self) -> Result<Position, Infallible> {
        panic!("the app's event reader would take the response of a real terminal");
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> Result<(), Infallible> {
        self.with(|it| it.set_cursor_position(position))
    }

    fn clear(&mut self) -> Result<(), Infallible> {
        self.cleared.fetch_add(1, Ordering::Relaxed);
        self.with(Backend::clear)
    }

    fn clear_region(&mut self, clear_type: ClearType) -> Result<(), Infallible> {
        self.cleared.fetch_add(1, Ordering::Relaxed);
        self.with(|it| it.clear_region(clear_type))
    }

    fn size(&self) -> Result<Size, Infallible> {
        self.with(|it| it.size())
    }

    fn window_size(&mut self) -> Result<WindowSize, Infallible> {
        self.with(Backend::window_size)
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        self.drawn.notify_waiters();
        self.with(Backend::flush)
    }
}

/// Records the operations of [`TerminalControl`].
#[derive(Debug, Clone, Default)]
pub(super) struct Control(pub(super) Arc<Mutex<Operations>>);

#[derive(Debug, Default)]
pub(super) struct Operations {
    pub(super) copied: Vec<String>,
    pub(super) suspended: usize,
    pub(super) reacquired: usize,
    pub(super) kept_themes: Vec<&'static str>,
    in_frame: bool,
}

impl TerminalControl for Control {
    fn copy(&mut self, text: &Secret) -> bool {
        self.0.lock().unwrap().copied.push(text.reveal().to_owned());
        true
    }

    fn keep_theme(&mut self, name: &'static str) {
        self.0.lock().unwrap().kept_themes.push(name);
    }

    fn begin_frame(&mut self) {
        let mut operations = self.0.lock().unwrap();
        assert!(!std::mem::replace(&mut operations.in_frame, true), "the previous frame has not ended");
    }

    fn end_frame(&mut self) {
        assert!(std::mem::replace(&mut self.0.lock().unwrap().in_frame, false), "no frame has begun");
    }

    fn suspend(&mut self) {
        self.0.lock().unwrap().suspended += 1;
    }

    fn reacquire(&mut self) {
        self.0.lock().unwrap().reacquired += 1;
    }
}
