//! What follows from what happened. Nothing here does I/O or reads a clock: what is to be done is answered as
//! [`Effect`]s, and the time comes in messages.

mod input;
mod link;

use doorward_shared::Timestamp;

use crate::{
    effect::Effect,
    keymap::{Command, Section},
    message::{Message, Reply, RequestId},
    model::{Exporting, Model, Out, Then, Toast, Tone},
    overlay::{Confirm, Help, Overlay, Palette, confirm::Act},
    screen::Screen,
};

/// Toasts that are shown at most.
const MOST_TOASTS: usize = 4;

/// What is to be done at the start.
pub fn start(model: &mut Model) -> Vec<Effect> {
    let mut out = Out::default();
    link::greet(model, &mut out);
    out.effects
}

/// Changes the model after something happened, and answers what is to be done about it.
pub fn update(model: &mut Model, message: Message) -> Vec<Effect> {
    let mut out = Out::default();
    match message {
        Message::Painted { rows } => painted(model, rows),
        Message::Tick(now) => tick(model, now, &mut out),
        other => {
            model.changed = true;
            happened(model, other, &mut out);
        }
    }
    while !out.then.is_empty() {
        for then in std::mem::take(&mut out.then) {
            follow(model, then, &mut out);
        }
    }
    out.effects
}

fn happened(model: &mut Model, message: Message, out: &mut Out) {
    match message {
        Message::Key(key) => input::key(model, key, out),
        Message::Paste(text) => input::paste(model, &text, out),
        Message::Click(target) => input::click(model, target, out),
        Message::Wheel(by) => input::wheel(model, by, out),
        Message::Resize { columns, rows } => model.size = (columns, rows),
        Message::Resumed => out.effects.push(Effect::Retake),
        Message::Stop => model.quit = true,
        Message::Reply(reply) => replied(model, reply, out),
        Message::Progress(id, progress) => {
            if let Some(exporting) = model.exporting.as_mut().filter(|exporting| exporting.id == id) {
                exporting.progress = progress;
            }
        }
        Message::Exported(id, result) => exported(model, id, result),
        Message::Copied(true) => toast(model, Tone::Good, "Handed to the terminal's clipboard"),
        Message::Copied(false) => toast(model, Tone::Bad, "The terminal did not take it"),
        Message::Painted { .. } | Message::Tick(_) => {}
    }
}

/// The frame tells how many rows of the list in front fit.
fn painted(model: &mut Model, rows: usize) {
    let mut quiet = Out::default();
    model.with_front(&mut quiet, |page, _| {
        if let Some((cursor, count)) = page.list().filter(|(cursor, _)| cursor.height != rows) {
            cursor.height = rows;
            cursor.select(cursor.selected, count);
        }
    });
}

fn tick(model: &mut Model, now: Timestamp, out: &mut Out) {
    let before = model.now;
    model.now = now;
    let toasts = model.toasts.len();
    model.toasts.retain(|toast| toast.until > now);
    link::tick(model, out);
    if !model.is_cut_off() {
        model.with_screen(out, |screen, cx| screen.page_mut().tick(cx));
    }
    let animated = model.is_busy();
    model.changed |= animated || before.seconds() != now.seconds() || toasts != model.toasts.len();
}

fn replied(model: &mut Model, reply: Reply, out: &mut Out) {
    let Some(reply) = link::heard(model, reply, out) else { return };
    model.settle(reply, out);
}

fn exported(model: &mut Model, id: RequestId, result: Result<crate::api::Progress, String>) {
    let Some(exporting) = model.exporting.take_if(|exporting| exporting.id == id) else { return };
    match result {
        Ok(progress) => {
            let what = if progress.rows == 1 { "entry" } else { "entries" };
            let text = format!("Exported {} {what} to {}", progress.rows, exporting.path.display());
            toast(model, Tone::Good, text);
        }
        Err(why) => toast(model, Tone::Bad, format!("Export failed: {why}")),
    }
}

fn toast(model: &mut Model, tone: Tone, text: impl Into<String>) {
    model.toasts.push(Toast::new(model.now, tone, text.into()));
    let surplus = model.toasts.len().saturating_sub(MOST_TOASTS);
    model.toasts.drain(..surplus);
}

fn load_screen(model: &mut Model, out: &mut Out) {
    model.with_screen(out, |screen, cx| screen.page_mut().load(cx));
}

fn follow(model: &mut Model, then: Then, out: &mut Out) {
    match then {
        Then::Open(screen) => {
            model.stack_mut().push(*screen);
            load_screen(model, out);
        }
        Then::Back => {
            let depth = model.stack().depth();
            return_to(model, depth.saturating_sub(1), out);
        }
        Then::Overlay(overlay) => model.overlay = Some(*overlay),
        Then::CloseOverlay => model.overlay = None,
        Then::Toast(tone, text) => toast(model, tone, text),
        Then::Reload => load_screen(model, out),
        Then::Run(command) => perform(model, command, out),
        Then::Refine(query) => model.with_screen(out, |screen, cx| {
            if let Screen::Audit(audit) = screen {
                audit.refine(*query, cx);
            }
        }),
        Then::Export(export) => {
            if model.exporting.is_some() {
                toast(model, Tone::Warn, "One export at a time: another is being written");
                return;
            }
            model.ids += 1;
            let id = RequestId(model.ids);
            let path = export.path.clone();
            model.exporting = Some(Exporting { id, path, progress: crate::api::Progress::default() });
            out.effects.push(Effect::Export(id, export));
        }
        Then::Quit => model.quit = true,
    }
}

