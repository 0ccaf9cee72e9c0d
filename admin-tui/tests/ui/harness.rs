//! Runs the app on an in-memory terminal with a controlled clock and server.

mod terminal;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, atomic::Ordering},
    time::Duration,
};

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use doorward_admin::{
    app::{Input, run},
    appearance::ProfileLabel,
    clock::Time,
    connection::Context,
    model::Options,
    paths::BaseFolders,
    request::{ApiBackend, ConnectedServer},
    settings::Settings,
    ui::Theme,
    zone::Zone,
};
use doorward_shared::Timestamp;
use futures_util::stream;
use ratatui::{
    Terminal,
    backend::TestBackend,
    buffer::{Buffer, Cell},
};
use tokio::{sync::mpsc, task::JoinHandle};

use self::terminal::{Control, Shared};

fn context(name: &str) -> Context {
    Context { name: name.to_owned(), url: format!("https://{name}.example.com") }
}

/// Returns options with a server that has no profile.
pub(crate) fn options(theme: Theme, folder: PathBuf) -> Options {
    Options {
        server: "http://127.0.0.1:8001".to_owned(),
        profile: None,
        contexts: Vec::new(),
        theme,
        folders: BaseFolders { current: folder, home: Some(PathBuf::from("/home/ops")) },
        settings: Settings::default(),
        now: start_time(),
    }
}

/// The time at which every test starts.
pub(crate) fn start_time() -> Timestamp {
    "2026-11-25T10:30:00Z".parse().unwrap()
}

pub(crate) struct App {
    inputs: mpsc::UnboundedSender<Input>,
    terminal: Shared,
    control: Control,
    task: JoinHandle<()>,
    now: Timestamp,
    /// Difference between the wall clock and the monotonic clock, in milliseconds.
    clock_step: i64,
}

impl App {
    /// Starts the app on a terminal of a given size.
    pub(crate) async fn start<A: ApiBackend>(api: Arc<A>, columns: u16, rows: u16) -> Self {
        Self::start_in(api, columns, rows, Theme::Dark, PathBuf::from("/exports")).await
    }

    /// Starts the app with a theme and a folder for exports.
    pub(crate) async fn start_in<A: ApiBackend>(
        api: Arc<A>,
        columns: u16,
        rows: u16,
        theme: Theme,
        folder: PathBuf,
    ) -> Self {
        let local = Zone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let settings = Settings { local, ..Settings::default() };
        Self::start_with(api, columns, rows, theme, folder, settings).await
    }

    /// Starts the app with settings.
    pub(crate) async fn start_with<A: ApiBackend>(
        api: Arc<A>,
        columns: u16,
        rows: u16,
        theme: Theme,
        folder: PathBuf,
        settings: Settings,
    ) -> Self {
        Self::start_full(api, (columns, rows), Options { settings, ..options(theme, folder) }, Vec::new()).await
    }

