//! Changes the model in response to messages. Does no I/O and reads no clock: effects are returned, and messages
//! contain the time.

mod connection_status;
mod input;
mod navigation;
mod perform;
mod undo;

use crate::{
    api::Progress,
    clock::Time,
    effect::{Effect, RequestId},
    message::Message,
    model::{ExportInProgress, Model},
    overlay, screen,
    ui::{Navigation, Tone, UpdateOutput},
};
use navigation::{load_screen, toast};

/// Returns the effects to perform at the start.
pub fn start(model: &mut Model) -> Vec<Effect> {
    let mut output = UpdateOutput::default();
    connection_status::request_me(model, &mut output);
    output.effects
}

/// Handles a message. Returns the effects to perform.
pub fn update(model: &mut Model, message: Message) -> Vec<Effect> {
    let mut output = UpdateOutput::default();
    match message {
        Message::Drawn { list_height, text_rows } => drawn(model, list_height, text_rows),
        Message::Tick(time) => tick(model, time, &mut output),
        other => {
            model.changed = true;
            handle(model, other, &mut output);
        }
    }
    while !output.navigation.is_empty() {
        for navigation in std::mem::take(&mut output.navigation) {
            navigate(model, navigation, &mut output);
        }
    }
    undo::withdraw_before_change(model, &output.effects);
    output.effects
}

fn handle(model: &mut Model, message: Message, output: &mut UpdateOutput) {
    match message {
        Message::Key(key) => input::key(model, key, output),
        Message::Paste(text) => input::paste(model, &text, output),
        Message::Click(target) => input::click(model, target, output),
        Message::Wheel(steps) => input::wheel(model, steps, output),
        Message::Resumed => output.effects.push(Effect::Reacquire),
        Message::Stop => model.quit = true,
        Message::Response(response) => {
            let response = connection_status::observe(model, response, output);
            if let Some(response) = response.and_then(|response| undo::handle_response(model, response, output)) {
                model.handle_response(response, output);
            }
        }
        Message::Progress(id, progress) => {
            if let Some(export) = model.export.as_mut().filter(|export| export.id == id) {
                export.progress = progress;
            }
        }
        Message::Exported(id, result) => exported(model, id, result),
        Message::ViewsSaved(Ok(views)) => model.options.settings.views = views,
        Message::ViewsSaved(Err(error)) => toast(model, Tone::Bad, format!("The view was not saved: {error}")),
        Message::Copied(true) => toast(model, Tone::Good, "Sent to the terminal's clipboard"),
        Message::Copied(false) => toast(model, Tone::Bad, "Could not send the text to the terminal's clipboard"),
        Message::Connected { address, profile, warnings } => {
            connection_status::use_server(model, address, profile, warnings, output);
        }
        Message::NotConnected(error) => toast(model, Tone::Bad, error),
        Message::Resized | Message::Drawn { .. } | Message::Tick(_) => {}
    }
}

fn drawn(model: &mut Model, list_height: usize, text_rows: usize) {
    model.with_focused(&mut UpdateOutput::default(), |page, _| {
        if let Some((selection, rows)) = page.list().filter(|(selection, _)| selection.height != list_height) {
            selection.resize(list_height, rows);
        }
        page.text_drawn(text_rows);
    });
}

fn tick(model: &mut Model, Time { wall, steady: now }: Time, output: &mut UpdateOutput) {
    let before = std::mem::replace(&mut model.now, now);
    model.wall = wall;
    let toasts = model.toasts.len();
    model.toasts.retain(|toast| toast.until > now);
    undo::tick(model);
    connection_status::tick(model, output);
    if !model.shows_connection_page() {
        model.with_overlay(output, |overlay, cx| overlay.tick(cx));
        model.with_screen(output, |screen, cx| screen.tick(cx));
    }
    // Ages and countdowns change every second. The activity indicator changes at every tick.
    model.changed |= model.is_busy() || before.seconds() != now.seconds() || toasts != model.toasts.len();
}

fn exported(model: &mut Model, id: RequestId, result: Option<Result<Progress, String>>) {
    let Some(export) = model.export.take_if(|export| export.id == id) else { return };
    match result {
        None => toast(model, Tone::Warn, "Export cancelled; no file was written"),
        Some(Ok(Progress { rows, .. })) => {
            let noun = if rows == 1 { "entry" } else { "entries" };
            toast(model, Tone::Good, format!("Exported {rows} {noun} to {}", export.path.display()));
        }
        Some(Err(error)) => toast(model, Tone::Bad, format!("Export failed: {error}")),
    }
}

fn navigate(model: &mut Model, navigation: Navigation, output: &mut UpdateOutput) {
    match navigation {
        Navigation::Open(route) => {
            model.stack_mut().push(screen::build(route));
            load_screen(model, output);
        }
        Navigation::Back => {
            let depth = model.stack().depth().saturating_sub(1);
            navigation::return_to(model, depth, output);
        }
        Navigation::Show(dialog) => {
            let profile = model.options.profile.as_ref().map(|profile| profile.name.as_str());
            model.overlay = Some(overlay::build(*dialog, &model.options.folders, profile, model.wall));
        }
        Navigation::ReturnTo(depth) => navigation::return_to(model, depth, output),
        Navigation::CloseDialog => model.overlay = None,
        Navigation::CloseQuestion => model.question = None,
        Navigation::Toast(tone, text) => toast(model, tone, text),
        Navigation::OfferUndo(text, offer) => undo::offer(model, &text, offer),
        Navigation::Reload => load_screen(model, output),
        Navigation::Run(command) => perform::perform(model, command, output),
        Navigation::SwitchServer(profile) => navigation::switch_server(model, profile, output),
        Navigation::Connect(profile) => output.effects.push(Effect::Connect(profile)),
        Navigation::ApplyFilters(query) => {
            model.with_screen(output, |screen, cx| screen.apply_filters(*query, cx));
        }
        Navigation::ApplySearch(text) => model.with_screen(output, |screen, cx| screen.apply_search(&text, cx)),
        Navigation::SaveView(name, search) => output.effects.push(Effect::SaveView(name, search)),
        Navigation::ToggleZone => {
            let settings = &mut model.options.settings;
            settings.uses_local_time = !settings.uses_local_time;
            model.with_screen(output, |screen, cx| screen.tick(cx));
        }
        Navigation::Merge(choices) => model.with_screen(output, |screen, cx| screen.merge(&choices, cx)),
        Navigation::Export(_) if model.export.is_some() => {
            toast(model, Tone::Warn, "Another export is in progress: wait for it or cancel it with ^x");
        }
        Navigation::Export(export) => {
            let id = model.next_id();
            model.export = Some(ExportInProgress { id, path: export.path.clone(), progress: Progress::default() });
            output.effects.push(Effect::Export(id, export));
        }
        Navigation::Quit => model.quit = true,
    }
}
