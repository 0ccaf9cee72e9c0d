//! The page that replaces the screens while the server is unreachable or refuses the token.

use ratatui::layout::Rect;

use crate::{
    api::ApiError,
    model::{ConnectionStatus, Model},
    time_format,
    ui::{Canvas, Tone, below, row},
};

const WIDTH: u16 = 76;
const HEIGHT: u16 = 14;

pub(super) fn draw(canvas: &mut Canvas<'_>, model: &Model, area: Rect) {
    let width = WIDTH.min(area.width.saturating_sub(2));
    let (x, y) = (area.x + (area.width - width) / 2, area.y + area.height / 6);
    let place = Rect { x, y, width, height: HEIGHT.min(area.bottom() - y) };
    let server = model.options.server.as_str();
    let ConnectionStatus::Disconnected { error, since, retry_at, attempts } = &model.connection else {
        let inside = canvas.panel(Rect { height: 4.min(place.height), ..place }, "Connecting", false);
        canvas.line(
            inside,
            &[(canvas.spinner(), Tone::Accent), (" Connecting to ", Tone::Plain), (server, Tone::Strong)],
        );
        return;
    };
    let (title, advice) = explain(error);
    let inside = canvas.panel(place, title, false);
    canvas.line(inside, &[("✗ ", Tone::Bad), (server, Tone::Strong)]);
    let mut rest = below(Rect { height: inside.height.saturating_sub(2), ..inside }, 2);
    let used = canvas.paragraph(rest, &error.to_string(), Tone::Plain);
    rest = below(rest, used + 1);
    for line in advice {
        let used = canvas.paragraph(rest, line, Tone::Dim);
        rest = below(rest, used);
    }
    let elapsed = |from: i64, to: i64| to.saturating_sub(from).max(0);
    let retry = if model.me_request.is_some() {
        "Retrying…".to_owned()
    } else {
        format!("Retrying in {} s", (elapsed(model.now.millis(), retry_at.millis()) + 999) / 1_000)
    };
    let tries = match attempts {
        1 => "  ·  1 attempt".to_owned(),
        _ => format!(
            "  ·  {attempts} attempts in {}",
            time_format::duration(elapsed(since.millis(), model.now.millis()))
        ),
    };
    let texts = [(canvas.spinner(), Tone::Accent), (" ", Tone::Plain), (&retry, Tone::Plain), (&tries, Tone::Dim)];
    canvas.line(row(inside, inside.height.saturating_sub(1)), &texts);
}

/// Returns a title for an error, and suggestions for the user.
const fn explain(error: &ApiError) -> (&'static str, &'static [&'static str]) {
    match error {
        ApiError::Unreachable { .. } | ApiError::TimedOut { .. } => (
            "The server is unreachable",
            &[
                "Start a server on this machine with `doorward quickstart`, or name",
                "another server with --url, a profile or DOORWARD_ADMIN_URL.",
                "The app keeps retrying; it does not have to be restarted.",
            ],
        ),
        ApiError::Unauthorized { .. } => (
            "The server does not accept the token",
            &[
                "The token comes from --token-file, DOORWARD_ADMIN_TOKEN, a profile,",
                "or ./data/admin.token of a quickstart.",
                "Create a new one with `doorward admin-token create` on the server.",
            ],
        ),
        ApiError::CertificateUnknown { .. } => (
            "The server's certificate is not trusted",
            &[
                "Nothing was sent to the server. If a private authority issued the certificate,",
                "name the authority's certificate with --ca-file or in the profile.",
            ],
        ),
        ApiError::Unexpected { .. } => (
            "This is not Doorward's admin API",
            &["The admin API has its own port, 8001 by default. Check the address."],
        ),
        _ => ("The server refuses the request", &["Its version may differ, or it may still be starting."]),
    }
}
