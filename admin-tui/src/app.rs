//! The loop: inputs and answers become messages, messages change the model, the model is drawn.

use std::sync::Arc;

use crossterm::event::{Event, MouseButton, MouseEventKind};
use doorward_shared::Timestamp;
use futures_util::{Stream, StreamExt as _};
use ratatui::{Terminal, backend::Backend, layout::Size};
use tokio::sync::mpsc::unbounded_channel;

use crate::{
    backend::Admin,
    effect::{Effect, Performer},
    hands::Hands,
    message::Message,
    model::{Model, Options},
    update,
    view::{self, Painted},
};

/// What comes from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Somebody did something at the terminal.
    Event(Event),
    /// Time passed.
    Tick(Timestamp),
    /// The process was stopped, and goes on; somebody else had the terminal meanwhile.
    Resumed,
    /// The process is asked to end.
    Stop,
}

/// Runs the app on a terminal until it is left or the inputs end. A panic of something that runs beside it ends it, too.
///
/// # Errors
/// Those of the terminal.
pub async fn run<B: Backend, A: Admin>(
    terminal: &mut Terminal<B>,
    mut inputs: impl Stream<Item = Input> + Unpin,
    api: Arc<A>,
    options: Options,
    mut hands: impl Hands,
) -> Result<(), B::Error> {
    let (sender, mut answers) = unbounded_channel();
    let mut performer = Performer::new(api, sender);
    let size = terminal.size()?;
    let mut model = Model::new(options, (size.width, size.height));
    let mut painted = Painted::default();
    let mut effects = update::start(&mut model);
    loop {
        while !effects.is_empty() {
            for effect in std::mem::take(&mut effects) {
                match effect {
                    Effect::Call(id, call) => performer.call(id, *call),
                    Effect::Cancel(id) => performer.cancel(id),
                    Effect::Export(id, export) => performer.export(id, *export),
                    Effect::Redraw => forget(terminal)?,
                    Effect::Copy(secret) => {
                        let copied = Message::Copied(hands.copy(&secret));
                        effects.extend(update::update(&mut model, copied));
                    }
                    Effect::Suspend => {
                        hands.suspend();
                        effects.extend(update::update(&mut model, Message::Resumed));
                    }
                    Effect::Retake => {
                        hands.retake();
                        forget(terminal)?;
                        let Size { width: columns, height: rows } = terminal.size()?;
                        effects.extend(update::update(&mut model, Message::Resize { columns, rows }));
                    }
                }
            }
        }
        if model.quit {
            return Ok(());
        }
        if std::mem::take(&mut model.changed) {
            let before = painted.uncertain;
            hands.begin_frame();
            painted = paint(terminal, &model)?;
            if !before.is_empty() && before != painted.uncertain {
                forget(terminal)?;
                painted = paint(terminal, &model)?;
            }
            hands.end_frame();
            effects.extend(update::update(&mut model, Message::Painted { rows: painted.rows }));
        }
        let message = tokio::select! {
            // Answers first: they are few, and what was waited for must not wait behind held-down keys.
            biased;
            answer = answers.recv() => answer,
            panic = performer.panicked() => std::panic::resume_unwind(panic),
            input = inputs.next() => match input {
                Some(input) => understand(input, &painted),
                None => Some(Message::Stop),
            },
        };
        effects.extend(message.map(|message| update::update(&mut model, message)).unwrap_or_default());
        // All that is there already goes into one frame.
        while let Ok(answer) = answers.try_recv() {
            effects.extend(update::update(&mut model, answer));
        }
    }
}

/// Clears the terminal, and has the next frame draw every cell. [`Terminal::clear`] would ask the terminal where its cursor
/// is; the answer comes among the keys, and whoever reads these first takes it away.
fn forget<B: Backend>(terminal: &mut Terminal<B>) -> Result<(), B::Error> {
    terminal.backend_mut().clear()?;
    terminal.swap_buffers();
    Ok(())
}

fn paint<B: Backend>(terminal: &mut Terminal<B>, model: &Model) -> Result<Painted, B::Error> {
    let mut painted = Painted::default();
    terminal.draw(|frame| {
        painted = view::draw(model, frame.buffer_mut());
        if let Some(caret) = painted.caret {
            frame.set_cursor_position(caret);
        }
    })?;
    Ok(painted)
}

/// What an input means, given what was drawn.
fn understand(input: Input, painted: &Painted) -> Option<Message> {
    Some(match input {
        Input::Tick(now) => Message::Tick(now),
        Input::Resumed => Message::Resumed,
        Input::Stop => Message::Stop,
        Input::Event(Event::Key(key)) => Message::Key(key),
        Input::Event(Event::Paste(text)) => Message::Paste(text),
        Input::Event(Event::Resize(columns, rows)) => Message::Resize { columns, rows },
        Input::Event(Event::Mouse(mouse)) => match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => Message::Click(painted.at(mouse.column, mouse.row)?),
            MouseEventKind::ScrollDown => Message::Wheel(1),
            MouseEventKind::ScrollUp => Message::Wheel(-1),
            _ => return None,
        },
        Input::Event(_) => return None,
    })
}
