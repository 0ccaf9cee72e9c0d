//! Who is visiting: sessions in memory, named by an unpredictable cookie.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use doorward_shared::{Base64Url, Timestamp};
use serde::Serialize;

use crate::clock::{Entropy, NoEntropy, random};

/// Cookies do not know ports: the name keeps other applications on `localhost` apart.
const COOKIE: &str = "doorward_demo_session";
/// A session ends one hour after it began.
const LIFETIME_MS: i64 = 3_600_000;
/// The most sessions that are kept; the oldest give way, so that memory stays bounded.
const MOST_SESSIONS: usize = 1_000;

/// How far a visitor has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stage {
    /// The password was right; the second factor is still owed. Opens nothing but the second factor.
    AwaitingSecondFactor,
    /// Signed in with a password; the account has no second factor.
    Password,
    /// Signed in with a password and a second factor.
    PasswordAndSecondFactor,
    /// Signed in with a passkey alone.
    Passkey,
}

/// A payment that waits for its confirmation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Payment {
    /// The application's own id of it: `transaction_id` on the wire, `trans` in the token.
    pub(super) id: String,
    pub(super) recipient: String,
    pub(super) amount: String,
}

/// A visitor who is at least half-way in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) user_id: String,
    pub(super) stage: Stage,
    pub(super) payment: Option<Payment>,
    expires_at: Timestamp,
}

/// The sessions of all visitors.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<HashMap<String, Session>>);

impl Sessions {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a session under a new id. The id changes with every step up, so that an id learned before is worth nothing.
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
        if sessions.len() >= MOST_SESSIONS {
            let oldest = sessions.iter().min_by_key(|(_, session)| session.expires_at).map(|(id, _)| id.clone());
            oldest.and_then(|id| sessions.remove(&id));
        }
        sessions.insert(id.clone(), session);
        Ok(id)
    }

    /// The session with this id, unless its time is over.
    pub(super) fn find(&self, id: &str, now: Timestamp) -> Option<Session> {
        self.lock().get(id).filter(|session| session.expires_at > now).cloned()
    }

    /// Ends a session.
    pub(super) fn close(&self, id: &str) {
        self.lock().remove(id);
    }

    /// Keeps the payment that the visitor is about to confirm.
    pub(super) fn keep_payment(&self, id: &str, payment: Payment) {
        if let Some(session) = self.lock().get_mut(id) {
            session.payment = Some(payment);
        }
    }

    /// Takes the payment out: a confirmation is good for one payment once.
    pub(super) fn take_payment(&self, id: &str) -> Option<Payment> {
        self.lock().get_mut(id).and_then(|session| session.payment.take())
    }
}

/// The `Set-Cookie` value that starts a session. Not `Secure`: the demo speaks plain HTTP on `localhost`.
pub(super) fn cookie(id: &str) -> String {
    format!("{COOKIE}={id}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}", LIFETIME_MS / 1000)
}

/// The `Set-Cookie` value that ends it.
pub(super) fn no_cookie() -> String {
    format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0")
}

/// The session id in a `Cookie` header.
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
    fn a_session_is_found_by_its_id_until_its_time_is_over() {
        let sessions = Sessions::default();
        let id = open(&sessions, NOON, "alice");
        assert_eq!(sessions.find(&id, NOON.plus_millis(LIFETIME_MS - 1)).unwrap().user_id, "alice");
        assert_eq!(sessions.find(&id, NOON.plus_millis(LIFETIME_MS)), None);
        assert_eq!(sessions.find("", NOON), None);
        sessions.close(&id);
        assert_eq!(sessions.find(&id, NOON), None);
    }

    #[test]
    fn ids_are_long_and_never_the_same() {
        let sessions = Sessions::default();
        let (first, second) = (open(&sessions, NOON, "alice"), open(&sessions, NOON, "alice"));
        assert_ne!(first, second);
        assert_eq!(first.len(), 43);
    }

    #[test]
    fn a_payment_is_confirmed_once() {
        let sessions = Sessions::default();
        let id = open(&sessions, NOON, "alice");
        let payment = Payment { id: "p1".into(), recipient: "Bob".into(), amount: "10.00".into() };
        sessions.keep_payment(&id, payment.clone());
        assert_eq!(sessions.take_payment(&id), Some(payment));
        assert_eq!(sessions.take_payment(&id), None);
    }

    #[test]
    fn memory_stays_bounded_and_the_oldest_session_gives_way() {
        let sessions = Sessions::default();
        let first = open(&sessions, NOON, "first");
        for _ in 0..MOST_SESSIONS {
            open(&sessions, NOON.plus_millis(1), "later");
        }
        assert_eq!(sessions.lock().len(), MOST_SESSIONS);
        assert_eq!(sessions.find(&first, NOON), None);
    }

    #[test]
    fn the_cookie_is_read_among_others_and_kept_from_scripts_and_other_sites() {
        let header = cookie("abc");
        assert!(header.contains("HttpOnly") && header.contains("SameSite=Strict"));
        assert_eq!(id_in("theme=dark; doorward_demo_session=abc; x=y"), Some("abc"));
        assert_eq!(id_in("my_doorward_demo_session=abc; broken"), None);
    }
}
