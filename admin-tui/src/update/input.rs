//! Handles keys, pasted text and the mouse.

use crossterm::event::{KeyEvent, KeyEventKind};

use super::{
    navigation::{leave_to, quit},
    perform::{perform, step},
};
use crate::{
    effect::Effect,
    model::Model,
    ui::{ClickTarget, Command, Key, UpdateOutput, command_for},
};

const WHEEL_ROWS: isize = 3;

pub(super) fn key(model: &mut Model, event: KeyEvent, output: &mut UpdateOutput) {
    if event.kind == KeyEventKind::Release {
        return;
    }
    let key = Key::from_event(&event);
    match key {
        // Ctrl+C also works in overlays. A second Ctrl+C quits even if the first one asked about unsaved changes.
        Some(Key::Ctrl('c')) if model.question.is_some() => model.quit = true,
        Some(Key::Ctrl('c')) => quit(model),
        // Ctrl+Z also works in overlays. The overlay is still open when the app is resumed.
        Some(Key::Ctrl('z')) => output.effects.push(Effect::Suspend),
        _ => match key.and_then(|key| command_for(&model.bindings(), key)) {
            Some(command) => perform(model, command, output),
            None => model.with_focused(output, |page, cx| {
                if page.text_input().is_some_and(|input| input.handle_key(event)) {
                    page.text_edited(cx);
                }
            }),
        },
    }
}

pub(super) fn paste(model: &mut Model, text: &str, output: &mut UpdateOutput) {
    model.with_focused(output, |page, cx| {
        if page.text_input().is_some_and(|input| input.paste(text)) {
            page.text_edited(cx);
        }
    });
}

pub(super) fn click(model: &mut Model, target: ClickTarget, output: &mut UpdateOutput) {
    match target {
        ClickTarget::Command(command) => perform(model, command, output),
        ClickTarget::Section(section) if !model.has_dialog() => perform(model, Command::Go(section), output),
        ClickTarget::PathItem(depth) if !model.has_dialog() => {
            if depth < model.stack().depth() {
                leave_to(model, depth, output);
            }
        }
        ClickTarget::Row(row) => click_row(model, row, output),
        // On screens, a choice changes stored data, which a read-only token may not do. Overlays also contain choices
        // that change no data, such as filters.
        ClickTarget::Choice { .. } if !model.has_dialog() && !model.rights().changes => {}
        ClickTarget::OtherRow(row) | ClickTarget::ListRow(_, row) => {
            model.with_focused(output, |page, cx| page.click(target, cx));
            select(model, row, output);
        }
        _ => model.with_focused(output, |page, cx| page.click(target, cx)),
    }
}

/// Selects a row, or opens it if it is already selected.
fn click_row(model: &mut Model, row: usize, output: &mut UpdateOutput) {
    let bindings = model.bindings();
    let open = [Command::Open, Command::Details, Command::Submit]
        .into_iter()
        .find(|command| bindings.iter().any(|binding| binding.command == *command));
    let is_overlay = model.has_dialog();
    let opens = model.with_focused(output, |page, cx| {
        page.click(ClickTarget::Row(row), cx);
        let was_selected = page.list().is_some_and(|(selection, _)| selection.row() == Some(row));
        page.opens_on_first_click() || (was_selected && !is_overlay)
    });
    select(model, row, output);
    if let Some(command) = open.filter(|_| opens) {
        perform(model, command, output);
    }
}

fn select(model: &mut Model, row: usize, output: &mut UpdateOutput) {
    model.with_focused(output, |page, cx| {
        if let Some((selection, rows)) = page.list() {
            selection.select(row, rows);
            page.selection_moved(cx);
        }
    });
}

pub(super) fn wheel(model: &mut Model, steps: isize, output: &mut UpdateOutput) {
    if model.question.is_some() || !model.shows_connection_page() {
        step(model, steps.saturating_mul(WHEEL_ROWS), output);
    }
}