    /// Starts the app with servers that it can switch to. The server of `api` has no profile. The server `prod` is a
    /// production server.
    pub(crate) async fn start_with_contexts<A: ApiBackend>(
        api: Arc<A>,
        columns: u16,
        rows: u16,
        theme: Theme,
        folder: PathBuf,
        others: Vec<(&'static str, Arc<A>)>,
    ) -> Self {
        Self::start_full(api, (columns, rows), options(theme, folder), others).await
    }

    /// Starts the app with options, and with servers that it can switch to. Sets `options.contexts` to these servers.
    pub(crate) async fn start_full<A: ApiBackend>(
        api: Arc<A>,
        (columns, rows): (u16, u16),
        mut options: Options,
        others: Vec<(&'static str, Arc<A>)>,
    ) -> Self {
        let (inputs, receiver) = mpsc::unbounded_channel();
        let inner = Arc::new(Mutex::new(TestBackend::new(columns, rows)));
        let terminal = Shared { inner, drawn: Arc::default(), cleared: Arc::default() };
        let control = Control::default();
        let (backend, app_control) = (terminal.clone(), control.clone());
        let now = options.now;
        options.contexts = others.iter().map(|(name, _)| context(name)).collect();
        let connect = move |profile: &str| {
            let (name, api) = others.iter().find(|(name, _)| *name == profile).ok_or("no token for this profile")?;
            let (address, warnings) = (context(name).url, Vec::new());
            let label = ProfileLabel { name: profile.to_owned(), color: None, production: *name == "prod" };
            Ok(ConnectedServer { api: Arc::clone(api), address, profile: Some(label), warnings })
        };
        let task = tokio::spawn(async move {
            let events =
                Box::pin(stream::unfold(receiver, |mut receiver: mpsc::UnboundedReceiver<Input>| async move {
                    receiver.recv().await.map(|input| (input, receiver))
                }));
            let mut terminal = Terminal::new(backend).unwrap();
            run(&mut terminal, events, api, options, app_control, connect).await.unwrap();
        });
        let app = Self { inputs, terminal, control, task, now, clock_step: 0 };
        app.wait_until_idle().await;
        app
    }

    /// Lets the app handle all inputs and responses that have arrived.
    pub(crate) async fn wait_until_idle(&self) {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }

    async fn send(&self, input: Input) {
        // Sending fails if the app has ended. Other assertions check whether it has ended.
        let _ = self.inputs.send(input);
        self.wait_until_idle().await;
    }

    /// Presses keys, given by their names in the help and separated by spaces. Types the text between single quotes.
    pub(crate) async fn keys(&self, keys: &str) {
        for (index, part) in keys.split('\'').enumerate() {
            if index % 2 == 1 {
                self.write(part).await;
                continue;
            }
            for name in part.split_whitespace() {
                self.send(Input::Event(Event::Key(key(name)))).await;
            }
        }
    }

    async fn write(&self, text: &str) {
        for symbol in text.chars() {
            let _ =
                self.inputs.send(Input::Event(Event::Key(KeyEvent::new(KeyCode::Char(symbol), KeyModifiers::NONE))));
        }
        self.wait_until_idle().await;
    }

    pub(crate) async fn paste(&self, text: &str) {
        self.send(Input::Event(Event::Paste(text.to_owned()))).await;
    }

    pub(crate) async fn pass(&mut self, millis: i64) {
        self.now = self.now.plus_millis(millis);
        self.send(self.tick()).await;
    }

    fn tick(&self) -> Input {
        Input::Tick(Time { wall: self.now.plus_millis(self.clock_step), steady: self.now })
    }

    /// Sets the wall clock forward or back, as an administrator or NTP does.
    pub(crate) const fn step_clock(&mut self, millis: i64) {
        self.clock_step += millis;
    }

    pub(crate) async fn click(&self, text: &str) {
        let (column, row) = self.find(text).unwrap_or_else(|| panic!("no {text:?} on\n{}", self.screen()));
        self.mouse(MouseEventKind::Down(MouseButton::Left), column, row).await;
    }

    /// Clicks the last occurrence of a text.
    pub(crate) async fn click_last(&self, text: &str) {
        let screen = self.screen();
        let found = screen.lines().enumerate().filter_map(|(row, line)| Some((row, line.get(..line.rfind(text)?)?)));
        let (row, before) = found.last().unwrap_or_else(|| panic!("no {text:?} on\n{screen}"));
        let column = u16::try_from(doorward_admin::sanitize::width(before)).unwrap();
        self.mouse(MouseEventKind::Down(MouseButton::Left), column, u16::try_from(row).unwrap()).await;
    }

    pub(crate) async fn wheel(&self, kind: MouseEventKind) {
        self.mouse(kind, 5, 8).await;
    }

    async fn mouse(&self, kind: MouseEventKind, column: u16, row: u16) {
        let event = MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
        self.send(Input::Event(Event::Mouse(event))).await;
    }

    pub(crate) async fn resize(&self, columns: u16, rows: u16) {
        self.resize_silently(columns, rows);
        self.send(Input::Event(Event::Resize(columns, rows))).await;
    }

    pub(crate) fn buffer(&self) -> Buffer {
        self.terminal.with(|it| it.buffer().clone())
    }

    /// Returns the text of the terminal without spaces at the end of lines.
    pub(crate) fn screen(&self) -> String {
        let buffer = self.buffer();
        let mut lines = Vec::new();
        for y in 0..buffer.area.height {
            let mut line = String::new();
            let mut x = 0;
            while x < buffer.area.width {
                let symbol = buffer[(x, y)].symbol();
                line.push_str(symbol);
                x += u16::try_from(doorward_admin::sanitize::width(symbol)).unwrap().max(1);
            }
            lines.push(line.trim_end().to_owned());
        }
        lines.join("\n")
    }

    /// Returns the text of the terminal, then a letter for the style of each cell, then the meaning of each letter.
    pub(crate) fn styled_screen(&self) -> String {
        let buffer = self.buffer();
        let mut styles: Vec<String> = Vec::new();
        let rows = buffer.content().chunks(usize::from(buffer.area.width));
        let letters = rows.map(|cells| {
            let row = cells.iter().map(|cell| {
                let style = describe(cell);
                let at = styles.iter().position(|known| *known == style).unwrap_or_else(|| {
                    styles.push(style);
                    styles.len() - 1
                });
                char::from(b'a' + u8::try_from(at).unwrap())
            });
            row.collect::<String>()
        });
        let letters: Vec<String> = letters.collect();
        let legend = (b'a'..).zip(&styles).map(|(letter, style)| format!("{} = {style}", char::from(letter)));
        let legend: Vec<String> = legend.collect();
        format!("{}\n\n{}\n\n{}", self.screen(), letters.join("\n"), legend.join("\n"))
    }

    /// Returns column and row of the first occurrence of a text.
    pub(crate) fn find(&self, text: &str) -> Option<(u16, u16)> {
        let screen = self.screen();
        screen.lines().enumerate().find_map(|(row, line)| {
            let before = line.get(..line.find(text)?)?;
            let column = doorward_admin::sanitize::width(before);
            Some((u16::try_from(column).unwrap(), u16::try_from(row).unwrap()))
        })
    }

    /// Presses keys as [`Self::keys`] does, and then expects the terminal to show all texts.
    #[track_caller]
    pub(crate) fn keys_show<'a>(&'a self, keys: &'a str, texts: &'a [&'a str]) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            self.keys(keys).await;
            let screen = self.screen();
            for text in texts {
                assert!(screen.contains(text), "{caller}: {text:?} is not on\n{screen}");
            }
        }
    }

    /// Presses keys as [`Self::keys`] does, and then waits as [`Self::wait_for`] does.
    pub(crate) async fn keys_wait(&mut self, keys: &str, text: &str) {
        self.keys(keys).await;
        self.wait_for(text).await;
    }

    #[track_caller]
    pub(crate) fn shows(&self, texts: &[&str]) {
        let screen = self.screen();
        for text in texts {
            assert!(screen.contains(text), "{text:?} is not on\n{screen}");
        }
    }

    #[track_caller]
    pub(crate) fn lacks(&self, texts: &[&str]) {
        let screen = self.screen();
        for text in texts {
            assert!(!screen.contains(text), "{text:?} is on\n{screen}");
        }
    }

    /// Advances the app's clock until a real server has responded and the terminal shows a text.
    pub(crate) async fn wait_for(&mut self, text: &str) {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        loop {
            let drawn = self.terminal.drawn.clone();
            let drawn = drawn.notified();
            if self.screen().contains(text) {
                return;
            }
            assert!(tokio::time::Instant::now() < deadline, "{text:?} did not appear on\n{}", self.screen());
            self.now = self.now.plus_millis(200);
            let _ = self.inputs.send(self.tick());
            let _ = tokio::time::timeout(Duration::from_millis(50), drawn).await;
        }
    }

    pub(crate) fn cleared(&self) -> usize {
        self.terminal.cleared.load(Ordering::Relaxed)
    }

    pub(crate) fn copied(&self) -> Vec<String> {
        self.control.0.lock().unwrap().copied.clone()
    }

    pub(crate) fn kept_themes(&self) -> Vec<&'static str> {
        self.control.0.lock().unwrap().kept_themes.clone()
    }

