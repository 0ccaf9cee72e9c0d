//! Dialogs.

use ratatui::layout::Rect;

use super::paint::{Painter, columns, wrap};
use crate::{
    escape::visible,
    message::Target,
    model::Tone,
    overlay::{Confirm, Form, Help, Overlay, Palette, SecretOnce, Types, form::Entry},
    screen::Page,
    when,
};

/// A dialog's place in the middle of the screen.
fn middle(area: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(area.width - 2), height.min(area.height - 3));
    Rect::new(area.x + (area.width - width) / 2, area.y + (area.height - height) / 3, width, height)
}

fn open(painter: &mut Painter<'_>, place: Rect, title: &str) -> Rect {
    painter.clear(place);
    painter.hit(place, Target::Surface);
    painter.panel(place, title, true)
}

pub(super) fn draw(painter: &mut Painter<'_>, overlay: &Overlay, area: Rect) {
    match overlay {
        Overlay::Help(help) => draw_help(painter, help, area),
        Overlay::Palette(palette) => draw_palette(painter, palette, area),
        Overlay::Confirm(confirm) => draw_confirm(painter, confirm, area),
        Overlay::Form(form) => draw_form(painter, form, area),
        Overlay::Secret(secret) => draw_secret(painter, secret, area),
        Overlay::Types(types) => draw_types(painter, types, area),
    }
}

fn draw_help(painter: &mut Painter<'_>, help: &Help, area: Rect) {
    let rows = u16::try_from(help.rows()).unwrap_or(u16::MAX);
    let inside = open(painter, middle(area, 64, rows.saturating_add(2)), "What works here");
    let mut lines = Vec::new();
    for (heading, bindings) in &help.groups {
        if !lines.is_empty() {
            lines.push((String::new(), String::new(), Tone::Plain));
        }
        lines.push((heading.clone(), String::new(), Tone::Strong));
        let told = bindings.iter().map(|(keys, help)| (keys.clone(), help.clone(), Tone::Accent));
        lines.extend(told);
    }
    let height = usize::from(inside.height);
    painter.rows = height;
    // The selection is not drawn: it only says how far the text is moved.
    let first = help.cursor.selected.min(lines.len().saturating_sub(height));
    for (y, (left, right, tone)) in (inside.y..inside.bottom()).zip(lines.iter().skip(first)) {
        let shift = u16::from(*tone == Tone::Accent) * 2;
        painter.text(inside.x + shift, y, inside.width, left, *tone);
        painter.text(inside.x + 18, y, inside.width.saturating_sub(18), right, Tone::Plain);
    }
    painter.scrollbar(Rect::new(inside.right() + 1, inside.y, 1, inside.height), first, lines.len());
}

fn draw_palette(painter: &mut Painter<'_>, palette: &Palette, area: Rect) {
    let matching = palette.matching();
    let inside = open(painter, middle(area, 64, 16), "Commands");
    painter.text(inside.x, inside.y, 2, ":", Tone::Accent);
    painter.field(inside.x + 2, inside.y, inside.width - 2, &palette.field, true);
    let list = Rect { y: inside.y + 2, height: inside.height.saturating_sub(2), ..inside };
    if matching.is_empty() {
        painter.text(list.x, list.y, list.width, "No command has these words.", Tone::Dim);
    }
    let height = usize::from(list.height);
    painter.rows = height;
    let first = palette.cursor.first_in_view(height, matching.len());
    for (y, (at, binding)) in (list.y..list.bottom()).zip(matching.iter().enumerate().skip(first)) {
        let line = Rect::new(list.x - 1, y, list.width + 2, 1);
        painter.text(list.x, y, list.width - 12, binding.help, Tone::Plain);
        let keys = binding.keys.first().map(ToString::to_string).unwrap_or_default();
        painter.right(list, y, &[(&keys, Tone::Accent)]);
        if at == palette.cursor.selected {
            painter.style(line, painter.theme.selected(true));
        }
        painter.hit(line, Target::Row(at));
    }
}

