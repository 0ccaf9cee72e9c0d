//! Sessions in memory, identified by an unpredictable cookie.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use doorward_shared::{Base64Url, Timestamp};
use serde::Serialize;

use crate::clock::{Entropy, NoEntropy, random};

/// Name of the cookie. Cookies ignore ports, so other applications on `localhost` must not use the same name.
const COOKIE: &str = "doorward_demo_session";
/// Lifetime of a session: one hour.
const LIFETIME_MS: i64 = 3_600_000;
/// Maximum number of sessions, which limits memory. If it is reached, the oldest session is removed.
const MAX_SESSIONS: usize = 1_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stage {
    /// The password was accepted. The session allows only the second-factor login.
    AwaitingSecondFactor,
    /// Signed in with a password; the account has no second factor.
    Password,
    PasswordAndSecondFactor,
    Passkey,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Payment {
    /// The application's own id for the payment: `transaction_id` on the wire, `trans` in the token.
    pub(super) id: String,
    pub(super) recipient: String,
    pub(super) amount: String,
}

/// Session of a visitor whose first factor was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) user_id: String,
    pub(super) stage: Stage,
    pub(super) payment: Option<Payment>,
    expires_at: Timestamp,
}

#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<HashMap<String, Session>>);

impl Sessions {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a session with a new id. Every step of a sign-in changes the id, which prevents session fixation.
    pub(super) fn open(
        &self,
        entropy: &dyn Entropy,
        now: Timestamp,
        user_id: &str,
        stage: Stage,
    ) -> Result<String, NoEntropy> {
        let id = Base64Url::encode(&random::<32>(entropy)?);
        let session =
            Session { user_id: user_id.to_owned(), stage, payment: None, expires_at: now.plus_millis(LIFETIME_MS) };
        let mut sessions = self.lock();
        sessions.retain(|_, session| session.expires_at > now);
        if sessions.len() >= MAX_SESSIONS {
            let oldest = sessions.iter().min_by_key(|(_, session)| session.expires_at).map(|(id, _)| id.clone());
            oldest.and_then(|id| sessions.remove(&id));
        }
        sessions.insert(id.clone(), session);
        Ok(id)
    }

    /// Returns the session with this id, unless it has expired.
    pub(super) fn find(&self, id: &str, now: Timestamp) -> Option<Session> {
        self.lock().get(id).filter(|session| session.expires_at > now).cloned()
    }

    pub(super) fn close(&self, id: &str) {
        self.lock().remove(id);
    }

    pub(super) fn set_payment(&self, id: &str, payment: Payment) {
        if let Some(session) = self.lock().get_mut(id) {
            session.payment = Some(payment);
        }
    }

    /// Removes and returns the payment, so that it can be confirmed only once.
    pub(super) fn take_payment(&self, id: &str) -> Option<Payment> {
        self.lock().get_mut(id).and_then(|session| session.payment.take())
    }
}

/// Returns the `Set-Cookie` value that starts a session. It is not `Secure`: the demo uses HTTP on `localhost`.
pub(super) fn cookie(id: &str) -> String {
    format!("{COOKIE}={id}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}", LIFETIME_MS / 1000)
}

/// Returns the `Set-Cookie` value that ends a session.
pub(super) fn expired_cookie() -> String {
    format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0")
}

/// Returns the session id in a `Cookie` header.
pub(super) fn id_in(cookies: &str) -> Option<&str> {
    cookies
        .split(';')
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, id)| (name == COOKIE).then_some(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemEntropy;

    const NOON: Timestamp = Timestamp::from_millis(1_764_000_000_000);

    fn open(sessions: &Sessions, now: Timestamp, user: &str) -> String {
        sessions.open(&SystemEntropy::default(), now, user, Stage::Password).unwrap()
    }

    #[test]
    fn session_is_found_by_id_until_it_expires() {
        let sessions = Sessions::default();
        let id = open(&sessions, NOON, "alice");
        assert_eq!(sessions.find(&id, NOON.plus_millis(LIFETIME_MS - 1)).unwrap().user_id, "alice");
        assert_eq!(sessions.find(&id, NOON.plus_millis(LIFETIME_MS)), None);
        assert_eq!(sessions.find("", NOON), None);
        sessions.close(&id);
        assert_eq!(sessions.find(&id, NOON), None);
    }

    #[test]
    fn session_ids_are_long_and_unique() {
        let sessions = Sessions::default();
        let (first, second) = (open(&sessions, NOON, "alice"), open(&sessions, NOON, "alice"));
        assert_ne!(first, second);
        assert_eq!(first.len(), 43);
    }

    #[test]
    fn payment_is_confirmed_only_once() {
        let sessions = Sessions::default();
        let id = open(&sessions, NOON, "alice");
        let payment = Payment { id: "p1".into(), recipient: "Bob".into(), amount: "10.00".into() };
        sessions.set_payment(&id, payment.clone());
        assert_eq!(sessions.take_payment(&id), Some(payment));
        assert_eq!(sessions.take_payment(&id), None);
    }

    #[test]
    fn oldest_session_is_removed_at_the_limit() {
        let sessions = Sessions::default();
        let first = open(&sessions, NOON, "first");
        for _ in 0..MAX_SESSIONS {
            open(&sessions, NOON.plus_millis(1), "later");
        }
        assert_eq!(sessions.lock().len(), MAX_SESSIONS);
        assert_eq!(sessions.find(&first, NOON), None);
    }

    #[test]
    fn cookie_is_found_among_others_and_hidden_from_scripts_and_other_sites() {
        let header = cookie("abc");
        assert!(header.contains("HttpOnly") && header.contains("SameSite=Strict"));
        assert_eq!(id_in("theme=dark; doorward_demo_session=abc; x=y"), Some("abc"));
        assert_eq!(id_in("my_doorward_demo_session=abc; broken"), None);
    }
}
