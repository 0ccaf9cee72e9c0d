//! Values and lists that are loaded from the server. The old content stays until the new content has arrived.

use doorward_shared::counted;

use super::{
    context::UpdateContext,
    keymap::{Binding, Command},
    marks::{Keyed, Marks},
    selection::Selection,
};
use crate::{
    api::ApiError,
    effect::{RequestId, RequestResult},
    request::{BackendRequest, BackendResponse},
};

/// The next page is requested if the selection is at most this number of rows above the last loaded row.
const PREFETCH_ROWS: usize = 25;
const MAX_ROWS: usize = 10_000;
/// Maximum number of rows that a reload requests at once.
const MAX_PAGE: usize = 200;

/// Returns a closure that extracts the content of a [`BackendResponse`]: `pick!(BackendResponse::Me(me) => me)`.
macro_rules! pick {
    ($response:pat => $content:expr) => {
        |response| match response {
            $response => Some($content),
            _ => None,
        }
    };
}
pub(crate) use pick;

#[derive(Debug, Clone)]
pub struct LoadedPage<T> {
    rows: Vec<T>,
    next: Option<String>,
    total: Option<u64>,
}

impl<T> LoadedPage<T> {
    /// Creates a page. `next` is the cursor of the next page.
    pub const fn new(rows: Vec<T>, next: Option<String>, total: Option<u64>) -> Self {
        Self { rows, next, total }
    }

    /// Creates a page that contains all rows of a list.
    pub const fn complete(rows: Vec<T>) -> Self {
        Self::new(rows, None, None)
    }
}

#[derive(Debug, Clone)]
pub struct PagedList<T> {
    pub rows: Vec<T>,
    pub selection: Selection,
    /// Number of rows on all pages, if known.
    pub total: Option<u64>,
    pub error: Option<ApiError>,
    pub loaded: bool,
    next: Option<String>,
    pending: Option<(RequestId, LoadKind)>,
    /// The rows that a reload of several pages has loaded so far, and the cursor of the next page. When the reload is
    /// complete, they replace the old rows and the old cursor.
    reloaded: Option<(Vec<T>, Option<String>)>,
    /// Keys of the marked rows, all of which are loaded.
    marks: Marks,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LoadKind {
    /// Reloads the list and keeps the selected row.
    Reload,
    /// Loads a different order or filter and selects the first row.
    Replace,
    Append,
}

impl<T> Default for PagedList<T> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            selection: Selection::default(),
            total: None,
            error: None,
            loaded: false,
            next: None,
            pending: None,
            reloaded: None,
            marks: Marks::default(),
        }
    }
}

impl<T: Keyed> PagedList<T> {
    pub fn selected(&self) -> Option<&T> {
        self.rows.get(self.selection.row()?)
    }

    /// Returns the selection and the number of rows, for [`super::page::Page::list`].
    pub const fn selection_and_len(&mut self) -> (&mut Selection, usize) {
        (&mut self.selection, self.rows.len())
    }

    pub const fn is_pending(&self) -> bool {
        self.pending.is_some()
    }

    /// Returns whether the app may reload the list without a command of the user. This is allowed if no request is
    /// pending, no row is marked, and one request can reload all loaded rows.
    pub fn may_refresh(&self) -> bool {
        self.pending.is_none() && self.marks.is_empty() && self.rows.len() <= MAX_PAGE
    }

    /// Describes the number of rows: `8 tenants`, or `50+ tenants` while the total is unknown.
    pub fn count(&self, noun: &str) -> String {
        let rows = match self.total {
            Some(total) => counted(total, noun),
            None => counted(format_args!("{}+", self.rows.len()), noun),
        };
        if self.marks.is_empty() { rows } else { format!("{} of {rows} marked", self.marks.len()) }
    }

    pub const fn marks(&self) -> &Marks {
        &self.marks
    }

    /// Returns the marked rows, in the order of the list.
    pub fn marked(&self) -> Vec<&T> {
        self.marks.of(&self.rows)
    }

    pub fn mark_bindings(&self) -> Vec<Binding> {
        self.marks.bindings(!self.rows.is_empty())
    }

    /// Performs a command of [`Self::mark_bindings`]. Returns `false` for any other command.
    pub fn mark(&mut self, command: Command) -> bool {
        self.marks.perform(command, &self.rows, &mut self.selection)
    }

    /// Requests the list from its first page and keeps the selected row. Cancels a pending request.
    pub fn reload(&mut self, call: BackendRequest, cx: &mut UpdateContext<'_>) {
        let replaces = matches!(self.pending, Some((_, LoadKind::Replace)));
        self.request(call, if replaces { LoadKind::Replace } else { LoadKind::Reload }, cx);
    }

    /// Requests the list with a different order or filter and selects the first row. Cancels a pending request.
    pub fn replace(&mut self, call: BackendRequest, cx: &mut UpdateContext<'_>) {
        self.request(call, LoadKind::Replace, cx);
    }

    fn request(&mut self, call: BackendRequest, kind: LoadKind, cx: &mut UpdateContext<'_>) {
        if let Some((id, _)) = self.pending.take() {
            cx.cancel(id);
        }
        self.reloaded = None;
        self.pending = Some((cx.send(call), kind));
    }

