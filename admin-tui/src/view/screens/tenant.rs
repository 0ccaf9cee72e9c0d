//! A tenant and its tabs.

use doorward_shared::admin::SigningKeyItem;
use ratatui::layout::Rect;

use super::{beside, config, expiry, instead_of_rows, past, search_line, stale, user::draw_transaction};
use crate::{
    message::Target,
    model::Tone,
    screen::tenant::{Tab, Tenant},
    view::{
        paint::Painter,
        short,
        table::{Column, Table, Width, cell},
    },
    when,
};

pub(crate) fn draw(painter: &mut Painter<'_>, screen: &Tenant, area: Rect) {
    draw_facts(painter, screen, Rect { height: 1, ..area });
    draw_tabs(painter, screen, Rect { y: area.y + 2, height: 1, ..area });
    let body = Rect { y: area.y + 4, height: area.height.saturating_sub(4), ..area };
    match screen.tab {
        Tab::Configuration => match &screen.form {
            Some(form) => config::draw(painter, form, body),
            None => instead_of_rows(painter, body, false, screen.error(), ""),
        },
        Tab::ApiKeys => draw_api_keys(painter, screen, body),
        Tab::SigningKeys => draw_signing_keys(painter, screen, body),
        Tab::Users => draw_users(painter, screen, body),
        Tab::Transactions => draw_transactions(painter, screen, body),
    }
}

fn draw_facts(painter: &mut Painter<'_>, screen: &Tenant, area: Rect) {
    let x = area.x + 1;
    let room = area.width.saturating_sub(2);
    let Some(overview) = &screen.overview.value else {
        painter.text(x, area.y, room, &screen.id.to_string(), Tone::Dim);
        return;
    };
    let it = &overview.summary;
    let (users, passkeys) = (short(it.users), short(it.credentials));
    let (good, bad) = (short(it.succeeded), short(it.refused));
    let id = if area.width >= 110 { format!("{}   ", screen.id) } else { String::new() };
    let used = painter.spans(
        x,
        area.y,
        room,
        &[
            (&id, Tone::Dim),
            (&users, Tone::Strong),
            (if it.users == 1 { " user  " } else { " users  " }, Tone::Dim),
            (&passkeys, Tone::Strong),
            (if it.credentials == 1 { " credential  " } else { " credentials  " }, Tone::Dim),
            (&good, Tone::Good),
            (" ok  ", Tone::Dim),
            (&bad, if it.refused == 0 { Tone::Dim } else { Tone::Bad }),
            (" refused in 7 days  ", Tone::Dim),
        ],
    );
    let days = overview.activity.iter();
    painter.sparkline(x + used, area.y, days.map(|point| point.succeeded + point.refused), Tone::Good);
}

fn draw_tabs(painter: &mut Painter<'_>, screen: &Tenant, area: Rect) {
    let mut x = area.x + 1;
    for (at, tab) in Tab::ALL.into_iter().enumerate() {
        let unsaved = tab == Tab::Configuration && screen.form.as_ref().is_some_and(|form| form.is_changed());
        let name = format!(" {}{} ", tab.name(), if unsaved { " ●" } else { "" });
        let style = if tab == screen.tab { painter.theme.front() } else { painter.theme.style(Tone::Plain) };
        let used = painter.styled(x, area.y, area.right().saturating_sub(x), &name, style);
        painter.hit(Rect::new(x, area.y, used, 1), Target::Tab(at));
        x += used + 1;
    }
}

fn draw_api_keys(painter: &mut Painter<'_>, screen: &Tenant, area: Rect) {
    let list = &screen.api_keys;
    if list.rows.is_empty() {
        let nothing = "There are no API keys: the tenant's backend cannot call the API.";
        return instead_of_rows(painter, area, list.loaded, list.error.as_ref(), nothing);
    }
    let table = Table {
        columns: vec![
            Column::new("Name", Width::Share(3)),
            Column::new("Begins with", Width::Share(2)),
            Column::new("Created", Width::Fixed(10)),
            Column::new("Last used", Width::Fixed(9)).right(),
            Column::new("Expires", Width::Fixed(12)).right(),
        ],
        len: list.rows.len(),
        cursor: &list.cursor,
        focused: true,
    };
    let now = painter.now;
    painter.table(area, &table, |at| match list.rows.get(at) {
        Some(it) => vec![
            cell(&it.name, Tone::Plain),
            cell(&it.hint, Tone::Dim),
            cell(when::date(it.created_at), Tone::Dim),
            past(now, it.last_used_at),
            expiry(now, it.expires_at),
        ],
        None => Vec::new(),
    });
    stale(painter, area, list.error.as_ref());
}