fn draw_confirm(painter: &mut Painter<'_>, confirm: &Confirm, area: Rect) {
    let width = 72.min(area.width - 2);
    let room = usize::from(width - 4);
    let mut lines: Vec<(Tone, String)> =
        confirm.lines.iter().flat_map(|(tone, text)| wrap(text, room).into_iter().map(|line| (*tone, line))).collect();
    let error: Vec<String> = confirm.error.iter().flat_map(|error| wrap(error, room)).collect();
    let extra = 3 + if confirm.name.is_some() { 2 } else { 0 } + u16::try_from(error.len()).unwrap_or(1);
    let most = usize::from(area.height.saturating_sub(extra + 5));
    if lines.len() > most {
        let hidden = lines.len() - most + 1;
        lines.truncate(most.saturating_sub(1));
        lines.push((Tone::Dim, format!("… and {hidden} more lines")));
    }
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(extra + 1);
    let inside = open(painter, middle(area, width, height), &confirm.title);
    let mut y = inside.y;
    for (tone, line) in &lines {
        painter.text(inside.x, y, inside.width, line, *tone);
        y += 1;
    }
    if let Some((name, field)) = &confirm.name {
        painter.text(inside.x, y, inside.width, &visible(name), Tone::Accent);
        painter.field(inside.x, y + 1, inside.width, field, true);
        y += 2;
    }
    for line in &error {
        painter.text(inside.x, y, inside.width, line, Tone::Bad);
        y += 1;
    }
    let bottom = inside.bottom() - 1;
    if confirm.is_busy() {
        let spinner = painter.spinner();
        painter.spans(
            inside.x,
            bottom,
            inside.width,
            &[(spinner, Tone::Accent), (" working… esc stops waiting", Tone::Dim)],
        );
        return;
    }
    let key = if confirm.name.is_some() { " ⏎ " } else { " y " };
    let tone = match (confirm.is_ready(), confirm.destroys) {
        (false, _) => Tone::Dim,
        (true, true) => Tone::Bad,
        (true, false) => Tone::Good,
    };
    let used = painter.spans(
        inside.x,
        bottom,
        inside.width,
        &[(key, tone), (confirm.verb, tone), ("   ", Tone::Plain), ("esc ", Tone::Accent), ("cancel", Tone::Dim)],
    );
    painter
        .hit(Rect::new(inside.x, bottom, used.saturating_sub(13), 1), Target::Command(crate::keymap::Command::Submit));
    painter.hit(
        Rect::new((inside.x + used).saturating_sub(10), bottom, 10, 1),
        Target::Command(crate::keymap::Command::Back),
    );
}

fn draw_form(painter: &mut Painter<'_>, form: &Form, area: Rect) {
    let fields = u16::try_from(form.fields.len()).unwrap_or(u16::MAX);
    let width = 74.min(area.width - 2);
    let note = wrap(form.note, usize::from(width - 4));
    let notes = u16::try_from(note.len()).unwrap_or(1);
    let height = fields.saturating_mul(2).saturating_add(notes + 5);
    let inside = open(painter, middle(area, width, height), &form.title);
    let mut y = inside.y;
    for line in &note {
        painter.text(inside.x, y, inside.width, line, Tone::Dim);
        y += 1;
    }
    y += 1;
    let label = form.fields.iter().map(|field| columns(field.label)).max().unwrap_or(0) + 2;
    // Two lines a field where there is room: the field, and what to write there.
    let step = if inside.bottom().saturating_sub(y + 2) >= fields.saturating_mul(2) { 2 } else { 1 };
    for (at, field) in form.fields.iter().enumerate() {
        let focused = at == form.cursor.selected;
        let tone = if focused { Tone::Accent } else { Tone::Plain };
        painter.text(inside.x, y, label, field.label, tone);
        let (x, room) = (inside.x + label, inside.width.saturating_sub(label));
        match &field.entry {
            Entry::Text(text) => painter.field(x, y, room, text, focused),
            Entry::Choice { options, chosen } => {
                let mut used = 0;
                for (at, word) in options.iter().enumerate() {
                    let word = format!(" {word} ");
                    let style = if at == *chosen { painter.theme.front() } else { painter.theme.style(Tone::Dim) };
                    used += painter.styled(x + used, y, room.saturating_sub(used), &word, style) + 1;
                }
            }
        }
        let problem = form.problem.as_ref().filter(|(which, _)| *which == Some(at));
        if step == 2 {
            match problem {
                Some((_, why)) => painter.text(x, y + 1, room, why, Tone::Bad),
                None => painter.text(x, y + 1, room, field.hint, Tone::Dim),
            };
        }
        painter.hit(Rect::new(inside.x, y, inside.width, step), Target::Row(at));
        y += step;
    }
    let bottom = inside.bottom() - 1;
    if form.is_busy() {
        let spinner = painter.spinner();
        painter.spans(
            inside.x,
            bottom,
            inside.width,
            &[(spinner, Tone::Accent), (" working… esc stops waiting", Tone::Dim)],
        );
    } else if let Some((which, why)) = form.problem.as_ref().filter(|(which, _)| which.is_none() || step == 1) {
        let _ = which;
        let rest = Rect { y: bottom.saturating_sub(1), height: 2, ..inside };
        painter.wrapped(rest, why, Tone::Bad);
    } else {
        painter.spans(
            inside.x,
            bottom,
            inside.width,
            &[(" ⏎ ", Tone::Good), (form.verb, Tone::Good), ("   esc ", Tone::Accent), ("cancel", Tone::Dim)],
        );
    }
}

