//! The real terminal: its modes, its events, and signals.

mod background;
mod kept_theme;

use std::{
    io::{self, IsTerminal as _, stdout},
    panic,
    path::PathBuf,
    time::Duration,
};

use crossterm::{
    clipboard::CopyToClipboard,
    cursor::Show,
    event::{
        DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture, Event, EventStream,
        KeyCode,
    },
    execute, queue,
    terminal::{
        BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, disable_raw_mode, enable_raw_mode,
    },
};
use futures_util::{Stream, StreamExt as _, stream};
use rustix::process::{Signal as SignalNumber, kill_current_process_group};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::{Interval, MissedTickBehavior, interval},
};

use crate::{
    app::{Input, run},
    appearance::ThemeName,
    clock::{Clock, now},
    connection::Context,
    model::Options,
    paths::BaseFolders,
    request::{ApiBackend, ConnectedServer},
    secret::Secret,
    settings::Settings,
    terminal_control::TerminalControl,
    ui::Theme,
};
use background::{Background, Received, Response};

const TICK: Duration = Duration::from_millis(100);

/// Environment variable of debug builds. If its value is `panic`, pressing F12 causes a panic; if it is `error`, a read
/// error. Tests use the variable to check that the terminal is restored.
const FAIL_ON_F12: &str = "DOORWARD_ADMIN_FAIL_ON_F12";

/// The sources from which the app chooses its theme.
#[derive(Debug)]
pub struct Appearance {
    /// The theme that the config file sets.
    pub theme: Option<ThemeName>,
    /// The file in which the app saves the theme that the user chose; `None` without a home folder.
    pub theme_file: Option<PathBuf>,
}

/// Runs the app on the terminal of this process until the user quits or a signal arrives. The app first uses `server`.
/// `connect` takes the name of one of the `contexts` and returns its server.
pub async fn show<A: ApiBackend>(
    server: ConnectedServer<A>,
    contexts: Vec<Context>,
    settings: Settings,
    appearance: Appearance,
    connect: impl Fn(&str) -> Result<ConnectedServer<A>, String>,
) -> io::Result<()> {
    if !stdout().is_terminal() || !io::stdin().is_terminal() {
        return Err(io::Error::other("the app needs a terminal; the subcommands work without one"));
    }
    let now = now();
    let Appearance { theme, theme_file } = appearance;
    let kept = kept_theme::load(theme_file.as_deref());
    let detected = Theme::detect(|name| std::env::var(name).ok(), theme, kept);
    let ConnectedServer { api, address, profile, .. } = server;
    let mut options = Options {
        server: address,
        profile,
        contexts,
        settings,
        // `Sixteen` fits any background. It is used until the terminal has reported its background.
        theme: detected.unwrap_or(Theme::Sixteen),
        folders: BaseFolders {
            current: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
            home: std::env::var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from),
        },
        now,
    };
    let mut inputs = Inputs::new(Clock::start(now))?;
    let guard = Guard;
    let mut terminal = ratatui::try_init()?;
    restore_modes_on_panic();
    enable_modes()?;
    if detected.is_none() {
        options.theme = inputs.theme_of_background().await?.unwrap_or(options.theme);
    }
    let control = Control { suspended: false, theme_file };
    let result = run(&mut terminal, inputs.stream(), api, options, control, connect).await;
    drop(guard);
    result.and(inputs.error.map_or(Ok(()), Err))
}

/// Enables the modes that ratatui does not enable.
fn enable_modes() -> io::Result<()> {
    execute!(stdout(), EnableMouseCapture, EnableBracketedPaste)
}

/// Disables the modes of [`enable_modes`], and ends a frame that a panic may have interrupted.
fn disable_modes() {
    // Fails only if the terminal no longer exists.
    let _ = execute!(stdout(), EndSynchronizedUpdate, DisableBracketedPaste, DisableMouseCapture, Show);
}

/// Extends the panic hook of ratatui. That hook disables raw mode and leaves the alternate screen; the extended hook
/// also disables the modes of [`enable_modes`].
fn restore_modes_on_panic() {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        disable_modes();
        hook(info);
    }));
}

fn restore() {
    disable_modes();
    // `ratatui::restore` would panic if the terminal and standard error no longer exist.
    let _ = ratatui::try_restore();
}

/// Restores the terminal on drop.
struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        // After a panic, the hook has already restored the terminal. Leaving the alternate screen again would move the
        // cursor back, so that later output overwrites the panic message.
        if !std::thread::panicking() {
            restore();
        }
    }
}

#[derive(Debug, Default)]
struct Control {
    /// `true` while the app is suspended and has left the alternate screen.
    suspended: bool,
    theme_file: Option<PathBuf>,
}

impl TerminalControl for Control {
    fn copy(&mut self, text: &Secret) -> bool {
        execute!(stdout(), CopyToClipboard::to_clipboard_from(text.reveal().as_bytes())).is_ok()
    }

    fn keep_theme(&mut self, name: &'static str) {
        kept_theme::save(self.theme_file.as_ref(), name);
    }

