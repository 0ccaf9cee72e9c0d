//! The page in place of all screens while the server is away, or does not know us.

use ratatui::layout::Rect;

use super::paint::Painter;
use crate::{
    api::ApiError,
    model::{Link, Model, Tone},
    when,
};

pub(super) fn page(painter: &mut Painter<'_>, model: &Model, area: Rect) {
    let width = 76.min(area.width.saturating_sub(2));
    let place = Rect::new(area.x + (area.width - width) / 2, area.y + area.height / 6, width, 14.min(area.height));
    match &model.link {
        Link::Connecting => {
            let inside = painter.panel(Rect { height: 4.min(place.height), ..place }, "Connecting", false);
            let spinner = painter.spinner();
            painter.spans(
                inside.x,
                inside.y,
                inside.width,
                &[(spinner, Tone::Accent), (" Asking ", Tone::Plain), (&model.options.server, Tone::Strong)],
            );
        }
        Link::Down { error, since, retry_at, attempts } => {
            let (title, advice) = words(error);
            let inside = painter.panel(place, title, false);
            let mut y = inside.y;
            painter.spans(inside.x, y, inside.width, &[("✗ ", Tone::Bad), (&model.options.server, Tone::Strong)]);
            y += 2;
            let rest = |y: u16| Rect { y, height: inside.bottom().saturating_sub(y + 2), ..inside };
            y += painter.wrapped(rest(y), &error.to_string(), Tone::Plain) + 1;
            for line in advice {
                y += painter.wrapped(rest(y), line, Tone::Dim);
            }
            let wait = (retry_at.millis().saturating_sub(model.now.millis()).max(0) + 999) / 1_000;
            let again = if model.greeting.is_some() {
                "Trying again…".to_owned()
            } else {
                format!("Trying again in {wait} s")
            };
            let away = when::span(model.now.millis().saturating_sub(since.millis()));
            let tries = match attempts {
                1 => "tried once".to_owned(),
                _ => format!("tried {attempts} times in {away}"),
            };
            let spinner = painter.spinner();
            painter.spans(
                inside.x,
                inside.bottom() - 1,
                inside.width,
                &[
                    (spinner, Tone::Accent),
                    (" ", Tone::Plain),
                    (&again, Tone::Plain),
                    (&format!("  ·  {tries}"), Tone::Dim),
                ],
            );
        }
        Link::Up => {}
    }
}

/// What it is called, and what can be done about it.
const fn words(error: &ApiError) -> (&'static str, &'static [&'static str]) {
    match error {
        ApiError::Unreachable { .. } | ApiError::TimedOut { .. } => (
            "The server is away",
            &[
                "Is it running?  doorward quickstart  starts one on this machine.",
                "Is it elsewhere?  --url, a profile or DOORWARD_ADMIN_URL says where.",
                "It is tried again by itself; nothing needs to be restarted here.",
            ],
        ),
        ApiError::Unauthorized { .. } => (
            "The server does not accept the token",
            &[
                "The token comes from --token-file, DOORWARD_ADMIN_TOKEN, a profile,",
                "or ./data/admin.token beside a quickstart.",
                "A new one is made with  doorward admin-token create  on the server.",
            ],
        ),
        ApiError::CertificateUnknown { .. } => (
            "The server's certificate is not trusted",
            &[
                "Nothing was sent to it. If a private authority issued the certificate, name",
                "its certificate with --ca-file or in the profile.",
            ],
        ),
        ApiError::Unexpected { .. } => (
            "This is not Doorward's admin API",
            &["The admin API listens on its own port, 8001 unless configured otherwise."],
        ),
        _ => ("The server refuses", &["It may be of another version, or still starting."]),
    }
}
