//! Measures the CPU time that the database needs for one finalize request of an MFA login, if 32 of these requests
//! share a transaction. Each request is one unit of work, with the same statements as in the server, but without the
//! queue and the savepoint.

use std::{path::Path, time::Duration};

use diesel::{Connection as _, SqliteConnection, connection::SimpleConnection as _, prelude::*};
use doorward_server::{
    db::Connection,
    domain::{AuditEvent, ChallengeValue, Credential, RequestMeta},
    store::{audit, challenges, credentials},
};
use doorward_shared::{AuditType, Base64Url, TenantId, Timestamp, UserId};

use crate::cpu;

const UNITS: usize = 32;

diesel::table! { kept (tenant_id, value) { tenant_id -> Text, value -> Text, user_id -> Text, } }

/// Measures the CPU time of units of work and their commits in a copy of the server's database.
pub(crate) struct Commits {
    connection: Connection,
    units: Vec<(TenantId, ChallengeValue, Credential)>,
    rounds: u64,
}

impl Commits {
    /// Copies the database while it contains pending challenges.
    pub(crate) fn on_copy(original: &Path, copy: &Path) -> Self {
        let open = |path: &Path| SqliteConnection::establish(path.to_str().expect("UTF-8")).expect("a database");
        open(original).batch_execute(&format!("VACUUM INTO '{}'", copy.display())).expect("a copy");
        let mut sqlite = open(copy);
        sqlite
            .batch_execute(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
                 PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -16384;
                 CREATE TABLE kept AS SELECT * FROM challenges; DELETE FROM challenges;",
            )
            .expect("settings");
        let keys: Vec<(String, String, String)> =
            kept::table.select((kept::tenant_id, kept::value, kept::user_id)).load(&mut sqlite).expect("challenges");
        let mut connection = Connection::Sqlite(sqlite);
        let units = keys.into_iter().map(|(tenant, value, user)| {
            let (tenant, user): (TenantId, UserId) = (tenant.parse().expect("an id"), user.parse().expect("an id"));
            let credential = credentials::for_user(&mut connection, tenant, user).expect("credentials").remove(0);
            (tenant, ChallengeValue(Base64Url::decode(&value).expect("base64url").0), credential)
        });
        let units = units.collect();
        Self { connection, units, rounds: 0 }
    }

    /// Returns the CPU time of one unit of work, including its share of the commit: the mean over all pending
    /// challenges.
    pub(crate) fn share(&mut self) -> Duration {
        self.run("INSERT INTO challenges SELECT * FROM kept; PRAGMA wal_checkpoint(TRUNCATE)");
        self.rounds += 1;
        let units = std::mem::take(&mut self.units);
        let before = cpu::of_this_thread();
        for (number, unit) in (0..).zip(&units) {
            if number % UNITS == 0 {
                self.run("BEGIN IMMEDIATE");
            }
            write(&mut self.connection, unit, self.rounds << 32 | number as u64);
            if number % UNITS == UNITS - 1 || number + 1 == units.len() {
                self.run("COMMIT");
            }
        }
        let used = cpu::of_this_thread() - before;
        self.units = units;
        used / u32::try_from(self.units.len()).expect("a small number")
    }

    fn run(&mut self, sql: &str) {
        if let Connection::Sqlite(sqlite) = &mut self.connection {
            sqlite.batch_execute(sql).expect("the statement succeeds");
        }
    }
}

fn write(connection: &mut Connection, unit: &(TenantId, ChallengeValue, Credential), random: u64) {
    let (tenant, challenge, credential) = unit;
    let at = Timestamp::from_millis(1_800_000_000_000);
    assert_eq!(challenges::take(connection, *tenant, challenge), Ok(true));
    let usage = credentials::CredentialUse {
        sign_count: credential.sign_count,
        backup_state: false,
        backup_eligible: credential.backup_eligible,
        at,
    };
    assert_eq!(credentials::record_use(connection, credential, &usage), Ok(true));
    let event = AuditEvent {
        random: random.wrapping_mul(0x9e37_79b9_7f4a_7c15),
        tenant_id: *tenant,
        kind: AuditType::MfaAuthenticationFinalSucceeded,
        error: None,
        meta: RequestMeta {
            request_id: "01970000-0000-7000-8000-000000000000".to_owned(),
            source_ip: "127.0.0.1".to_owned(),
            user_agent: "doorward-bench".to_owned(),
            api_key: None,
        },
        actor: Some("user-0-0".to_owned()),
        credential_id: Some(credential.id.to_string()),
        transaction_id: None,
        detail: None,
        at,
    };
    audit::insert(connection, &event).expect("an entry");
}
