//! Whether the server is there: noticing that it went, trying again by itself, saying that it is back.

use crate::{
    api::ApiError,
    backend::{Answer, Call},
    effect::Effect,
    message::{Reply, RequestId},
    model::{Link, Model, Out, Tone},
    when,
};

/// How long nothing may be heard until the server is asked whether it is there.
const SILENCE_MS: i64 = 10_000;
/// How long to wait before trying again, by the number of tries; the last one stays.
const WAITS_MS: [i64; 4] = [1_000, 2_000, 3_000, 5_000];
/// The same after a refusal: it is written to the audit log, and time alone does not mend it.
const WAIT_REFUSED_MS: i64 = 30_000;

/// Asks the server who we are.
pub(super) fn greet(model: &mut Model, out: &mut Out) {
    if let Some(id) = model.greeting.take() {
        out.effects.push(Effect::Cancel(id));
    }
    model.ids += 1;
    let id = RequestId(model.ids);
    model.greeting = Some(id);
    out.effects.push(Effect::Call(id, Box::new(Call::Me)));
}

pub(super) fn tick(model: &mut Model, out: &mut Out) {
    if model.greeting.is_some() {
        return;
    }
    let due = match &model.link {
        Link::Connecting => true,
        Link::Up => model.heard_at.plus_millis(SILENCE_MS) <= model.now,
        Link::Down { retry_at, .. } => *retry_at <= model.now,
    };
    if due {
        greet(model, out);
    }
}

/// Whether an error says something about the way to the server, not about the call.
fn breaks_link(error: &ApiError) -> bool {
    match error {
        ApiError::Unreachable { .. }
        | ApiError::TimedOut { .. }
        | ApiError::CertificateUnknown { .. }
        | ApiError::Unauthorized { .. } => true,
        ApiError::Unexpected { .. } => error.is_passing(),
        _ => false,
    }
}

/// Learns from an answer whether the server is there. Gives the answer back unless it was the greeting's.
pub(super) fn heard(model: &mut Model, reply: Reply, out: &mut Out) -> Option<Reply> {
    let is_greeting = model.greeting == Some(reply.id);
    if is_greeting {
        model.greeting = None;
    }
    match &reply.result {
        Ok(answer) => {
            model.heard_at = model.now;
            if let (true, Answer::Me(me)) = (is_greeting, answer) {
                model.me = Some(me.clone());
                up(model, out);
            }
        }
        Err(error) if is_greeting || breaks_link(error) => down(model, error.clone(), is_greeting),
        Err(_) => model.heard_at = model.now,
    }
    (!is_greeting).then_some(reply)
}

fn up(model: &mut Model, out: &mut Out) {
    match std::mem::replace(&mut model.link, Link::Up) {
        Link::Up => {}
        Link::Connecting => super::load_screen(model, out),
        Link::Down { since, .. } => {
            let away = when::span(model.now.millis().saturating_sub(since.millis()));
            super::toast(model, Tone::Good, format!("Connected again after {away}"));
            super::load_screen(model, out);
        }
    }
}

fn down(model: &mut Model, error: ApiError, was_greeting: bool) {
    let (since, tried) = match &model.link {
        Link::Down { since, attempts, .. } => (*since, *attempts),
        Link::Up | Link::Connecting => (model.now, 0),
    };
    if let Link::Down { error: known, .. } = &model.link
        && !was_greeting
        && known.is_passing() == error.is_passing()
    {
        // The calls that were under way fail one after another; it is known already.
        return;
    }
    let attempts = tried.saturating_add(1);
    let wait = if error.is_passing() {
        let at = usize::try_from(tried).unwrap_or(usize::MAX).min(WAITS_MS.len() - 1);
        WAITS_MS.get(at).copied().unwrap_or(WAIT_REFUSED_MS)
    } else {
        WAIT_REFUSED_MS
    };
    model.link = Link::Down { error, since, retry_at: model.now.plus_millis(wait), attempts };
}
