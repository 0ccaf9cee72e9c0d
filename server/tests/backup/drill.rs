//! A drill: a backup under load, then a crash and a restore. Every ceremony that was acknowledged before the backup
//! began must exist after the restore.

use std::{
    collections::BTreeMap,
    fs,
    sync::{Arc, Mutex},
};

use doorward_testkit::{Person, Process, TestTenant, database, until};

use crate::{back_up, command, create_tenant, fill, run};

/// For each user, the number of acknowledged logins.
type Acknowledged = Arc<Mutex<BTreeMap<String, usize>>>;

const CLIENTS: usize = 4;
const LOGINS_OF_USER: usize = 3;

/// Registers users and logs them in until the server no longer responds.
async fn load(tenant: TestTenant, client: usize, acknowledged: Acknowledged, people: Arc<Mutex<Vec<Person>>>) {
    for number in 0.. {
        let mut person = Person::new(&format!("user-{client}-{number}"));
        let Some(()) = ceremony(&tenant, &mut person, "/mfa/registration").await else { return };
        acknowledged.lock().unwrap().insert(person.user_id.clone(), 0);
        for _ in 0..LOGINS_OF_USER {
            let Some(()) = ceremony(&tenant, &mut person, "/mfa/login").await else { return };
            *acknowledged.lock().unwrap().get_mut(&person.user_id).unwrap() += 1;
        }
        people.lock().unwrap().push(person);
    }
}

/// Performs a ceremony. Returns `None` if the server no longer responds.
async fn ceremony(tenant: &TestTenant, person: &mut Person, path: &str) -> Option<()> {
    let request = person.registration_request();
    let options = tenant.http.try_post(&format!("{path}/initialize"), &request).await?.expect(200).json();
    let body = if path == "/mfa/login" { person.get(&options) } else { person.create(&options) };
    let _ = tenant.http.try_post(&format!("{path}/finalize"), &body).await?.expect(200);
    Some(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_ceremonies_survive_a_crash_and_a_restore() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (id, key) = create_tenant(here.path());
    fill(here.path(), &id).await;
    let server = Process::serve(command(here.path()));
    let (acknowledged, people) = (Acknowledged::default(), Arc::new(Mutex::new(Vec::new())));
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..CLIENTS {
        let tenant = server.tenant(&id, &key);
        clients.spawn(load(tenant, client, Arc::clone(&acknowledged), Arc::clone(&people)));
    }
    until("users are registered", async || people.lock().unwrap().len() >= 2 * CLIENTS).await;
    let before = acknowledged.lock().unwrap().clone();
    let (data, backup) = (here.path().to_owned(), here.path().join("backup.db"));
    let to = backup.clone();
    let _ = tokio::task::spawn_blocking(move || back_up(&data, &to)).await.unwrap();
    let after: usize = acknowledged.lock().unwrap().values().sum();
    assert!(after > before.values().sum::<usize>(), "logins succeeded during the backup");
    server.kill();
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }

    fs::copy(here.path().join("master.key"), there.path().join("master.key")).unwrap();
    assert!(run(there.path(), &["restore", "--from", &backup.display().to_string()]).status.success());
    assert_eq!(database::faults(&there.path().join("doorward.db").display().to_string()).await, [""; 0]);
    let server = Process::serve(command(there.path()));
    let tenant = server.tenant(&id, &key);
    for (user, logins) in &before {
        let credentials = tenant.http.get(&format!("/credentials?user_id={user}")).await.expect(200).json();
        assert_eq!(credentials.as_array().unwrap().len(), 1, "{user}");
        let query = format!("actor={user}&type=mfa_authentication_final_succeeded");
        assert!(tenant.count(&query).await >= *logins as u64, "{user}: {logins} logins");
    }
    let mut known: Vec<Person> = std::mem::take(&mut *people.lock().unwrap());
    known.retain(|person| before.contains_key(&person.user_id));
    assert!(known.len() >= 2 * CLIENTS);
    for mut person in known {
        let _ = person.mfa_login(&tenant).await.expect(200);
    }
    server.terminate();
}
