//! The real terminal: taken over at the start, given back at the end, whatever the end is.

use std::{
    io::{self, IsTerminal as _, stdout},
    panic,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
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
        BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
        enable_raw_mode,
    },
};
use futures_util::{Stream, StreamExt as _, stream};
use ratatui::{Terminal, backend::CrosstermBackend};
use rustix::process::{Signal as Number, kill_current_process_group};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::{Interval, MissedTickBehavior, interval},
};

use crate::{
    app::{Input, run},
    backend::Admin,
    clock::now,
    folders::Folders,
    hands::Hands,
    model::Options,
    secret::Secret,
    view::Theme,
};

/// How often time passes for the app.
const TICK: Duration = Duration::from_millis(100);

/// Debug builds fail in the way this variable names when F12 is pressed: `panic`, or `error` of reading. Tests look at what
/// is left of the terminal then.
const FAIL_ON_F12: &str = "DOORWARD_ADMIN_FAIL_ON_F12";

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
    let mut inputs = Inputs::new()?;
    let held = Held::default();
    let guard = Guard::take(&held)?;
    let mut terminal = Terminal::new(CrosstermBackend::new(stdout()))?;
    let ended = run(&mut terminal, inputs.stream(), Arc::new(api), options, held).await;
    drop(guard);
    ended.and(inputs.failed.map_or(Ok(()), Err))
}

/// The terminal of this process, and whether the app has it. Clones speak of the same one.
///
/// It is entered and left once each: leaving also puts the cursor back to where it was, so that leaving again after
/// something was printed would have it printed over.
#[derive(Clone, Default)]
struct Held(Arc<AtomicBool>);

impl Held {
    /// Has the terminal as the app needs it.
    fn take(&self) -> io::Result<()> {
        let entered = self.0.swap(true, Ordering::SeqCst);
        if entered {
            // Somebody who stopped this process had it without a word, and a shell sets modes of its own.
            disable_raw_mode()?;
        }
        enable_raw_mode()?;
        if !entered {
            execute!(stdout(), EnterAlternateScreen)?;
        }
        execute!(stdout(), EnableMouseCapture, EnableBracketedPaste)
    }

    /// Gives the terminal back, as far as it can be reached.
    fn give_back(&self) {
        if self.0.swap(false, Ordering::SeqCst) {
            let mut out = stdout();
            // A panic may have come amid a frame.
            let _ = execute!(
                out,
                EndSynchronizedUpdate,
                DisableBracketedPaste,
                DisableMouseCapture,
                LeaveAlternateScreen,
                Show
            );
            let _ = disable_raw_mode();
        }
    }
}

impl Hands for Held {
    fn copy(&mut self, secret: &Secret) -> bool {
        execute!(stdout(), CopyToClipboard::to_clipboard_from(secret.reveal().as_bytes())).is_ok()
    }

    fn begin_frame(&mut self) {
        // Terminals that know this (DEC mode 2026) do not flicker where a frame begins with clearing; others ignore it. A
        // terminal that is gone shows while the frame is drawn.
        let _ = queue!(stdout(), BeginSynchronizedUpdate);
    }

    fn end_frame(&mut self) {
        let _ = execute!(stdout(), EndSynchronizedUpdate);
    }

    fn suspend(&mut self) {
        self.give_back();
        // The group, so that whatever started the app (a script, `cargo run`) lets the shell go on, too. Without a shell that
        // could ever end the stop the system ignores the signal, and the app goes on at once.
        let _ = kill_current_process_group(Number::TSTP);
    }

    fn retake(&mut self) {
        // A terminal that is gone shows at the next frame.
        let _ = self.take();
    }
}

/// Gives the terminal back when it is dropped, and before a panic is told.
struct Guard(Held);

impl Guard {
    fn take(held: &Held) -> io::Result<Self> {
        // Before anything is changed, so that a panic at any time finds its way back.
        let (shown, taken) = (panic::take_hook(), held.clone());
        panic::set_hook(Box::new(move |info| {
            taken.give_back();
            shown(info);
        }));
        let guard = Self(held.clone());
        held.take()?;
        Ok(guard)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.give_back();
    }
}

/// Where inputs come from.
struct Inputs {
    events: EventStream,
    ticks: Interval,
    signals: [Signal; 4],
    /// Why no event can be read any more.
    failed: Option<io::Error>,
}

impl Inputs {
    fn new() -> io::Result<Self> {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let resumed = SignalKind::from_raw(Number::CONT.as_raw());
        let signals = [
            signal(SignalKind::terminate())?,
            signal(SignalKind::hangup())?,
            signal(SignalKind::interrupt())?,
            signal(resumed)?,
        ];
        Ok(Self { events: EventStream::new(), ticks, signals, failed: None })
    }

    async fn next(&mut self) -> Option<Input> {
        let [terminate, hangup, interrupt, resumed] = &mut self.signals;
        tokio::select! {
            biased;
            _ = terminate.recv() => Some(Input::Stop),
            _ = hangup.recv() => Some(Input::Stop),
            _ = interrupt.recv() => Some(Input::Stop),
            _ = resumed.recv() => Some(Input::Resumed),
            event = self.events.next() => match event?.and_then(fail_on_order) {
                Ok(event) => Some(Input::Event(event)),
                Err(error) => {
                    self.failed = Some(error);
                    None
                }
            },
            _ = self.ticks.tick() => Some(Input::Tick(now())),
        }
    }

    fn stream(&mut self) -> impl Stream<Item = Input> + Unpin {
        Box::pin(stream::unfold(self, |inputs| async move { inputs.next().await.map(|input| (input, inputs)) }))
    }
}

/// Fails if a test wants it to ([`FAIL_ON_F12`]); gives every other event back.
#[expect(clippy::panic, reason = "a panic is what the test asked for")]
fn fail_on_order(event: Event) -> io::Result<Event> {
    if !cfg!(debug_assertions) || event.as_key_press_event().is_none_or(|key| key.code != KeyCode::F(12)) {
        return Ok(event);
    }
    match std::env::var(FAIL_ON_F12).as_deref() {
        Ok("panic") => panic!("ordered by {FAIL_ON_F12}"),
        Ok("error") => Err(io::Error::other(format!("ordered by {FAIL_ON_F12}"))),
        _ => Ok(event),
    }
}
