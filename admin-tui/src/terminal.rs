//! The real terminal: taken over at the start, given back at the end, whatever the end is.

use std::{
    io::{self, IsTerminal as _, Stdout, stdout},
    panic,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use crossterm::{
    clipboard::CopyToClipboard,
    cursor::Show,
    event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture, EventStream},
    execute,
    terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode},
};
use futures_util::{Stream, StreamExt as _, stream};
use ratatui::{Terminal, backend::CrosstermBackend};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::{Interval, MissedTickBehavior, interval},
};

use crate::{
    app::{Input, run},
    backend::Admin,
    clock::now,
    folders::Folders,
    model::Options,
    view::Theme,
};

/// How often time passes for the app.
const TICK: Duration = Duration::from_millis(100);

/// Shows the app on the terminal of this process until it is left, or a signal asks for the end.
///
/// `server` is the address as it is shown.
///
/// # Errors
/// Those of the terminal, and that there is none.
pub async fn show<A: Admin>(api: A, server: String) -> io::Result<()> {
    if !stdout().is_terminal() || !io::stdin().is_terminal() {
        return Err(io::Error::other("no terminal to show anything on; the subcommands work without one"));
    }
    let options = Options {
        server,
        theme: Theme::detect(|name| std::env::var(name).ok()),
        folders: Folders {
            here: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
            home: std::env::var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from),
        },
        now: now(),
    };
    let inputs = Inputs::new()?;
    let guard = Guard::take()?;
    let mut terminal = Terminal::new(CrosstermBackend::new(stdout()))?;
    let copy = |secret: &crate::secret::Secret| {
        execute!(stdout(), CopyToClipboard::to_clipboard_from(secret.reveal().as_bytes())).is_ok()
    };
    let ended = run(&mut terminal, inputs.stream(), Arc::new(api), options, copy).await;
    drop(guard);
    ended
}

/// The terminal as the app needs it. Dropping the value gives it back.
struct Guard;

impl Guard {
    fn take() -> io::Result<Self> {
        // Before anything is changed, so that a panic at any time finds its way back.
        let shown = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            restore();
            shown(info);
        }));
        let guard = Self;
        enable_raw_mode()?;
        execute!(stdout(), EnterAlternateScreen, EnableMouseCapture, EnableBracketedPaste)?;
        Ok(guard)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal back, as far as it can be reached. Doing it twice does no harm.
fn restore() {
    let mut out: Stdout = stdout();
    let _ = execute!(out, DisableBracketedPaste, DisableMouseCapture, LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
}

/// Where inputs come from.
struct Inputs {
    events: EventStream,
    ticks: Interval,
    signals: [Signal; 3],
}

impl Inputs {
    fn new() -> io::Result<Self> {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let signals =
            [signal(SignalKind::terminate())?, signal(SignalKind::hangup())?, signal(SignalKind::interrupt())?];
        Ok(Self { events: EventStream::new(), ticks, signals })
    }

    async fn next(&mut self) -> Option<Input> {
        let [terminate, hangup, interrupt] = &mut self.signals;
        tokio::select! {
            biased;
            _ = terminate.recv() => Some(Input::Stop),
            _ = hangup.recv() => Some(Input::Stop),
            _ = interrupt.recv() => Some(Input::Stop),
            event = self.events.next() => match event {
                Some(Ok(event)) => Some(Input::Event(event)),
                // The terminal is gone.
                Some(Err(_)) | None => None,
            },
            _ = self.ticks.tick() => Some(Input::Tick(now())),
        }
    }

    fn stream(self) -> impl Stream<Item = Input> + Unpin {
        Box::pin(stream::unfold(self, |mut inputs| async move { inputs.next().await.map(|input| (input, inputs)) }))
    }
}
