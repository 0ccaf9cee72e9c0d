//! The main loop: converts inputs and results to messages, updates the model with them, and draws the model.

use std::sync::Arc;

use crossterm::event::{Event, MouseButton, MouseEventKind};
use futures_util::{Stream, StreamExt as _};
use ratatui::{Terminal, backend::Backend};
use tokio::sync::mpsc::unbounded_channel;

use crate::{
    clock::Time,
    effect::Effect,
    effect_runner::EffectRunner,
    message::Message,
    model::{Model, Options},
    request::{ApiBackend, ConnectedServer},
    terminal_control::TerminalControl,
    ui::FrameInfo,
    update, view,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    Event(Event),
    Tick(Time),
    /// The process was resumed after it had been stopped.
    Resumed,
    /// The process received a signal to terminate.
    Stop,
}

/// Runs the app until the user quits or the inputs end. `connect` returns the server of a profile. Panics if a task
/// that the app started panics.
pub async fn run<B: Backend, A: ApiBackend>(
    terminal: &mut Terminal<B>,
    mut inputs: impl Stream<Item = Input> + Unpin,
    api: Arc<A>,
    options: Options,
    mut control: impl TerminalControl,
    connect: impl Fn(&str) -> Result<ConnectedServer<A>, String>,
) -> Result<(), B::Error> {
    let (sender, mut results) = unbounded_channel();
    let mut runner = EffectRunner::new(api, sender, options.settings.file.clone());
    let mut model = Model::new(options);
    let mut frame = FrameInfo::default();
    let mut effects = update::start(&mut model);
    loop {
        while !effects.is_empty() {
            for effect in std::mem::take(&mut effects) {
                match effect {
                    Effect::Request(id, call) => runner.request(id, *call),
                    Effect::Cancel(id) => runner.cancel(id),
                    Effect::Export(id, export) => runner.export(id, *export),
                    Effect::SaveView(name, search) => runner.save_view(name, search),
                    Effect::Redraw => clear(terminal)?,
                    Effect::KeepTheme(name) => control.keep_theme(name),
                    Effect::Copy(text) => {
                        let copied = Message::Copied(control.copy(&text));
                        effects.extend(update::update(&mut model, copied));
                    }
                    Effect::Connect(name) => match connect(&name) {
                        Ok(ConnectedServer { api, address, profile, warnings }) => {
                            // Dropping the old runner cancels the requests to the previous server. Dropping the old
                            // receiver discards their responses.
                            let (sender, receiver) = unbounded_channel();
                            runner = EffectRunner::new(api, sender, model.options.settings.file.clone());
                            results = receiver;
                            let connected = Message::Connected { address, profile, warnings };
                            effects = update::update(&mut model, connected);
                            break;
                        }
                        Err(error) => effects.extend(update::update(&mut model, Message::NotConnected(error))),
                    },
                    Effect::Suspend => {
                        control.suspend();
                        effects.extend(update::update(&mut model, Message::Resumed));
                    }
                    Effect::Reacquire => {
                        control.reacquire();
                        clear(terminal)?;
                        effects.extend(update::update(&mut model, Message::Resized));
                    }
                }
            }
        }
        if model.quit {
            return Ok(());
        }
        if std::mem::take(&mut model.changed) {
            let ambiguous_before = frame.ambiguous_rows;
            control.begin_frame();
            frame = draw(terminal, &model)?;
            if !ambiguous_before.is_empty() && ambiguous_before != frame.ambiguous_rows {
                clear(terminal)?;
                frame = draw(terminal, &model)?;
            }
            control.end_frame();
            let FrameInfo { list_height, text_rows, .. } = frame;
            effects.extend(update::update(&mut model, Message::Drawn { list_height, text_rows }));
        }
        let message = tokio::select! {
            // Results are received first, so that the repeated events of a key that is held down do not delay them.
            biased;
            result = results.recv() => result,
            panic = runner.panicked() => std::panic::resume_unwind(panic),
            input = inputs.next() => match input {
                Some(input) => to_message(input, &frame),
                None => Some(Message::Stop),
            },
        };
        effects.extend(message.map(|message| update::update(&mut model, message)).unwrap_or_default());
        // Before the next frame is drawn, handles all results that have already arrived.
        while let Ok(result) = results.try_recv() {
            effects.extend(update::update(&mut model, result));
        }
    }
}

/// Clears the terminal and makes the next frame draw every cell. [`Terminal::clear`] cannot be used: it asks the
/// terminal for the cursor position, and the app's event reader would consume the response.
fn clear<B: Backend>(terminal: &mut Terminal<B>) -> Result<(), B::Error> {
    terminal.backend_mut().clear()?;
    terminal.swap_buffers();
    Ok(())
}

fn draw<B: Backend>(terminal: &mut Terminal<B>, model: &Model) -> Result<FrameInfo, B::Error> {
    let mut info = FrameInfo::default();
    terminal.draw(|frame| {
        info = view::draw(model, frame.buffer_mut());
        if let Some(position) = info.text_cursor {
            frame.set_cursor_position(position);
        }
    })?;
    Ok(info)
}

/// Converts an input to a message. `frame` contains the targets of mouse clicks.
fn to_message(input: Input, frame: &FrameInfo) -> Option<Message> {
    Some(match input {
        Input::Tick(time) => Message::Tick(time),
        Input::Resumed => Message::Resumed,
        Input::Stop => Message::Stop,
        Input::Event(Event::Key(key)) => Message::Key(key),
        Input::Event(Event::Paste(text)) => Message::Paste(text),
        Input::Event(Event::Resize(..)) => Message::Resized,
        Input::Event(Event::Mouse(mouse)) => match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => Message::Click(frame.target_at(mouse.column, mouse.row)?),
            MouseEventKind::ScrollDown => Message::Wheel(1),
            MouseEventKind::ScrollUp => Message::Wheel(-1),
            _ => return None,
        },
        Input::Event(_) => return None,
    })
}
