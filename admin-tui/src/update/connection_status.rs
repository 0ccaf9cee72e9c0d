//! Detects whether the server is reachable, and reconnects.

use super::navigation::{load_screen, toast};
use crate::{
    api::ApiError,
    appearance::ProfileLabel,
    effect::{Effect, RequestResult},
    model::{ConnectionStatus, Model, Options},
    request::{BackendRequest, BackendResponse},
    time_format,
    ui::{Tone, UpdateOutput},
};

/// Time without a response, in milliseconds, after which the connection is checked.
const IDLE_MS: i64 = 2_000;
/// Delays between attempts to reconnect after a temporary error, in milliseconds. The last delay repeats.
const RETRY_MS: [i64; 4] = [1_000, 2_000, 3_000, 5_000];
/// Delay between attempts to reconnect, in milliseconds, after an error that will probably recur, such as a refused
/// token. It is long, because each attempt with a refused token writes an audit entry.
const RETRY_REFUSED_MS: i64 = 30_000;

/// Requests name and role of the token, which also checks the connection.
pub(super) fn request_me(model: &mut Model, output: &mut UpdateOutput) {
    if let Some(id) = model.me_request.take() {
        output.effects.push(Effect::Cancel(id));
    }
    let id = model.next_id();
    model.me_request = Some(id);
    model.me_requested_at = model.now;
    output.effects.push(Effect::Request(id, Box::new(BackendRequest::Me)));
}

/// Resets the model for another server, and connects to that server.
pub(super) fn use_server(
    model: &mut Model,
    server: String,
    profile: Option<ProfileLabel>,
    warnings: Vec<String>,
    output: &mut UpdateOutput,
) {
    let options = Options { server, profile, now: model.now, ..model.options.clone() };
    // Request ids are not reused, so that a late response of the previous server matches no request to the new one.
    let last_id = model.last_id;
    *model = Model::new(options);
    model.last_id = last_id;
    for warning in warnings {
        toast(model, Tone::Warn, warning);
    }
    request_me(model, output);
}

pub(super) fn tick(model: &mut Model, output: &mut UpdateOutput) {
    let is_due = match &model.connection {
        ConnectionStatus::Connecting => true,
        ConnectionStatus::Connected => model.responded_at.plus_millis(IDLE_MS) <= model.now,
        ConnectionStatus::Disconnected { retry_at, .. } => *retry_at <= model.now,
    };
    if is_due && model.me_request.is_none() {
        request_me(model, output);
    }
}

/// Updates the status of the connection after a response. Returns any response except the one to [`request_me`].
pub(super) fn observe(model: &mut Model, response: RequestResult, output: &mut UpdateOutput) -> Option<RequestResult> {
    let is_me = model.me_request.take_if(|id| *id == response.id).is_some();
    match &response.result {
        Ok(answer) => {
            model.responded_at = model.now;
            if let (true, BackendResponse::Me(me)) = (is_me, answer) {
                model.set_me(me.clone());
                connected(model, output);
            }
        }
        Err(error) if is_me || error.concerns_connection() => disconnected(model, error.clone(), is_me),
        Err(_) => model.responded_at = model.now,
    }
    (!is_me).then_some(response)
}

fn connected(model: &mut Model, output: &mut UpdateOutput) {
    match std::mem::replace(&mut model.connection, ConnectionStatus::Connected) {
        ConnectionStatus::Connected => return,
        ConnectionStatus::Connecting => {}
        ConnectionStatus::Disconnected { since, .. } => {
            let duration = time_format::duration(model.now.millis().saturating_sub(since.millis()));
            toast(model, Tone::Good, format!("Reconnected after {duration}"));
        }
    }
    load_screen(model, output);
}

fn disconnected(model: &mut Model, error: ApiError, is_me: bool) {
    let (since, failed) = match &model.connection {
        // Only requests that `request_me` sent count as attempts. Similar errors of other requests are ignored.
        ConnectionStatus::Disconnected { error: known, .. }
            if !is_me && known.is_transient() == error.is_transient() =>
        {
            return;
        }
        ConnectionStatus::Disconnected { since, attempts, .. } => (*since, *attempts),
        ConnectionStatus::Connected | ConnectionStatus::Connecting => (model.now, 0),
    };
    let delay = if error.is_transient() {
        let [.., longest] = RETRY_MS;
        usize::try_from(failed).ok().and_then(|failed| RETRY_MS.get(failed)).copied().unwrap_or(longest)
    } else {
        RETRY_REFUSED_MS
    };
    let retry_at = model.now.plus_millis(delay);
    model.connection = ConnectionStatus::Disconnected { error, since, retry_at, attempts: failed.saturating_add(1) };
}
