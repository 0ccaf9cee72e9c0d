//! Ceremonies survive a restart and can be finished by another process.

use crate::support::{Ceremony, server_with_tenant};

#[tokio::test]
async fn ceremony_started_before_a_restart_can_be_finished() {
    let (server, tenant) = server_with_tenant().await;
    let mut pending = Vec::new();
    for ceremony in Ceremony::ALL {
        let mut person = ceremony.person(&tenant, ceremony.path()).await;
        pending.push((ceremony, ceremony.begin(&tenant, &mut person).await));
    }
    let server = server.restart().await;
    let tenant = tenant.on(&server);
    for (ceremony, body) in &pending {
        let _ = ceremony.finalize(&tenant, body).await.expect(200);
    }
    let server = server.restart().await;
    let tenant = tenant.on(&server);
    for (ceremony, body) in &pending {
        let response = ceremony.finalize(&tenant, body).await;
        ceremony.expect_unknown(&tenant, &response).await;
    }
}

#[tokio::test]
async fn ceremony_started_in_one_process_can_be_finished_in_another() {
    let (server, tenant) = server_with_tenant().await;
    let second = server.second_node().await;
    let elsewhere = tenant.on(&second);
    for ceremony in Ceremony::ALL {
        let mut person = ceremony.person(&tenant, ceremony.path()).await;
        let body = ceremony.begin(&tenant, &mut person).await;
        let (here, there) = tokio::join!(ceremony.finalize(&tenant, &body), ceremony.finalize(&elsewhere, &body));
        let mut statuses = [here.status, there.status];
        statuses.sort_unstable();
        assert_eq!(statuses[0], 200, "{ceremony:?}: {} {}", here.text, there.text);
        assert!([400, 401].contains(&statuses[1]), "{ceremony:?}: {} {}", here.text, there.text);
    }
    second.stop().await;
}
