//! Performs commands: the app's own, and those of the overlay or the current screen.

use super::{connection_status, navigation, undo};
use crate::{
    effect::Effect,
    model::Model,
    overlay::{help::Help, palette::Palette},
    ui::{Binding, Command, Section, UpdateOutput},
};

pub(super) fn perform(model: &mut Model, command: Command, output: &mut UpdateOutput) {
    if model.question.is_none() && model.shows_connection_page() {
        match command {
            Command::Reload => connection_status::request_me(model, output),
            Command::Quit => navigation::quit(model),
            Command::Contexts => navigation::show_contexts(model),
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
        _ if model.has_dialog() => model.with_focused(output, |page, cx| page.perform(command, cx)),
        Command::Back => navigation::back(model, output),
        Command::Go(section) => navigation::go_to(model, section, output),
        Command::Help => model.overlay = Some(Box::new(Help::new(binding_groups(model)))),
        Command::Palette => {
            let may_run =
                |binding: &Binding| binding.command != Command::Go(Section::Tokens) || model.rights().all_tenants;
            let bindings =
                binding_groups(model).into_iter().flat_map(|(_, bindings)| bindings).filter(may_run).collect();
            let palette = Palette::new(bindings, model.options.contexts.clone(), model.screen().tenant());
            model.overlay = Some(Box::new(palette));
        }
        Command::Reload => navigation::load_screen(model, output),
        Command::Redraw => output.effects.push(Effect::Redraw),
        Command::Suspend => output.effects.push(Effect::Suspend),
        Command::CycleTheme => cycle_theme(model, output),
        Command::CancelExport => {
            // The result of the export will show whether the cancellation was in time.
            if let Some(export) = &model.export {
                output.effects.push(Effect::Cancel(export.id));
            }
        }
        Command::Quit => navigation::quit(model),
        Command::Contexts => navigation::show_contexts(model),
        Command::Undo => undo::perform(model, output),
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
    vec![(screen.title(), screen.bindings(model.rights())), ("Everywhere".to_owned(), model.global_bindings())]
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
