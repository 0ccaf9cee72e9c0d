//! The interface of screens and overlays.

use std::fmt::Debug;

use doorward_shared::TenantId;
use ratatui::layout::Rect;

use super::{
    canvas::{Canvas, ClickTarget},
    context::UpdateContext,
    keymap::{Binding, Command},
    merge::Side,
    rights::Rights,
    selection::Selection,
    text_input::TextInput,
    theme::Tone,
};
use crate::{api::AuditQuery, effect::RequestResult};

pub trait View {
    fn draw(&self, canvas: &mut Canvas<'_>, area: Rect);
}

/// A screen or overlay: its state and its reaction to events.
pub trait Page: View + Debug + Send {
    /// Returns the title. The header also shows it in the path of open screens, such as `Overview › Audit log`.
    fn title(&self) -> String;

    /// Returns the key bindings in the current state, without commands that the token may not use.
    fn bindings(&self, rights: Rights) -> Vec<Binding>;

    fn perform(&mut self, command: Command, cx: &mut UpdateContext<'_>);

    /// Requests the data that the page shows. Called when the page becomes visible and when the user reloads it.
    fn load(&mut self, _cx: &mut UpdateContext<'_>) {}

    /// Handles a response. Returns it if another page sent the request.
    fn handle_response(&mut self, response: RequestResult, _cx: &mut UpdateContext<'_>) -> Option<RequestResult> {
        Some(response)
    }

    /// Returns whether the user may be waiting for a pending request.
    fn is_busy(&self) -> bool {
        false
    }

    /// Performs work that is due. Called at every tick while the page is visible.
    fn tick(&mut self, _cx: &mut UpdateContext<'_>) {}

    fn status(&self) -> Option<(String, Tone)> {
        None
    }

    /// Returns the selection and the number of rows of the focused list.
    fn list(&mut self) -> Option<(&mut Selection, usize)> {
        None
    }

    fn selection_moved(&mut self, _cx: &mut UpdateContext<'_>) {}

    /// Returns whether keys without a binding are typed into the text input.
    fn is_editing(&self) -> bool {
        false
    }

    fn text_input(&mut self) -> Option<&mut TextInput> {
        None
    }

    fn text_edited(&mut self, _cx: &mut UpdateContext<'_>) {}

    fn click(&mut self, _target: ClickTarget, _cx: &mut UpdateContext<'_>) {}

    /// Returns whether the first click on a row opens it. Otherwise the first click selects and the second opens.
    fn opens_on_first_click(&self) -> bool {
        false
    }

    /// Returns whether the page asks the user to confirm a destructive action.
    fn is_destructive(&self) -> bool {
        false
    }

    /// Receives the number of rows of the wrapped text that was drawn. The app sets the height of [`Self::list`] before
    /// it calls this method.
    fn text_drawn(&mut self, _rows: usize) {}

    /// Returns the tenant that the page shows, with its name.
    fn tenant(&self) -> Option<(TenantId, String)> {
        None
    }

    /// Describes the work that would be lost if the page were removed.
    fn unsaved_changes(&self) -> Option<String> {
        None
    }

    /// Applies a search text; only audit logs have one.
    fn apply_search(&mut self, _text: &str, _cx: &mut UpdateContext<'_>) {}

    /// Applies filters; only audit logs have any.
    fn apply_filters(&mut self, _query: AuditQuery, _cx: &mut UpdateContext<'_>) {}

    /// Merges the unsaved changes to a tenant's configuration; only the screen of a tenant implements this.
    fn merge(&mut self, _choices: &[(&'static str, Side)], _cx: &mut UpdateContext<'_>) {}
}
