//! A user.

use doorward_shared::{
    admin::UserDetail,
    public::{CredentialItem, TransactionItem},
};
use ratatui::layout::Rect;

use super::{beside, heading, instead_of_rows, pair, past, stale};
use crate::{
    model::Tone,
    screen::user::{Focus, User},
    view::{
        paint::Painter,
        table::{Column, Table, Width, cell},
    },
    when,
};

pub(crate) fn draw(painter: &mut Painter<'_>, screen: &User, area: Rect) {
    let Some(data) = &screen.data.value else {
        return instead_of_rows(painter, area, false, screen.data.error.as_ref(), "");
    };
    let (main, pane) = beside(area, 56);
    draw_facts(painter, data, Rect { height: 3.min(main.height), ..main });
    let rest = Rect { y: main.y + 3, height: main.height.saturating_sub(3), ..main };
    // Where there is no room beside the lists, the selected credential or transaction is told below them.
    let (lists, details) = match pane {
        Some(pane) => (rest, pane),
        None => {
            let details = 7.min(rest.height / 2);
            let lists = Rect { height: rest.height - details, ..rest };
            (lists, Rect { y: lists.bottom(), height: details, ..rest })
        }
    };
    let upper = Rect { height: lists.height.div_ceil(2), ..lists };
    let lower = Rect { y: upper.bottom(), height: lists.height - upper.height, ..lists };
    draw_credentials(painter, screen, data, upper);
    draw_transactions(painter, screen, data, lower);
    match (screen.credential(), screen.transaction()) {
        (Some(credential), _) => draw_credential(painter, credential, details),
        (None, Some(transaction)) => draw_transaction(painter, transaction, None, details),
        (None, None) => {}
    }
    stale(painter, main, screen.data.error.as_ref());
}

fn draw_facts(painter: &mut Painter<'_>, data: &UserDetail, area: Rect) {
    let user = &data.user;
    let x = area.x + 1;
    let room = area.width.saturating_sub(2);
    painter.spans(
        x,
        area.y,
        room,
        &[
            ("user id  ", Tone::Dim),
            (&user.user_id, Tone::Strong),
            ("   signs in as  ", Tone::Dim),
            (&user.name, Tone::Plain),
        ],
    );
    let (seen, id) = (when::full(user.created_at), user.id.to_string());
    painter.spans(
        x,
        area.y + 1,
        room,
        &[
            ("name     ", Tone::Dim),
            (&user.display_name, Tone::Plain),
            ("   first seen  ", Tone::Dim),
            (&seen, Tone::Plain),
            ("   id  ", Tone::Dim),
            (&id, Tone::Dim),
        ],
    );
}

fn name_of(credential: &CredentialItem) -> String {
    credential.name.clone().unwrap_or_else(|| credential.id.to_string())
}

fn draw_credentials(painter: &mut Painter<'_>, screen: &User, data: &UserDetail, area: Rect) {
    let focused = screen.focus == Focus::Credentials;
    let line = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    heading(painter, line, area.y, &format!("Credentials ({})", data.credentials.len()), focused);
    let rows = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if data.credentials.is_empty() {
        return instead_of_rows(painter, rows, true, None, "This user has no credentials.");
    }
    let table = Table {
        columns: vec![
            Column::new("Name", Width::Share(3)),
            Column::new("Kind", Width::Fixed(13)),
            Column::new("Backup", Width::Fixed(8)),
            Column::new("Registered", Width::Fixed(10)),
            Column::new("Last used", Width::Fixed(9)).right(),
        ],
        len: data.credentials.len(),
        cursor: &screen.credentials,
        focused,
    };
    let now = painter.now;
    painter.table(rows, &table, |at| match data.credentials.get(at) {
        Some(it) => vec![
            cell(name_of(it), Tone::Plain),
            cell(if it.is_mfa { "second factor" } else { "passkey" }, Tone::Plain),
            match (it.backup_eligible, it.backup_state) {
                (_, true) => cell("synced", Tone::Plain),
                (true, false) => cell("possible", Tone::Dim),
                (false, false) => cell("device", Tone::Dim),
            },
            cell(when::date(it.created_at), Tone::Dim),
            past(now, it.last_used_at),
        ],
        None => Vec::new(),
    });
}

fn draw_transactions(painter: &mut Painter<'_>, screen: &User, data: &UserDetail, area: Rect) {
    let focused = screen.focus == Focus::Transactions;
    let line = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    heading(painter, line, area.y, &format!("Latest transactions ({})", data.transactions.len()), focused);
    let rows = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if data.transactions.is_empty() {
        return instead_of_rows(painter, rows, true, None, "This user has no transactions.");
    }
    let table = Table {
        columns: vec![
            Column::new("Transaction", Width::Share(2)),
            Column::new("Data", Width::Share(3)),
            Column::new("Started", Width::Fixed(8)).right(),
        ],
        len: data.transactions.len(),
        cursor: &screen.transactions,
        focused,
    };
    let now = painter.now;
    painter.table(rows, &table, |at| match data.transactions.get(at) {
        Some(it) => vec![
            cell(&it.identifier, Tone::Plain),
            cell(&it.data, Tone::Dim),
            cell(when::ago(now, it.created_at), Tone::Plain),
        ],
        None => Vec::new(),
    });
}

fn draw_credential(painter: &mut Painter<'_>, it: &CredentialItem, area: Rect) {
    let inside = painter.panel(area, &name_of(it), false);
    let transports = if it.transports.is_empty() { "not told".to_owned() } else { it.transports.join(", ") };
    let pairs = [
        ("id", it.id.to_string()),
        ("model", it.aaguid.to_string()),
        ("attestation", it.attestation_type.clone()),
        ("transports", transports),
        ("registered", when::full(it.created_at)),
        ("last used", it.last_used_at.map_or_else(|| "never".to_owned(), when::full)),
        ("public key", it.public_key.to_string()),
    ];
    let mut y = inside.y;
    for (name, value) in &pairs {
        y += pair(painter, inside, y, name, value, Tone::Plain);
    }
}

/// A transaction with the data that was confirmed.
pub(super) fn draw_transaction(painter: &mut Painter<'_>, it: &TransactionItem, user: Option<&str>, area: Rect) {
    let inside = painter.panel(area, &it.identifier, false);
    let mut y = inside.y;
    if let Some(user) = user {
        y += pair(painter, inside, y, "user", user, Tone::Plain);
    }
    y += pair(painter, inside, y, "started", &when::full(it.created_at), Tone::Plain);
    y += pair(painter, inside, y, "changed", &when::full(it.updated_at), Tone::Plain);
    // Spread out where it is JSON, which is what was signed up to white space.
    let value =
        serde_json::from_str::<serde_json::Value>(&it.data).and_then(|value| serde_json::to_string_pretty(&value));
    for line in value.as_deref().unwrap_or(&it.data).lines() {
        let rest = Rect { y, height: inside.bottom().saturating_sub(y), ..inside };
        y += painter.wrapped(rest, line, Tone::Plain);
    }
}