fn state(key: &SigningKeyItem) -> (String, Tone) {
    match (key.retired_at, key.signing) {
        (Some(at), _) => (format!("retired {}", when::date(at)), Tone::Dim),
        (None, true) => ("● signs".to_owned(), Tone::Good),
        (None, false) => (format!("signs from {}", when::full(key.signs_from)), Tone::Warn),
    }
}

fn draw_signing_keys(painter: &mut Painter<'_>, screen: &Tenant, area: Rect) {
    let list = &screen.signing_keys;
    if list.rows.is_empty() {
        return instead_of_rows(painter, area, list.loaded, list.error.as_ref(), "There are no signing keys.");
    }
    let table = Table {
        columns: vec![
            Column::new("Key id (kid)", Width::Fixed(36)),
            Column::new("Algorithm", Width::Fixed(9)),
            Column::new("Created", Width::Fixed(10)).from(84),
            Column::new("State", Width::Share(1)),
        ],
        len: list.rows.len(),
        cursor: &list.cursor,
        focused: true,
    };
    painter.table(area, &table, |at| match list.rows.get(at) {
        Some(it) => {
            let (state, tone) = state(it);
            vec![
                cell(it.id.to_string(), Tone::Plain),
                cell(it.algorithm.as_str(), Tone::Plain),
                cell(when::date(it.created_at), Tone::Dim),
                cell(state, tone),
            ]
        }
        None => Vec::new(),
    });
    stale(painter, area, list.error.as_ref());
}

fn draw_users(painter: &mut Painter<'_>, screen: &Tenant, area: Rect) {
    let list = &screen.users;
    let area = search_line(painter, area, &screen.user_search);
    if list.rows.is_empty() {
        let nothing = if screen.user_search.text().is_some() { "No user matches." } else { "There are no users yet." };
        return instead_of_rows(painter, area, list.loaded, list.error.as_ref(), nothing);
    }
    let table = Table {
        columns: vec![
            Column::new("User id", Width::Share(3)),
            Column::new("Signs in as", Width::Share(3)),
            Column::new("Name", Width::Share(2)).from(90),
            Column::new("Creds", Width::Fixed(5)).right(),
            Column::new("Last used", Width::Fixed(9)).right(),
            Column::new("First seen", Width::Fixed(10)),
        ],
        len: list.rows.len(),
        cursor: &list.cursor,
        focused: true,
    };
    let now = painter.now;
    painter.table(area, &table, |at| match list.rows.get(at) {
        Some(it) => vec![
            cell(&it.user.user_id, Tone::Plain),
            cell(&it.user.name, Tone::Plain),
            cell(&it.user.display_name, Tone::Dim),
            cell(short(it.credentials), if it.credentials == 0 { Tone::Warn } else { Tone::Plain }),
            past(now, it.last_used_at),
            cell(when::date(it.user.created_at), Tone::Dim),
        ],
        None => Vec::new(),
    });
    stale(painter, area, list.error.as_ref());
}

fn draw_transactions(painter: &mut Painter<'_>, screen: &Tenant, area: Rect) {
    let list = &screen.transactions;
    let area = search_line(painter, area, &screen.transaction_search);
    if list.rows.is_empty() {
        let filtered = screen.transaction_search.text().is_some();
        let nothing = if filtered { "No transaction matches." } else { "There are no transactions yet." };
        return instead_of_rows(painter, area, list.loaded, list.error.as_ref(), nothing);
    }
    let (rows, pane) = match beside(area, 56) {
        (rows, None) if screen.details => {
            let pane = area.height * 3 / 5;
            let rows = Rect { height: area.height - pane, ..rows };
            (rows, Some(Rect { y: rows.bottom(), height: pane, ..area }))
        }
        both => both,
    };
    let table = Table {
        columns: vec![
            Column::new("Transaction", Width::Share(3)),
            Column::new("User", Width::Share(2)),
            Column::new("State", Width::Fixed(9)),
            Column::new("Started", Width::Fixed(8)).right(),
        ],
        len: list.rows.len(),
        cursor: &list.cursor,
        focused: true,
    };
    let now = painter.now;
    painter.table(rows, &table, |at| match list.rows.get(at) {
        Some(it) => vec![
            cell(&it.transaction.identifier, Tone::Plain),
            cell(&it.user_id, Tone::Plain),
            if it.confirmed { cell("confirmed", Tone::Good) } else { cell("open", Tone::Dim) },
            cell(when::ago(now, it.transaction.created_at), Tone::Plain),
        ],
        None => Vec::new(),
    });
    stale(painter, rows, list.error.as_ref());
    if let (Some(pane), Some(it)) = (pane, list.selected()) {
        draw_transaction(painter, &it.transaction, Some(&it.user_id), pane);
    }
}