    /// Returns how often the app was suspended, and how often it took control of the terminal again.
    pub(crate) fn suspended(&self) -> (usize, usize) {
        let operations = self.control.0.lock().unwrap();
        (operations.suspended, operations.reacquired)
    }

    /// Resizes the terminal without an event, as happens while the app is stopped.
    pub(crate) fn resize_silently(&self, columns: u16, rows: u16) {
        self.terminal.with(|it| it.resize(columns, rows));
    }

    pub(crate) async fn resume(&self) {
        self.send(Input::Resumed).await;
    }

    pub(crate) async fn panicked(mut self) -> String {
        let error = (&mut self.task).await.unwrap_err();
        let panic = error.into_panic();
        panic
            .downcast_ref::<&str>()
            .map(ToString::to_string)
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap()
    }

    pub(crate) async fn stop(&self) {
        self.send(Input::Stop).await;
    }

    pub(crate) async fn has_ended(&self) -> bool {
        self.wait_until_idle().await;
        self.task.is_finished()
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Describes the style of a cell, such as `white on reset, bold`.
fn describe(cell: &Cell) -> String {
    let mut text = format!("{} on {}", cell.fg, cell.bg).to_lowercase();
    for (name, _) in cell.modifier.iter_names() {
        text += &format!(", {}", name.to_lowercase());
    }
    text
}

fn key(name: &str) -> KeyEvent {
    let plain = |code| KeyEvent::new(code, KeyModifiers::NONE);
    match name {
        "enter" => plain(KeyCode::Enter),
        "esc" => plain(KeyCode::Esc),
        "tab" => plain(KeyCode::Tab),
        "backtab" => KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT),
        "space" => plain(KeyCode::Char(' ')),
        "up" => plain(KeyCode::Up),
        "down" => plain(KeyCode::Down),
        "left" => plain(KeyCode::Left),
        "right" => plain(KeyCode::Right),
        "end" => plain(KeyCode::End),
        "home" => plain(KeyCode::Home),
        "pgdn" => plain(KeyCode::PageDown),
        "del" => plain(KeyCode::Delete),
        "backspace" => plain(KeyCode::Backspace),
        _ => {
            let mut symbols = name.chars();
            match (symbols.next().unwrap(), symbols.next()) {
                ('^', Some(symbol)) => KeyEvent::new(KeyCode::Char(symbol), KeyModifiers::CONTROL),
                (symbol, None) => plain(KeyCode::Char(symbol)),
                _ => panic!("unknown key {name:?}"),
            }
        }
    }
}
