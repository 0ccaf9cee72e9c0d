//! Deletions while ceremonies of the same tenant run.

use std::sync::mpsc;

use doorward_server::{
    db::{Connection, DbError},
    jobs,
    store::{kept_logs, tenants},
};
use doorward_shared::{Timestamp, admin::Role};
use doorward_testkit::{Person, database, until};

use crate::{Nodes, nodes};

const USERS: usize = 12;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tenant_is_deleted_while_its_users_log_in() {
    let Nodes { first, second, tenant, tenant_on_second } = nodes().await;
    let kept = first.tenant().await;
    let mut users = Vec::new();
    for number in 0..USERS {
        let mut person = Person::new(&format!("user-{number}"));
        let _ = person.register_mfa(&tenant).await.expect(200);
        users.push(person);
    }
    let logins: Vec<_> = users
        .into_iter()
        .enumerate()
        .map(|(number, mut person)| {
            let node = if number % 2 == 0 { tenant.clone() } else { tenant_on_second.clone() };
            tokio::spawn(async move {
                let mut accepted = 0;
                loop {
                    let user = serde_json::json!({ "user_id": person.user_id });
                    let options = node.http.post("/mfa/login/initialize", &user).await;
                    let response = match options.status {
                        200 => node.http.post("/mfa/login/finalize", &person.get(&options.json())).await,
                        _ => options,
                    };
                    match response.status {
                        200 => accepted += 1,
                        404 => return accepted,
                        // The tenant was deleted while this request was in progress.
                        status => assert_eq!(status, 409, "{}", response.text),
                    }
                }
            })
        })
        .collect();
    let admin = first.admin("ops", Role::Admin).await;
    while tenant.count("type=mfa_authentication_final_succeeded").await < USERS as u64 {
        tokio::task::yield_now().await;
    }
    let _ = admin.delete(&format!("/tenants/{}?erase_audit=true", tenant.id)).await.expect(204);
    // Both nodes run the job at the same time. If the two jobs deadlock, the database aborts one of them, and the node
    // of that job tries again later.
    let (one, other) = tokio::join!(jobs::finish_deletions(&first.app), jobs::finish_deletions(&second.app));
    eprintln!("jobs: {one:?} {other:?}");
    let mut accepted = 0;
    for login in logins {
        accepted += login.await.unwrap();
    }
    assert!(accepted >= USERS);
    let _ = kept.http.get("/credentials").await.expect(200);
    // The job keeps the newest entry of the database, whichever log contains it. Creating a tenant adds a newer entry.
    let _ = first.tenant().await;
    jobs::finish_deletions(&first.app).await.unwrap();
    let left = format!(
        "SELECT 'challenges' AS value FROM challenges WHERE tenant_id = '{0}' \
         UNION ALL SELECT 'users' FROM users WHERE tenant_id = '{0}' \
         UNION ALL SELECT 'credentials' FROM credentials WHERE tenant_id = '{0}' \
         UNION ALL SELECT 'audit_logs' FROM audit_logs WHERE tenant_id = '{0}' \
         UNION ALL SELECT 'tenants' FROM tenants WHERE id = '{0}'",
        tenant.id
    );
    assert_eq!(database::texts(first.database_url(), &left).await, [""; 0]);
    assert_eq!(database::faults(first.database_url()).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_are_deleted_while_they_log_in() {
    let Nodes { first, second: _second, tenant, tenant_on_second } = nodes().await;
    let admin = first.admin("ops", Role::Admin).await;
    for round in 0..6 {
        let id = format!("user-{round}");
        let mut person = Person::new(&id);
        let _ = person.register(&tenant).await.expect(200);
        let mut bodies = Vec::new();
        for number in 0..4 {
            bodies.push(("/mfa/login/finalize", person.mfa_assertion(&tenant).await));
            let name = format!("payment-{round}-{number}");
            let body = person.transaction_assertion(&tenant, &name, &serde_json::json!({ "amount": 1 })).await;
            bodies.push(("/transaction/finalize", body));
        }
        let finalizes = bodies.into_iter().map(|(path, body)| {
            let node = tenant_on_second.clone();
            tokio::spawn(async move { node.http.post(path, &body).await })
        });
        let finalizes: Vec<_> = finalizes.collect();
        let _ = admin.delete(&format!("/tenants/{}/users/{id}", tenant.id)).await.expect(204);
        for response in futures_util::future::join_all(finalizes).await {
            let response = response.unwrap();
            assert!([200, 401].contains(&response.status), "{} {}", response.status, response.text);
        }
    }
    assert_eq!(database::faults(first.database_url()).await, [""; 0]);
}

/// Selects PostgreSQL sessions of this database that wait for a row that another transaction has locked.
const WAITING: &str = "SELECT pid::text AS value FROM pg_stat_activity \
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn id_is_not_used_again_while_its_log_is_kept() {
    let Nodes { first, second, tenant, .. } = nodes().await;
    let admin = second.admin("ops", Role::Admin).await;
    let (id, until_time) = (tenant.id, Timestamp::from_millis(i64::MAX));
    let (removed, mut is_removed) = tokio::sync::mpsc::unbounded_channel();
    let (commit, may_commit) = mpsc::channel::<()>();
    let node = first.app.clone();
    let removing = tokio::spawn(async move {
        let remove = move |connection: &mut Connection| {
            kept_logs::keep(connection, id, until_time)?;
            tenants::mark_deleted(connection, id, Timestamp::from_millis(1))?;
            while tenants::remove_some(connection, id, 1_000)? {}
            let _ = removed.send(());
            let _ = may_commit.recv();
            Ok::<_, DbError>(())
        };
        node.db.write(remove).await
    });
    is_removed.recv().await.unwrap();
    let body = serde_json::json!({ "id": id, "display_name": "Again" });
    let creating = tokio::spawn(async move { admin.post("/tenants", &body).await });
    if database::postgres().is_some() {
        let url = first.database_url();
        until("the creation waits", async || !database::texts(url, WAITING).await.is_empty()).await;
    }
    commit.send(()).unwrap();
    removing.await.unwrap().unwrap();
    let response = creating.await.unwrap();
    let details = "a deleted tenant had this id, and its audit log still exists";
    assert_eq!((response.status, response.field("details").as_str()), (409, details), "{}", response.text);
}