fn draw_secret(painter: &mut Painter<'_>, dialog: &SecretOnce, area: Rect) {
    let revealed = &dialog.revealed;
    let width = (columns(revealed.secret.reveal()) + 6).max(66);
    let inside = open(painter, middle(area, width, 11), &dialog.title());
    let expires = revealed.expires_at.map_or_else(|| "never".to_owned(), when::full);
    painter.spans(inside.x, inside.y, inside.width, &[("Name     ", Tone::Dim), (&revealed.name, Tone::Strong)]);
    painter.spans(inside.x, inside.y + 1, inside.width, &[("Expires  ", Tone::Dim), (&expires, Tone::Plain)]);
    // Whole, whatever the width: a secret that is cut is worth nothing.
    let lines = wrap(revealed.secret.reveal(), usize::from(inside.width));
    for (y, line) in (inside.y + 3..).zip(lines.iter().take(3)) {
        painter.text(inside.x, y, inside.width, line, Tone::Accent);
    }
    let warning = "It is shown this once. Only a hash of it is kept.";
    painter.text(inside.x, inside.y + 6, inside.width, warning, Tone::Warn);
    let (text, tone) = match (dialog.copied, dialog.warned) {
        (true, _) => ("✓ Handed to the terminal's clipboard (OSC 52). Check that it arrived.", Tone::Good),
        (false, true) => ("Not copied yet. The same key again closes this for good.", Tone::Bad),
        (false, false) => ("c copies it through the terminal, over ssh too.", Tone::Dim),
    };
    painter.text(inside.x, inside.y + 7, inside.width, text, tone);
}

fn draw_types(painter: &mut Painter<'_>, types: &Types, area: Rect) {
    let matching = types.matching();
    let inside = open(painter, middle(area, 60, area.height - 4), "Types of entries");
    painter.text(inside.x, inside.y, 2, "/", Tone::Accent);
    painter.field(inside.x + 2, inside.y, inside.width.saturating_sub(16), &types.field, true);
    let chosen = match types.chosen.len() {
        0 => "all".to_owned(),
        count => format!("{count} chosen"),
    };
    painter.right(inside, inside.y, &[(&chosen, Tone::Accent)]);
    let list = Rect { y: inside.y + 2, height: inside.height.saturating_sub(2), ..inside };
    let height = usize::from(list.height);
    painter.rows = height;
    let first = types.cursor.first_in_view(height, matching.len());
    for (y, (at, kind)) in (list.y..list.bottom()).zip(matching.iter().enumerate().skip(first)) {
        let line = Rect::new(list.x - 1, y, list.width + 2, 1);
        let (mark, tone) = if types.chosen.contains(kind) { ("[x] ", Tone::Accent) } else { ("[ ] ", Tone::Dim) };
        let word = if kind.is_failure() { Tone::Bad } else { Tone::Plain };
        painter.spans(list.x, y, list.width, &[(mark, tone), (kind.as_str(), word)]);
        if at == types.cursor.selected {
            painter.style(line, painter.theme.selected(true));
        }
        painter.hit(line, Target::Row(at));
    }
    painter.scrollbar(Rect::new(inside.right() + 1, list.y, 1, list.height), first, matching.len());
}
