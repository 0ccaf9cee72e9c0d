//! A ceremony outlives the process it began in.

use crate::support::{Ceremony, setting};

#[tokio::test]
async fn a_ceremony_goes_on_after_a_restart() {
    let (server, tenant) = setting().await;
    let mut begun = Vec::new();
    for ceremony in Ceremony::ALL {
        let mut person = ceremony.person(&tenant, ceremony.path()).await;
        begun.push((ceremony, ceremony.begin(&tenant, &mut person).await));
    }
    let server = server.restart().await;
    let tenant = tenant.on(&server);
    for (ceremony, body) in &begun {
        let _ = ceremony.finalize(&tenant, body).await.expect(200);
    }
    let server = server.restart().await;
    let tenant = tenant.on(&server);
    for (ceremony, body) in &begun {
        let answer = ceremony.finalize(&tenant, body).await;
        ceremony.expect_unknown(&tenant, &answer).await;
    }
}

#[tokio::test]
async fn a_ceremony_begun_in_one_process_ends_in_another() {
    let (server, tenant) = setting().await;
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
