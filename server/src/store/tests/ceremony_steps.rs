//! Statements that perform a step of several ceremonies at once. They exist only on PostgreSQL.

use diesel_async::async_connection_wrapper::BlockOn as _;
use doorward_shared::{AuditId, AuditType};

use super::{fixture::*, harness::TestDatabase};
use crate::{
    db::{
        Connection, DbError, ThreadRuntime,
        statement::{Pipeline, Statement},
    },
    domain::{Challenge, Credential, Transaction},
    store::{
        audit,
        ceremony_steps::{Finish, Finished, Start},
        challenges,
        credentials::{self, CredentialUse},
        tenants, transactions,
    },
};

/// Sends several statements together.
fn send<S: Statement>(c: &mut Connection, statements: &[S]) -> Result<Vec<S::Output>, DbError> {
    let Connection::Postgres(conn, _) = c else { panic!("another engine") };
    let pipeline = Pipeline { conn: &*conn, shard: 0 };
    ThreadRuntime::get_runtime().block_on(S::on_postgres(statements.iter().collect(), pipeline))
}

fn start(challenge: &Challenge, transaction: Option<&Transaction>) -> Start {
    let event = event(challenge.tenant_id, 0, 1, AuditType::WebauthnAuthenticationInitSucceeded);
    Start::new(challenge, transaction, &event).expect("a statement")
}

/// Returns a challenge for the confirmation of a transaction.
fn of_transaction(transaction: &Transaction, number: u8) -> Challenge {
    let (user, id) = (Some(transaction.user_id), Some(transaction.id));
    Challenge { user_id: user, transaction_id: id, created_at: transaction.created_at, ..challenge(1, None, number) }
}

#[tokio::test]
async fn each_ceremony_of_a_batch_starts_independently() {
    let Some(db) = TestDatabase::postgres().await else { return };
    two_tenants(&db).await;
    db.write(|c| delete_user(c, tenant_id(1), user_id(3))).await;
    let (new, used) = (transaction(1, 1, 1), Transaction { id: transaction_id(2), ..transaction(1, 2, 1) });
    let of_deleted_user = transaction(1, 3, 3);
    let starts = vec![
        start(&challenge(1, None, 1), None),
        start(&of_transaction(&new, 2), Some(&new)),
        start(&of_transaction(&used, 3), Some(&used)),
        start(&of_transaction(&of_deleted_user, 4), Some(&of_deleted_user)),
        start(&challenge(2, Some(2), 5), None),
    ];
    let ids: Vec<Option<AuditId>> = db.write(move |c| send(c, &starts)).await;
    assert_eq!(ids.iter().map(Option::is_some).collect::<Vec<_>>(), [true, true, false, false, true]);
    assert!(ids.iter().flatten().is_sorted(), "{ids:?}");
    for (tenant, number, exists) in [(1, 1, true), (1, 2, true), (1, 3, false), (1, 4, false), (2, 5, true)] {
        let found = db.read(move |c| challenges::find(c, tenant_id(tenant), &challenge_value(number))).await;
        assert_eq!(found.is_some(), exists, "{number}");
    }
    assert_eq!(db.read(|c| transactions::find(c, tenant_id(1), transaction_id(1))).await, Some(new));
}

#[tokio::test]
async fn ceremony_of_a_deleted_tenant_does_not_start() {
    let Some(db) = TestDatabase::postgres().await else { return };
    two_tenants(&db).await;
    db.write(|c| tenants::mark_deleted(c, tenant_id(1), at(0))).await;
    let starts = vec![start(&challenge(2, None, 1), None), start(&challenge(1, None, 2), None)];
    let started = db.database.write(move |c: &mut Connection| send(c, &starts)).await;
    assert_eq!(started, Err(DbError::Orphan));
    assert_eq!(db.read(|c| challenges::find(c, tenant_id(2), &challenge_value(1))).await, None);
}

