//! A tenant's configuration as a form.

use doorward_shared::admin::ConfigProblem;
use ratatui::layout::Rect;

use super::heading;
use crate::{
    message::Target,
    model::Tone,
    screen::config::{ConfigForm, Group, Value},
    view::paint::Painter,
};

const LABEL: u16 = 19;

/// A line of the form.
enum Item {
    Gap,
    Heading(Group),
    Row(usize),
}

pub(super) fn draw(painter: &mut Painter<'_>, form: &ConfigForm, area: Rect) {
    let problems = form.problems();
    let foot = Rect { y: area.bottom().saturating_sub(2), height: 2, ..area };
    let body = Rect { height: area.height.saturating_sub(3), ..area };
    if area.width >= 120 {
        let left = body.width / 2;
        let groups = |wanted: [Group; 2]| items(form, &wanted);
        let columns = [
            (groups([Group::RelyingParty, Group::Browsers]), Rect { width: left - 1, ..body }),
            (
                groups([Group::Passkeys, Group::SecondFactors]),
                Rect { x: body.x + left + 1, width: body.width - left - 1, ..body },
            ),
        ];
        for (items, place) in &columns {
            draw_items(painter, form, items, &problems, *place);
        }
    } else {
        let all = [Group::RelyingParty, Group::Passkeys, Group::SecondFactors, Group::Browsers];
        draw_items(painter, form, &items(form, &all), &problems, body);
    }
    painter.rows = usize::from(body.height);
    draw_foot(painter, form, &problems, foot);
}

fn items(form: &ConfigForm, groups: &[Group]) -> Vec<Item> {
    let mut items = Vec::new();
    for &group in groups {
        if !items.is_empty() {
            items.push(Item::Gap);
        }
        items.push(Item::Heading(group));
        let rows = form.lines.iter().enumerate().filter(|(_, line)| line.slot.group() == group);
        items.extend(rows.map(|(row, _)| Item::Row(row)));
    }
    items
}

fn draw_items(painter: &mut Painter<'_>, form: &ConfigForm, items: &[Item], problems: &[ConfigProblem], area: Rect) {
    let height = usize::from(area.height);
    let selected = items.iter().position(|item| matches!(item, Item::Row(row) if *row == form.cursor.selected));
    // As far down as the selected row needs, with a line below it to see what follows.
    let first = selected.map_or(0, |at| (at + 2).saturating_sub(height)).min(items.len().saturating_sub(height));
    for (y, item) in (area.y..area.bottom()).zip(items.iter().skip(first)) {
        match item {
            Item::Gap => {}
            Item::Heading(group) => {
                heading(
                    painter,
                    Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area },
                    y,
                    group.heading(),
                    false,
                );
            }
            Item::Row(row) => draw_row(painter, form, *row, problems, Rect { y, height: 1, ..area }),
        }
    }
    painter.scrollbar(Rect::new(area.right() - 1, area.y, 1, area.height), first, items.len());
}

fn draw_row(painter: &mut Painter<'_>, form: &ConfigForm, row: usize, problems: &[ConfigProblem], area: Rect) {
    let Some(line) = form.lines.get(row) else { return };
    let selected = row == form.cursor.selected;
    let problem = form.problem_of(row, problems);
    let (x, y) = (area.x + 3, area.y);
    let value = area.x + 3 + LABEL;
    let room = area.width.saturating_sub(LABEL + 5);
    let tone = if problem.is_some() { Tone::Bad } else { Tone::Dim };
    painter.text(x, y, LABEL, line.slot.label(), tone);
    if problem.is_some() {
        painter.text(area.x + 1, y, 1, "✗", Tone::Bad);
    }
    match &line.value {
        Value::Text(field) if selected && form.editing => painter.field(value, y, room, field, true),
        Value::Text(field) if field.text().is_empty() => {
            let empty = if line.slot.is_list() { "+ add" } else { "–" };
            painter.text(value, y, room, empty, Tone::Dim);
        }
        Value::Text(field) => {
            painter.text(value, y, room, field.text(), Tone::Plain);
        }
        Value::Choice(words, chosen) => {
            let mut used = 0;
            for (at, word) in words.iter().enumerate() {
                let tone = if at == *chosen { Tone::Accent } else { Tone::Dim };
                let (left, right) = if at == *chosen { ("‹", "› ") } else { (" ", "  ") };
                // Where the words do not all fit, the chosen one is enough.
                if area.width < 70 && at != *chosen {
                    continue;
                }
                used += painter.spans(
                    value + used,
                    y,
                    room.saturating_sub(used),
                    &[(left, tone), (word, tone), (right, tone)],
                );
            }
        }
    }
    if selected && !form.editing {
        painter.style(area, painter.theme.selected(true));
        painter.text(area.x, y, 1, "▌", Tone::Accent);
    }
    painter.hit(area, Target::Row(row));
}

/// What is wrong with the selected row, or with any; else what to write there.
fn draw_foot(painter: &mut Painter<'_>, form: &ConfigForm, problems: &[ConfigProblem], area: Rect) {
    let (x, room) = (area.x + 1, area.width.saturating_sub(2));
    let Some(line) = form.lines.get(form.cursor.selected) else { return };
    match form.problem_of(form.cursor.selected, problems) {
        Some(problem) => painter.text(x, area.y, room, &format!("✗ {problem}"), Tone::Bad),
        None => painter.text(x, area.y, room, line.slot.hint(), Tone::Dim),
    };
    let state = match (form.is_changed(), form.is_checking(), problems) {
        (false, ..) => ("as the server has it".to_owned(), Tone::Dim),
        (true, true, _) => (format!("{} checking…", painter.spinner()), Tone::Dim),
        (true, false, []) if form.check_error().is_some() => {
            let why = form.check_error().map(ToString::to_string).unwrap_or_default();
            (format!("● changed, not saved; not checked: {why}"), Tone::Warn)
        }
        (true, false, []) => ("● changed, not saved; the server would take it".to_owned(), Tone::Warn),
        (true, false, [one]) => (format!("✗ {}: {}", one.field, one.message), Tone::Bad),
        (true, false, [first, ..]) => {
            (format!("✗ {} problems, the first: {}: {}", problems.len(), first.field, first.message), Tone::Bad)
        }
    };
    painter.text(x, area.y + 1, room, &state.0, state.1);
}
