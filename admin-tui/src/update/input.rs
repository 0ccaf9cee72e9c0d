//! Keys, pastes and the mouse.

use crossterm::event::{KeyEvent, KeyEventKind};
use doorward_shared::admin::Role;

use super::{leave_to, perform};
use crate::{
    effect::Effect,
    keymap::{self, Command, Key},
    message::Target,
    model::{Model, Out},
};

/// Rows a notch of the wheel moves by.
const NOTCH: isize = 3;

pub(super) fn key(model: &mut Model, event: KeyEvent, out: &mut Out) {
    if event.kind == KeyEventKind::Release {
        return;
    }
    let key = Key::of(&event);
    if key == Some(Key::Ctrl('c')) {
        // Whatever is in front, this ends the app; only unsaved work is asked about, and only once.
        if model.overlay.is_some() {
            model.quit = true
        } else {
            perform(model, Command::Quit, out)
        }
        return;
    }
    if key == Some(Key::Ctrl('z')) {
        // As well whatever is in front: it is there again when the shell lets the app go on.
        out.effects.push(Effect::Suspend);
        return;
    }
    let bindings = model.bindings();
    if let Some(command) = key.and_then(|key| keymap::find(&bindings, key)) {
        perform(model, command, out);
        return;
    }
    model.with_front(out, |page, cx| {
        if page.field().is_some_and(|field| field.key(event)) {
            page.edited(cx);
        }
    });
}

pub(super) fn paste(model: &mut Model, text: &str, out: &mut Out) {
    model.with_front(out, |page, cx| {
        if page.field().is_some_and(|field| field.paste(text)) {
            page.edited(cx);
        }
    });
}

pub(super) fn click(model: &mut Model, target: Target, out: &mut Out) {
    match target {
        Target::Command(command) => perform(model, command, out),
        Target::Section(section) if model.overlay.is_none() => perform(model, Command::Go(section), out),
        Target::Crumb(depth) if model.overlay.is_none() => {
            if depth < model.stack().depth() {
                leave_to(model, depth, out);
            }
        }
        Target::Row(row) => click_row(model, row, out),
        Target::Other(row) => {
            model.with_front(out, |page, cx| page.click(target, cx));
            select(model, row, out);
        }
        _ => model.with_front(out, |page, cx| page.click(target, cx)),
    }
}

/// A click selects; a click on what is selected opens it.
fn click_row(model: &mut Model, row: usize, out: &mut Out) {
    let bindings = model.bindings();
    let opens = [Command::Open, Command::Details, Command::Submit]
        .into_iter()
        .find(|command| bindings.iter().any(|binding| binding.command == *command));
    let was_selected = model.with_front(out, |page, cx| {
        page.click(Target::Row(row), cx);
        page.list().is_some_and(|(cursor, _)| cursor.selected == row)
    });
    let is_palette = matches!(model.overlay, Some(crate::overlay::Overlay::Palette(_)));
    select(model, row, out);
    if let Some(command) = opens.filter(|_| is_palette || (was_selected && model.overlay.is_none())) {
        perform(model, command, out);
    }
}

fn select(model: &mut Model, row: usize, out: &mut Out) {
    model.with_front(out, |page, cx| {
        if let Some((cursor, rows)) = page.list() {
            cursor.select(row, rows);
            page.moved(cx);
        }
    });
}

pub(super) fn wheel(model: &mut Model, by: isize, out: &mut Out) {
    if !model.is_cut_off() {
        super::step(model, by.saturating_mul(NOTCH), out);
    }
}

impl Model {
    /// What keys do now: of the dialog or the screen in front, then what works everywhere.
    #[must_use]
    pub fn bindings(&self) -> Vec<keymap::Binding> {
        if self.is_cut_off() {
            return vec![
                keymap::bind(&[Key::Char('r'), Key::Enter], Command::Reload, "try again", "try again now"),
                keymap::bind(&[Key::Char('T')], Command::CycleTheme, "", "other colours: dark, light, 16, none"),
                keymap::bind(&[Key::Char('q'), Key::Esc], Command::Quit, "quit", "quit"),
            ];
        }
        let may_change = self.role() == Role::Admin;
        if let Some(overlay) = &self.overlay {
            return overlay.page().commands(may_change);
        }
        let page = self.screen().page();
        let mut bindings = page.commands(may_change);
        if !page.is_editing() {
            bindings.extend(keymap::everywhere(self.exporting.is_some()));
        }
        bindings
    }

    /// Whether something is awaited that somebody may be waiting for.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.overlay.as_ref().is_some_and(|overlay| overlay.page().is_busy())
            || self.screen().page().is_busy()
            || self.exporting.is_some()
            || self.is_cut_off()
    }
}