/// Leaves the screens above a depth.
fn return_to(model: &mut Model, depth: usize, out: &mut Out) {
    if depth < model.stack().depth() {
        model.stack_mut().truncate(depth);
        load_screen(model, out);
    }
}

/// Does what a command says: the app's own part of it, or the part of what is in front.
fn perform(model: &mut Model, command: Command, out: &mut Out) {
    if model.is_cut_off() {
        match command {
            Command::Reload => link::greet(model, out),
            Command::Quit => model.quit = true,
            Command::CycleTheme => model.options.theme = model.options.theme.next(),
            _ => {}
        }
        return;
    }
    match command {
        Command::Up => step(model, -1, out),
        Command::Down => step(model, 1, out),
        Command::PageUp => page(model, -1, out),
        Command::PageDown => page(model, 1, out),
        Command::Top => step(model, isize::MIN, out),
        Command::Bottom => step(model, isize::MAX, out),
        _ if model.overlay.is_some() => model.with_front(out, |page, cx| page.perform(command, cx)),
        Command::Back => leave(model, out),
        Command::Go(section) => go(model, section, out),
        Command::Help => model.overlay = Some(Overlay::Help(Help::new(groups(model)))),
        Command::Palette => {
            let bindings = groups(model).into_iter().flat_map(|(_, bindings)| bindings).collect();
            model.overlay = Some(Overlay::Palette(Palette::new(bindings)));
        }
        Command::Reload => load_screen(model, out),
        Command::Redraw => out.effects.push(Effect::Redraw),
        Command::Suspend => out.effects.push(Effect::Suspend),
        Command::CycleTheme => model.options.theme = model.options.theme.next(),
        Command::CancelExport => {
            if let Some(exporting) = model.exporting.take() {
                out.effects.push(Effect::Cancel(exporting.id));
                toast(model, Tone::Warn, "Export cancelled; nothing was written");
            }
        }
        Command::Quit => quit(model),
        _ => model.with_front(out, |page, cx| page.perform(command, cx)),
    }
}

/// The bindings in force, under headings for the help.
fn groups(model: &Model) -> Vec<(String, Vec<crate::keymap::Binding>)> {
    let page = model.screen().page();
    let own = page.commands(model.role() == doorward_shared::admin::Role::Admin);
    vec![(page.title(), own), ("Everywhere".to_owned(), crate::keymap::everywhere(model.exporting.is_some()))]
}

fn step(model: &mut Model, by: isize, out: &mut Out) {
    model.with_front(out, |page, cx| {
        if let Some((cursor, rows)) = page.list() {
            cursor.step(by, rows);
            page.moved(cx);
        }
    });
}

fn page(model: &mut Model, direction: isize, out: &mut Out) {
    model.with_front(out, |page, cx| {
        if let Some((cursor, rows)) = page.list() {
            let height = isize::try_from(cursor.height.saturating_sub(1).max(1)).unwrap_or(1);
            cursor.step(direction.saturating_mul(height), rows);
            page.moved(cx);
        }
    });
}

fn go(model: &mut Model, section: Section, out: &mut Out) {
    if model.section == section {
        // Again: to the section's first screen.
        if model.stack().depth() > 0 {
            leave_to(model, 0, out);
        }
        return;
    }
    model.section = section;
    load_screen(model, out);
}

fn leave(model: &mut Model, out: &mut Out) {
    let depth = model.stack().depth();
    if depth > 0 {
        leave_to(model, depth - 1, out);
    }
}

/// Leaves the screens above a depth, unless something would be lost.
fn leave_to(model: &mut Model, depth: usize, out: &mut Out) {
    match model.screen().page().unsaved() {
        None => return_to(model, depth, out),
        Some(what) => {
            let lines = vec![(Tone::Plain, format!("Changes of {what} are not saved."))];
            let question = Confirm::destroying("Leave without saving?".to_owned(), "leave", lines, Act::Leave);
            model.overlay = Some(Overlay::Confirm(Box::new(question)));
        }
    }
}

fn quit(model: &mut Model) {
    let mut lines = Vec::new();
    if let Some(what) = model.unsaved() {
        lines.push((Tone::Plain, format!("Changes of {what} are not saved.")));
    }
    if let Some(exporting) = &model.exporting {
        lines.push((Tone::Plain, format!("The export to {} is not complete.", exporting.path.display())));
    }
    if lines.is_empty() {
        model.quit = true;
    } else {
        let question = Confirm::destroying("Quit?".to_owned(), "quit", lines, Act::Quit);
        model.overlay = Some(Overlay::Confirm(Box::new(question)));
    }
}