    fn begin_frame(&mut self) {
        // Prevents flicker in terminals that support DEC mode 2026. Errors are ignored, because drawing reports them.
        let _ = queue!(stdout(), BeginSynchronizedUpdate);
    }

    fn end_frame(&mut self) {
        let _ = execute!(stdout(), EndSynchronizedUpdate);
    }

    fn suspend(&mut self) {
        restore();
        self.suspended = true;
        // Stops the whole process group, so that a script or `cargo run` that started the app stops as well. If no
        // shell could resume the group, the system ignores the signal and the app continues.
        let _ = kill_current_process_group(SignalNumber::TSTP);
    }

    fn reacquire(&mut self) {
        // If a signal stopped the process, the shell disabled raw mode. crossterm still considers raw mode enabled and
        // would not enable it again, so it is disabled first. Errors appear when the next frame is drawn.
        let _ = disable_raw_mode();
        let _ = enable_raw_mode();
        if std::mem::take(&mut self.suspended) {
            let _ = execute!(stdout(), EnterAlternateScreen);
        }
        let _ = enable_modes();
    }
}

struct Inputs {
    events: EventStream,
    ticks: Interval,
    clock: Clock,
    signals: [Signal; 4],
    error: Option<io::Error>,
    /// State of the terminal's response to the query for the background colour.
    response: Response,
    /// Inputs that arrived before that response, in reverse order.
    early: Vec<Input>,
}

impl Inputs {
    fn new(clock: Clock) -> io::Result<Self> {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let signals = [
            signal(SignalKind::terminate())?,
            signal(SignalKind::hangup())?,
            signal(SignalKind::interrupt())?,
            signal(SignalKind::from_raw(SignalNumber::CONT.as_raw()))?,
        ];
        let (response, early) = (Response::default(), Vec::new());
        Ok(Self { events: EventStream::new(), ticks, clock, signals, error: None, response, early })
    }

    /// Asks the terminal for its background and waits for the response until the deadline. Keeps other inputs for
    /// [`Self::next`].
    async fn theme_of_background(&mut self) -> io::Result<Option<Theme>> {
        self.response = Response::Expected;
        background::ask(&mut stdout())?;
        let deadline = tokio::time::Instant::now() + background::DEADLINE;
        let mut early = Vec::new();
        let mut theme = None;
        while self.response.is_expected()
            && let Ok(Some(input)) = tokio::time::timeout_at(deadline, self.next_or_response()).await
        {
            match input {
                Ok(input) => early.push(input),
                Err(background) => theme = background.map(theme_for),
            }
        }
        early.reverse();
        self.early = early;
        Ok(theme)
    }

    /// Returns the next input. A response that arrives after the deadline is dropped.
    async fn next(&mut self) -> Option<Input> {
        if let Some(input) = self.early.pop() {
            return Some(input);
        }
        loop {
            if let Ok(input) = self.next_or_response().await? {
                return Some(input);
            }
        }
    }

    /// Returns the next input, or the background of the terminal.
    async fn next_or_response(&mut self) -> Option<Result<Input, Option<Background>>> {
        loop {
            match self.next_event().await? {
                Input::Event(event) => match self.response.receive(event) {
                    Received::Event(event) => return Some(Ok(Input::Event(event))),
                    Received::Part => {}
                    Received::Complete(background) => return Some(Err(background)),
                },
                input => return Some(Ok(input)),
            }
        }
    }

    async fn next_event(&mut self) -> Option<Input> {
        let [terminate, hangup, interrupt, resumed] = &mut self.signals;
        tokio::select! {
            biased;
            _ = terminate.recv() => Some(Input::Stop),
            _ = hangup.recv() => Some(Input::Stop),
            _ = interrupt.recv() => Some(Input::Stop),
            _ = resumed.recv() => Some(Input::Resumed),
            event = self.events.next() => match event?.and_then(fail_if_requested) {
                Ok(event) => Some(Input::Event(event)),
                Err(error) => {
                    self.error = Some(error);
                    None
                }
            },
            _ = self.ticks.tick() => Some(Input::Tick(self.clock.read())),
        }
    }

    fn stream(&mut self) -> impl Stream<Item = Input> + Unpin {
        Box::pin(stream::unfold(self, |inputs| async move { inputs.next().await.map(|input| (input, inputs)) }))
    }
}

const fn theme_for(background: Background) -> Theme {
    match background {
        Background::Light => Theme::Light,
        Background::Dark => Theme::Dark,
    }
}

/// Fails if the event is F12 and [`FAIL_ON_F12`] requests a failure. Otherwise returns the event.
#[expect(clippy::panic, reason = "the test requests a panic")]
fn fail_if_requested(event: Event) -> io::Result<Event> {
    if !cfg!(debug_assertions) || event.as_key_press_event().is_none_or(|key| key.code != KeyCode::F(12)) {
        return Ok(event);
    }
    match std::env::var(FAIL_ON_F12).as_deref() {
        Ok("panic") => panic!("requested by {FAIL_ON_F12}"),
        Ok("error") => Err(io::Error::other(format!("requested by {FAIL_ON_F12}"))),
        _ => Ok(event),
    }
}
