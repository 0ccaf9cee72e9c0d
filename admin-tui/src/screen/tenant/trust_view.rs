//! Drawing of the tab about trust in authenticators: the FIDO metadata, and the algorithms in use.

use doorward_shared::{
    CoseAlgorithm,
    admin::{AlgorithmCount, CryptoRadar, MetadataStatus},
    config::TrustPolicy,
    counted,
};
use ratatui::layout::{Constraint, Layout, Rect};

use super::Tenant;
use crate::{
    number_format::short,
    time_format,
    ui::{Canvas, Detail, Tone, right_of, row},
};

/// Height of the upper panels if the area has at least `TALL` rows. In a smaller area, the panels fill the upper half.
const METADATA_HEIGHT: u16 = 8;
const TALL: u16 = 14;
/// Minimum width of the area for two panels side by side.
const WIDTH_OF_TWO: u16 = 72;
/// Width of a column of numbers.
const NUMBER_WIDTH: u16 = 10;

impl Tenant {
    pub(super) fn draw_trust(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let height = if area.height >= TALL { METADATA_HEIGHT } else { area.height / 2 };
        let [upper, lower] = Layout::vertical([Constraint::Length(height), Constraint::Fill(1)]).areas(area);
        let halves = [Constraint::Fill(1); 2];
        let is_narrow = area.width < WIDTH_OF_TWO;
        let [algorithms, ready] = if is_narrow {
            self.draw_metadata(canvas, upper);
            Layout::vertical(halves).areas(lower)
        } else {
            let [metadata, policies] = Layout::horizontal(halves).areas(upper);
            self.draw_metadata(canvas, metadata);
            self.draw_policies(canvas, policies);
            Layout::horizontal(halves).areas(lower)
        };
        let Some(radar) = &self.radar.value else {
            return canvas.placeholder(lower, false, self.radar.error.as_ref(), "");
        };
        draw_algorithms(canvas, radar, algorithms);
        draw_ready(canvas, radar, ready);
        canvas.stale_marker(lower, self.radar.error.as_ref());
    }

    fn draw_metadata(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let inside = canvas.panel(area, "Authenticator metadata (FIDO MDS)", false);
        let Some(status) = &self.metadata.value else {
            return canvas.placeholder(inside, false, self.metadata.error.as_ref(), "");
        };
        canvas.details(inside, &metadata_details(status));
    }

    /// Draws the modes of the policies, and a problem if they need metadata that is absent or outdated.
    fn draw_policies(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let inside = canvas.panel(area, "Trust policies", false);
        let Some(form) = &self.form else { return };
        let trust = &form.saved().0.trust;
        let mode = |policy: &TrustPolicy| format!("register {}, login {}", policy.registration, policy.login);
        let mut details: Vec<Detail> = vec![
            ("passkeys", mode(&trust.passkeys), Tone::Plain),
            ("2nd factors", mode(&trust.second_factors), Tone::Plain),
        ];
        let needs_metadata = trust.passkeys.needs_metadata() || trust.second_factors.needs_metadata();
        match &self.metadata.value {
            Some(status) if needs_metadata && status.number.is_none() => {
                details.push(("problem", "they need metadata, and none is imported".to_owned(), Tone::Bad));
            }
            Some(status) if needs_metadata && status.outdated => {
                details.push(("problem", "they use metadata that is out of date".to_owned(), Tone::Warn));
            }
            _ => {}
        }
        details.push(("change", "in the tab Configuration".to_owned(), Tone::Dim));
        canvas.details(inside, &details);
    }
}

fn metadata_details(status: &MetadataStatus) -> Vec<Detail> {
    let import = ("import", "doorward mds import FILE, from mds3.fidoalliance.org".to_owned(), Tone::Dim);
    let Some(number) = status.number else {
        return vec![("number", "nothing is imported: no model can be proven".to_owned(), Tone::Warn), import];
    };
    let (late, tone) = if status.outdated { (" (overdue)", Tone::Bad) } else { ("", Tone::Plain) };
    let imported = match (status.imported_at, status.age_days) {
        (Some(at), Some(days)) => format!("{}, {} ago", time_format::date(at), counted(days, "day")),
        _ => "–".to_owned(),
    };
    vec![
        ("number", format!("{number}, with {}", counted(status.entries, "model")), Tone::Plain),
        ("next update", format!("{}{late}", status.next_update.as_deref().unwrap_or("–")), tone),
        ("imported", imported, Tone::Plain),
        import,
    ]
}

fn draw_algorithms(canvas: &mut Canvas<'_>, radar: &CryptoRadar, area: Rect) {
    let inside = canvas.panel(area, "Algorithms in use", false);
    draw_numbers(canvas, row(inside, 0), ("", Tone::Dim), [("passkeys", Tone::Dim), ("2nd factors", Tone::Dim)]);
    let count = |counts: &[AlgorithmCount], algorithm| {
        counts.iter().find(|count| count.algorithm == algorithm).map_or(0, |count| count.credentials)
    };
    let counts = |algorithm| (count(&radar.passkeys, algorithm), count(&radar.second_factors, algorithm));
    let mut used: Vec<CoseAlgorithm> = CoseAlgorithm::ALL.to_vec();
    used.retain(|algorithm| counts(*algorithm) != (0, 0));
    used.sort_by_key(|algorithm| {
        let (passkeys, second_factors) = counts(*algorithm);
        std::cmp::Reverse(passkeys.saturating_add(second_factors))
    });
    for (line, algorithm) in (1..inside.height).zip(used) {
        let (passkeys, second_factors) = counts(algorithm);
        let numbers = [short(passkeys), short(second_factors)];
        let [passkeys, second_factors] = numbers.each_ref().map(|text| (text.as_str(), Tone::Plain));
        draw_numbers(canvas, row(inside, line), (algorithm.as_str(), Tone::Plain), [passkeys, second_factors]);
    }
}

fn draw_ready(canvas: &mut Canvas<'_>, radar: &CryptoRadar, area: Rect) {
    let inside = canvas.panel(area, "Users ready for stricter policies", false);
    let title = format!("of {}", counted(short(radar.users), "user"));
    draw_numbers(canvas, row(inside, 0), (&title, Tone::Dim), [("users", Tone::Dim), ("share", Tone::Dim)]);
    for (line, ready) in (1..inside.height).zip(&radar.ready) {
        // Rounded down, so that 100 % means all users.
        let percent = u128::from(ready.users) * 100 / u128::from(radar.users.max(1));
        let tone = if percent == 100 { Tone::Good } else { Tone::Plain };
        let (users, share) = (short(ready.users), format!("{percent} %"));
        let name = ready.requirement.as_str().replace('_', " ");
        draw_numbers(canvas, row(inside, line), (&name, Tone::Plain), [(&users, Tone::Plain), (&share, tone)]);
    }
}

/// Draws a name and two right-aligned numbers.
fn draw_numbers(canvas: &mut Canvas<'_>, area: Rect, name: (&str, Tone), numbers: [(&str, Tone); 2]) {
    let names = area.width.saturating_sub(2 * NUMBER_WIDTH + 3);
    canvas.line(Rect { width: names, ..area }, &[name]);
    let [first, second] = numbers;
    canvas.line_right(Rect { width: NUMBER_WIDTH, ..right_of(area, names) }, &[first]);
    let rest = right_of(area, names + NUMBER_WIDTH);
    canvas.line_right(Rect { width: NUMBER_WIDTH + 3, ..rest }, &[second]);
}
