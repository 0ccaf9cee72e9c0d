//! The cheapest possible writes of finalize requests on SQLite: 32 units per transaction, without queue or savepoints.
//! Each unit deletes a challenge by key, updates a credential by key, inserts an audit entry and counts it.

use std::{path::Path, time::Duration};

use diesel::{Connection as _, SqliteConnection, connection::SimpleConnection as _, prelude::*};

use crate::cpu;

const UNITS: usize = 32;

diesel::table! { kept (tenant_id, value) { tenant_id -> Text, value -> Text, user_id -> Text, } }
diesel::table! { challenges (tenant_id, value) { tenant_id -> Text, value -> Text, } }
diesel::table! {
    credentials (tenant_id, id) {
        tenant_id -> Text, id -> Text, user_id -> Text, sign_count -> BigInt, backup_eligible -> Bool,
        backup_state -> Bool, last_used_at -> Nullable<BigInt>,
    }
}
diesel::table! {
    audit_logs (tenant_id, id) {
        tenant_id -> Text, id -> Text, #[sql_name = "type"] kind -> Text, request_id -> Text, source_ip -> Text,
        user_agent -> Text, actor -> Text, credential_id -> Text, created_at -> BigInt,
    }
}
diesel::table! {
    audit_counts (tenant_id, day, kind, shard) {
        tenant_id -> Text, day -> BigInt, #[sql_name = "type"] kind -> Text, shard -> SmallInt, count -> BigInt,
    }
}
diesel::allow_tables_to_appear_in_same_query!(kept, credentials);

/// A copy of the measured server's database.
pub(crate) struct Commits {
    connection: SqliteConnection,
    /// Tenant, challenge, credential.
    units: Vec<(String, String, String)>,
    rounds: u32,
}

impl Commits {
    /// Copies the database. It must contain pending challenges.
    pub(crate) fn on_copy(original: &Path, copy: &Path) -> Self {
        let open = |path: &Path| SqliteConnection::establish(path.to_str().expect("UTF-8")).expect("a database");
        open(original).batch_execute(&format!("VACUUM INTO '{}'", copy.display())).expect("a copy");
        let mut connection = open(copy);
        connection
            .batch_execute(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
                 PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -16384;
                 CREATE TABLE kept AS SELECT * FROM challenges; DELETE FROM challenges;",
            )
            .expect("settings");
        let units = kept::table
            .inner_join(credentials::table.on(credentials::user_id.eq(kept::user_id)))
            .select((kept::tenant_id, kept::value, credentials::id))
            .load(&mut connection)
            .expect("challenges");
        Self { connection, units, rounds: 0 }
    }

    /// CPU time of one unit with its part of the commit: the mean over all pending challenges.
    pub(crate) fn share(&mut self) -> Duration {
        let restore = "INSERT INTO challenges SELECT * FROM kept; PRAGMA wal_checkpoint(TRUNCATE)";
        self.connection.batch_execute(restore).expect("the same challenges again");
        self.rounds += 1;
        let before = cpu::of_this_thread();
        for units in self.units.chunks(UNITS) {
            self.connection.batch_execute("BEGIN IMMEDIATE").expect("a transaction");
            for (number, unit) in units.iter().enumerate() {
                write_unit(&mut self.connection, unit, self.rounds, number);
            }
            self.connection.batch_execute("COMMIT").expect("a commit");
        }
        let used = cpu::of_this_thread() - before;
        used / u32::try_from(self.units.len()).expect("not that many")
    }
}

fn write_unit(connection: &mut SqliteConnection, unit: &(String, String, String), round: u32, number: usize) {
    let (tenant, challenge, credential) = unit;
    let deleted = diesel::delete(challenges::table.find((tenant, challenge))).execute(connection);
    assert_eq!(deleted, Ok(1));
    let updated = diesel::update(credentials::table.find((tenant, credential)))
        .filter(credentials::sign_count.ge(0))
        .set((
            credentials::sign_count.eq(i64::from(round)),
            credentials::backup_state.eq(false),
            credentials::backup_eligible.eq(false),
            credentials::last_used_at.eq(i64::from(round)),
        ))
        .execute(connection);
    assert_eq!(updated, Ok(1));
    let at = 1_800_000_000_000 + i64::from(round);
    let inserted = diesel::insert_into(audit_logs::table)
        .values((
            audit_logs::tenant_id.eq(tenant),
            // Ids increase with time, like version 7 UUIDs.
            audit_logs::id.eq(format!("{round:08x}-{number:04x}-7{}", challenge.get(..22).expect("a long challenge"))),
            audit_logs::kind.eq("mfa_authentication_final_succeeded"),
            audit_logs::request_id.eq("01970000-0000-7000-8000-000000000000"),
            audit_logs::source_ip.eq("127.0.0.1"),
            audit_logs::user_agent.eq("doorward-bench"),
            audit_logs::actor.eq("user-0-0"),
            audit_logs::credential_id.eq(credential),
            audit_logs::created_at.eq(at),
        ))
        .execute(connection);
    assert_eq!(inserted, Ok(1));
    let counted = diesel::insert_into(audit_counts::table)
        .values((
            audit_counts::tenant_id.eq(tenant),
            audit_counts::day.eq(at / 86_400_000),
            audit_counts::kind.eq("mfa_authentication_final_succeeded"),
            audit_counts::shard.eq(0),
            audit_counts::count.eq(1),
        ))
        .on_conflict((audit_counts::tenant_id, audit_counts::day, audit_counts::kind, audit_counts::shard))
        .do_update()
        .set(audit_counts::count.eq(audit_counts::count + 1))
        .execute(connection);
    assert_eq!(counted, Ok(1));
}
