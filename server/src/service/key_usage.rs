//! When keys were last used: noted in memory, written at most once a minute and key, away from the requests.

use std::{collections::HashMap, sync::Mutex};

use doorward_shared::{AdminTokenId, ApiKeyId, TenantId, Timestamp};

use crate::{
    db::{Database, DbError},
    store::{admin_tokens, api_keys},
};

/// How exact `last_used_at` is.
const RESOLUTION_MS: i64 = 60_000;

/// Notes of uses that are not written yet, and of what was written last.
#[derive(Debug, Default)]
pub struct KeyUsage {
    notes: Mutex<HashMap<Used, Note>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Used {
    ApiKey(TenantId, ApiKeyId),
    AdminToken(AdminTokenId),
}

#[derive(Debug, Clone, Copy)]
struct Note {
    at: Timestamp,
    written: Option<Timestamp>,
}

impl KeyUsage {
    /// Notes that an API key was accepted.
    pub fn used(&self, tenant_id: TenantId, id: ApiKeyId, at: Timestamp) {
        self.note(Used::ApiKey(tenant_id, id), at);
    }

    /// Notes that an admin token was accepted.
    pub fn token_used(&self, id: AdminTokenId, at: Timestamp) {
        self.note(Used::AdminToken(id), at);
    }

    fn note(&self, used: Used, at: Timestamp) {
        let mut notes = self.notes.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        notes.entry(used).and_modify(|note| note.at = at).or_insert(Note { at, written: None });
    }

    /// Writes what is due, as one unit of work. Called by a job, and before the server ends.
    ///
    /// # Errors
    /// As the database has them; what was not written stays noted.
    pub async fn flush(&self, store: &Database, all: bool) -> Result<usize, DbError> {
        let mut due: Vec<(Used, Note)> = {
            let notes = self.notes.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            notes.iter().filter(|(_, note)| note.is_due(all)).map(|(id, note)| (*id, *note)).collect()
        };
        if due.is_empty() {
            return Ok(0);
        }
        // Two nodes that write at the same time lock rows in the same order: neither waits for the other in a circle.
        due.sort_unstable_by_key(|(used, _)| *used);
        let written = due.clone();
        store
            .write(move |connection| {
                written.iter().try_for_each(|(used, note)| match *used {
                    Used::ApiKey(tenant_id, id) => api_keys::touch(connection, tenant_id, id, note.at),
                    Used::AdminToken(id) => admin_tokens::touch(connection, id, note.at),
                })
            })
            .await?;
        let mut notes = self.notes.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for (id, written) in &due {
            if let Some(note) = notes.get_mut(id) {
                note.written = Some(written.at);
            }
        }
        Ok(due.len())
    }
}

impl Note {
    fn is_due(&self, all: bool) -> bool {
        match self.written {
            None => true,
            Some(written) => self.at != written && (all || self.at.millis() - written.millis() >= RESOLUTION_MS),
        }
    }
}
