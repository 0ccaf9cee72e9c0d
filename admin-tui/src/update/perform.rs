//! Performs commands: the app's own, and those of the overlay or the current screen.

use super::{connection_status, navigation};
use crate::{
    effect::Effect,
    model::Model,
    overlay::{help::Help, palette::Palette},
    ui::{Binding, Command, Tone, UpdateOutput, global_keys},
};

pub(super) fn perform(model: &mut Model, command: Command, output: &mut UpdateOutput) {
    if model.shows_connection_page() {
        match command {
            Command::Reload => connection_status::request_me(model, output),
            Command::Quit => model.quit = true,
            Command::CycleTheme => cycle_theme(model, output),
            _ => {}
        }
        return;
    }
    match command {
        Command::Up => step(model, -1, output),
        Command::Down => step(model, 1, output),
        Command::PageUp => step_page(model, -1, output),
        Command::PageDown => step_page(model, 1, output),
        Command::Top => step(model, isize::MIN, output),
        Command::Bottom => step(model, isize::MAX, output),
        _ if model.overlay.is_some() => model.with_focused(output, |page, cx| page.perform(command, cx)),
        Command::Back => navigation::back(model, output),
        Command::Go(section) => navigation::go_to(model, section, output),
        Command::Help => model.overlay = Some(Box::new(Help::new(binding_groups(model)))),
        Command::Palette => {
            let bindings = binding_groups(model).into_iter().flat_map(|(_, bindings)| bindings).collect();
            model.overlay = Some(Box::new(Palette::new(bindings)));
        }
        Command::Reload => navigation::load_screen(model, output),
        Command::Redraw => output.effects.push(Effect::Redraw),
        Command::Suspend => output.effects.push(Effect::Suspend),
        Command::CycleTheme => cycle_theme(model, output),
        Command::CancelExport => {
            if let Some(export) = model.export.take() {
                output.effects.push(Effect::Cancel(export.id));
                navigation::toast(model, Tone::Warn, "Export cancelled; no file was written");
            }
        }
        Command::Quit => navigation::quit(model),
        _ => model.with_focused(output, |page, cx| page.perform(command, cx)),
    }
}

fn cycle_theme(model: &mut Model, output: &mut UpdateOutput) {
    model.options.theme = model.options.theme.next();
    output.effects.push(Effect::KeepTheme(model.options.theme.name().as_str()));
}

/// Returns the bindings of the screen and of the app, each with a heading.
fn binding_groups(model: &Model) -> Vec<(String, Vec<Binding>)> {
    let screen = model.screen();
    vec![
        (screen.title(), screen.bindings(model.may_change())),
        ("Everywhere".to_owned(), global_keys(model.export.is_some())),
    ]
}

pub(super) fn step(model: &mut Model, by: isize, output: &mut UpdateOutput) {
    model.with_focused(output, |page, cx| {
        if let Some((selection, rows)) = page.list() {
            selection.step(by, rows);
            page.selection_moved(cx);
        }
    });
}

/// Moves the selection by one row less than a page, so that consecutive pages share a row.
fn step_page(model: &mut Model, direction: isize, output: &mut UpdateOutput) {
    let height = model.with_focused(output, |page, _| page.list().map_or(0, |(selection, _)| selection.height));
    let rows = isize::try_from(height.saturating_sub(1).max(1)).unwrap_or(1);
    step(model, direction.saturating_mul(rows), output);
}
