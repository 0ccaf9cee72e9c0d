//! Backup flags (WebAuthn §6.1.3): eligibility may rise, and never falls.

use doorward_testkit::claims;
use serde_json::json;

use crate::support::{Ceremony, setting};

#[tokio::test]
async fn eligibility_that_rises_is_stored_and_audited() {
    let (_server, tenant) = setting().await;
    for ceremony in Ceremony::ASSERTIONS {
        let mut person = ceremony.person(&tenant, ceremony.path()).await;
        let query = format!("/credentials?user_id={}", person.user_id.replace('/', "%2F"));
        for (eligible, state, rose) in [(false, false, false), (true, true, true), (true, false, false)] {
            person.authenticator = person.authenticator.clone().backup(eligible, state);
            let body = ceremony.begin(&tenant, &mut person).await;
            let answer = ceremony.finalize(&tenant, &body).await.expect(200);
            let stored = tenant.http.get(&query).await.expect(200).json();
            assert_eq!((&stored[0]["backup_eligible"], &stored[0]["backup_state"]), (&json!(eligible), &json!(state)));
            let method = if eligible { "swk" } else { "hwk" };
            assert_eq!(claims(&answer)["amr"][0], method);
            let detail = tenant.entry_of(&answer).await.0["detail"].clone();
            let risen = json!({ "backup_eligible": { "before": false, "after": true } });
            assert_eq!(detail, if rose { risen } else { json!(null) });
        }
        person.authenticator = person.authenticator.clone().backup(false, false);
        let body = ceremony.begin(&tenant, &mut person).await;
        let answer = ceremony.finalize(&tenant, &body).await;
        let _ = ceremony.expect_audited_refusal(&tenant, &answer, 401, "backup_state_invalid").await;
    }
}