    /// Returns whether the server has further rows.
    pub const fn has_more(&self) -> bool {
        self.next.is_some()
    }

    /// Returns the cursor of the next page of an incomplete reload; `None` if no reload is incomplete or a request is
    /// pending.
    pub fn rest_of_reload(&self) -> Option<String> {
        let (_, next) = self.reloaded.as_ref().filter(|_| self.pending.is_none())?;
        next.clone()
    }

    /// Returns the cursor of the next page if the selection is near the last loaded row.
    pub fn wanted_page(&self) -> Option<String> {
        let near_end = self.selection.selected + PREFETCH_ROWS >= self.rows.len();
        self.next
            .clone()
            .filter(|_| near_end && self.pending.is_none() && self.reloaded.is_none() && self.rows.len() < MAX_ROWS)
    }

    pub fn append(&mut self, call: BackendRequest, cx: &mut UpdateContext<'_>) {
        self.pending = Some((cx.send(call), LoadKind::Append));
    }

    /// Returns the page size of a request: 100 with a cursor, otherwise the number of loaded rows, but at least 50 and
    /// at most [`MAX_PAGE`].
    pub fn page_size(&self, cursor: Option<&String>) -> u32 {
        if cursor.is_some() { 100 } else { u32::try_from(self.rows.len().clamp(50, MAX_PAGE)).unwrap_or(50) }
    }

    /// Handles the response to a request of this list. Returns other responses. `pick` extracts the rows.
    pub fn handle_response(
        &mut self,
        response: RequestResult,
        pick: impl FnOnce(BackendResponse) -> Option<LoadedPage<T>>,
    ) -> Option<RequestResult> {
        let Some((_, kind)) = self.pending.filter(|(id, _)| *id == response.id) else { return Some(response) };
        self.pending = None;
        match response.result {
            Ok(body) => {
                self.error = None;
                if let Some(page) = pick(body) {
                    self.take(page, kind);
                }
            }
            Err(error) => (self.error, self.reloaded) = (Some(error), None),
        }
        None
    }

    fn take(&mut self, page: LoadedPage<T>, kind: LoadKind) {
        match (kind, self.reloaded.take()) {
            (LoadKind::Replace, _) => {
                (self.rows, self.next) = (page.rows, page.next);
                self.selection.select(0, self.rows.len());
            }
            (LoadKind::Append, None) => {
                self.rows.extend(page.rows);
                self.next = page.next;
            }
            (LoadKind::Append, Some((reloaded, _))) => self.take_reloaded(reloaded, page.rows, page.next),
            (LoadKind::Reload, _) => self.take_reloaded(Vec::new(), page.rows, page.next),
        }
        match kind {
            LoadKind::Replace => self.marks.clear(),
            LoadKind::Reload | LoadKind::Append => self.marks.retain(&self.rows),
        }
        self.loaded = true;
        let loaded = if self.next.is_none() { u64::try_from(self.rows.len()).ok() } else { None };
        self.total = page.total.or(loaded);
    }

    /// Replaces the rows once the reload has found the selected row or has loaded as many rows as before. If the reload
    /// did not find the selected row, no row is selected.
    fn take_reloaded(&mut self, mut reloaded: Vec<T>, page: Vec<T>, next: Option<String>) {
        reloaded.extend(page);
        let selected = self.selected().map(Keyed::key);
        let found = selected.as_ref().and_then(|key| reloaded.iter().position(|row| row.key() == *key));
        let is_missing = selected.is_some() && found.is_none();
        if is_missing && next.is_some() && reloaded.len() < self.rows.len() {
            self.reloaded = Some((reloaded, next));
            return;
        }
        let had_rows = !self.rows.is_empty();
        (self.rows, self.next) = (reloaded, next);
        match found {
            None if !had_rows => self.selection.select(0, self.rows.len()),
            found => self.selection.select_found(found, self.rows.len()),
        }
    }
}

#[derive(Debug, Clone)]
pub struct Remote<T> {
    pub value: Option<T>,
    pub error: Option<ApiError>,
    pending: Option<RequestId>,
}

impl<T> Default for Remote<T> {
    fn default() -> Self {
        Self { value: None, error: None, pending: None }
    }
}

impl<T> Remote<T> {
    pub const fn is_pending(&self) -> bool {
        self.pending.is_some()
    }

    /// Requests the value. Cancels a pending request.
    pub fn load(&mut self, call: BackendRequest, cx: &mut UpdateContext<'_>) {
        if let Some(id) = self.pending.take() {
            cx.cancel(id);
        }
        self.pending = Some(cx.send(call));
    }

    /// Handles the response to the request that [`Self::load`] sent. Returns other responses. `pick` extracts the new
    /// value; if it returns `None`, the old value stays.
    pub fn handle_response(
        &mut self,
        response: RequestResult,
        pick: impl FnOnce(BackendResponse) -> Option<T>,
    ) -> Option<RequestResult> {
        if self.pending != Some(response.id) {
            return Some(response);
        }
        self.pending = None;
        match response.result.map(pick) {
            Ok(value) => {
                self.error = None;
                self.value = value.or_else(|| self.value.take());
            }
            Err(error) => self.error = Some(error),
        }
        None
    }
}
