//! Drawing of the tenants of a limited token.

use doorward_shared::{admin::Role, counted};
use ratatui::layout::Rect;

use super::OwnTenants;
use crate::{
    number_format::short,
    screen::disabling::name_cell,
    ui::{Canvas, Column, Section, Tone, View, age_cell, below, cell, refusals_cell, right_of},
};

impl View for OwnTenants {
    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let place = Rect { width: area.width.saturating_sub(2), ..right_of(area, 1) };
        let used = canvas.paragraph(place, &self.limit(), Tone::Strong);
        let used = used + canvas.paragraph(below(place, used), self.consequence(), Tone::Plain);
        let columns = [
            Column::share("Name", 3),
            Column::share("RP ID", 2),
            Column::content("Users", 7).right(),
            Column::content("OK 7d", 7).right(),
            Column::content("Refused", 9).right(),
            Column::content("Active", 8).right(),
        ];
        let now = canvas.now;
        canvas.paged_list(below(area, used + 1), &self.list, "None of its tenants exists.", &columns, |it| {
            vec![
                name_cell(&it.tenant.display_name, it.tenant.disabled_at),
                cell(&it.rp_id, Tone::Dim),
                cell(short(it.users), Tone::Plain),
                cell(short(it.succeeded), if it.succeeded == 0 { Tone::Dim } else { Tone::Good }),
                refusals_cell(it.refused),
                age_cell(now, it.last_activity),
            ]
        });
    }
}

impl OwnTenants {
    /// Returns a sentence with the number of tenants that the token may read or change.
    fn limit(&self) -> String {
        // `me` is older than the list, so it may still contain tenants that were deleted in the meantime.
        let listed = self.list.total.and_then(|total| usize::try_from(total).ok());
        let number = listed.unwrap_or_else(|| self.me.tenants.as_ref().map_or(0, Vec::len));
        let tenants = counted(number, "tenant");
        let may = if self.me.role == Role::Admin { "changes" } else { "reads" };
        format!("The token {} only {may} {tenants}.", self.me.name)
    }

    /// Returns a text that says what needs a token for all tenants, and what a row of this list opens.
    const fn consequence(&self) -> &'static str {
        match self.section {
            Section::Audit => {
                "The log of all tenants needs a token for all tenants. Enter opens the log of one tenant."
            }
            Section::Tokens => "Admin tokens are shown, created and revoked only with a token for all tenants.",
            Section::Overview | Section::Tenants => {
                "The overview needs a token for all tenants. Enter opens one of these tenants."
            }
        }
    }
}