#[tokio::test]
async fn each_ceremony_of_a_batch_finishes_independently() {
    let Some(db) = TestDatabase::postgres().await else { return };
    two_tenants(&db).await;
    let payment = transaction(1, 1, 1);
    let used = CredentialUse { sign_count: 0, backup_state: false, backup_eligible: true, at: at(9) };
    let confirmed = of_transaction(&payment, 3);
    let (stored, third) = (payment.clone(), confirmed.clone());
    db.write(move |c| {
        credentials::insert(c, &credential(1, 1, 1))?;
        credentials::insert(c, &credential(2, 1, 1))?;
        transactions::insert(c, &stored)?;
        for challenge in [&challenge(1, Some(1), 1), &challenge(1, Some(1), 2), &third, &challenge(2, None, 4)] {
            challenges::insert(c, challenge)?;
        }
        tenants::set_disabled(c, tenant_id(2), &Some(at(5)).into())
    })
    .await;
    let finish = |challenge: &Challenge, sign_count: u32| {
        let tenant = if challenge.tenant_id == tenant_id(1) { 1 } else { 2 };
        let observed = Credential { sign_count, ..credential(tenant, 1, 1) };
        Finish::new(
            challenge,
            &observed,
            &used,
            &event(challenge.tenant_id, 0, 1, AuditType::WebauthnAuthenticationFinalSucceeded),
        )
    };
    let count = credential(1, 1, 1).sign_count;
    let finishes = vec![
        finish(&challenge(1, Some(1), 1), count),
        // The first login has changed the counter that this login observed.
        finish(&challenge(1, Some(1), 2), count),
        finish(&challenge(1, Some(1), 1), 0),
        finish(&confirmed, 0),
        finish(&challenge(2, None, 4), count),
    ];
    let finished: Vec<Finished> = db.write(move |c| send(c, &finishes)).await;
    let outcomes: Vec<_> = finished.iter().map(|finished| (finished.taken, finished.entry.is_some())).collect();
    assert_eq!(outcomes, [(true, true), (true, false), (false, false), (true, true), (false, false)]);
    let confirmed = db.read(|c| transactions::find(c, tenant_id(1), transaction_id(1))).await.expect("a transaction");
    assert!(confirmed.updated_at > payment.updated_at);
}

/// The statement generates the id of its entry after its last wait for a row lock. Otherwise, an entry that commits
/// later could get a smaller id.
#[tokio::test]
async fn entry_of_a_ceremony_that_waited_is_above_the_entry_that_it_waited_for() {
    let Some(db) = TestDatabase::postgres().await else { return };
    two_tenants(&db).await;
    db.write(|c| {
        credentials::insert(c, &credential(1, 1, 1))?;
        challenges::insert(c, &challenge(1, Some(1), 1))
    })
    .await;
    let entry = |kind| event(tenant_id(1), 0, 1, kind);
    let (locked, mut is_locked) = tokio::sync::mpsc::unbounded_channel();
    let renamed = entry(AuditType::WebauthnCredentialUpdated);
    let first = db.database.write(move |c: &mut Connection| {
        c.run("UPDATE credentials SET name = 'renamed'")?;
        locked.send(()).expect("a waiting test");
        c.run(
            "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND \
             pg_backend_pid() = ANY (pg_blocking_pids(pid))) LOOP END LOOP; END $$",
        )?;
        audit::insert(c, &renamed)
    });
    let used = CredentialUse { sign_count: 0, backup_state: false, backup_eligible: true, at: at(9) };
    let login = entry(AuditType::WebauthnAuthenticationFinalSucceeded);
    let finish = vec![Finish::new(&challenge(1, Some(1), 1), &credential(1, 1, 1), &used, &login)];
    let second = async {
        is_locked.recv().await.expect("a locked row");
        db.database.write(move |c: &mut Connection| send(c, &finish)).await
    };
    let (first, second) = tokio::join!(first, second);
    let entry = second.expect("a response").pop().and_then(|finished| finished.entry).expect("an entry");
    assert!(entry > first.expect("an entry"));
}
