//! What happens once, however many nodes try.

use doorward_server::clock::Clock as _;
use doorward_shared::admin::Role;
use doorward_testkit::{Person, claims, database};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{Nodes, nodes};

#[tokio::test]
async fn a_challenge_made_on_one_node_is_finalized_on_the_other() {
    let Nodes { tenant, elsewhere, first: _first, second: _second } = nodes().await;
    for (number, (here, there)) in [(&tenant, &elsewhere), (&elsewhere, &tenant)].into_iter().enumerate() {
        let mut person = Person::new(&format!("user-{number}"));
        let options = here.http.post("/registration/initialize", &person.registration_request()).await.expect(200);
        let body = person.create(&options.json());
        let _ = there.http.post("/registration/finalize", &body).await.expect(200);
        let body = person.mfa_assertion(here).await;
        let token = there.http.post("/mfa/login/finalize", &body).await.expect(200);
        assert_eq!(claims(&token)["sub"], person.user_id);
        here.http.post("/mfa/login/finalize", &body).await.expect_refusal(401, "challenge_unknown");
        let body = person.login_assertion(here, true).await;
        let _ = there.http.post("/login/finalize", &body).await.expect(200);
        let body = person.transaction_assertion(here, &format!("payment-{number}"), &json!({ "amount": 12 })).await;
        let _ = there.http.post("/transaction/finalize", &body).await.expect(200);
    }
}

#[tokio::test]
async fn of_fifty_finalizes_over_two_nodes_one_gets_a_token() {
    let Nodes { tenant, elsewhere, first, second: _second } = nodes().await;
    let mut person = Person::new("alice");
    let _ = person.register_mfa(&tenant).await.expect(200);
    for _ in 0..4 {
        let body = person.mfa_assertion(&tenant).await;
        let finalizes = (0..50).map(|number| {
            let node = if number % 2 == 0 { tenant.clone() } else { elsewhere.clone() };
            let body = body.clone();
            tokio::spawn(async move { node.http.post("/mfa/login/finalize", &body).await })
        });
        let answers: Vec<_> = join_all(finalizes).await.into_iter().map(Result::unwrap).collect();
        let (good, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!((good.len(), refused.len()), (1, 49));
        refused.iter().for_each(|answer| answer.expect_refusal(401, "challenge_unknown"));
    }
    assert_eq!(tenant.count("type=mfa_authentication_final_succeeded").await, 4);
    assert_eq!(database::faults(first.database_url()).await, [""; 0]);
}

#[tokio::test]
async fn signing_keys_are_made_once_and_alike_everywhere() {
    let Nodes { first, second, tenant: _tenant, elsewhere: _elsewhere } = nodes().await;
    let (here, there) = (first.admin("here", Role::Admin).await, second.admin("there", Role::Admin).await);
    let create = (0..12).map(|number| {
        let admin = if number % 2 == 0 { here.clone() } else { there.clone() };
        let request = json!({ "display_name": format!("Tenant {number}") });
        tokio::spawn(async move { admin.post("/tenants", &request).await.expect(201).field("id") })
    });
    for id in join_all(create).await.into_iter().map(Result::unwrap) {
        let jwks = async |url: &str| {
            let answer = doorward_testkit::Http::new(format!("{url}/{id}")).get("/.well-known/jwks.json").await;
            answer.expect(200).json()["keys"].clone()
        };
        let keys = jwks(&first.public_url).await;
        assert_eq!(keys.as_array().unwrap().len(), 1);
        assert_eq!(keys, jwks(&second.public_url).await);
    }
}

#[tokio::test]
async fn administrators_on_two_nodes_never_retire_the_last_key() {
    let Nodes { first, second, tenant, elsewhere: _elsewhere } = nodes().await;
    let (here, there) = (first.admin("here", Role::Admin).await, second.admin("there", Role::Admin).await);
    let path = format!("/tenants/{}/secrets/jwk", tenant.id);
    for _ in 0..10 {
        let _ = here.post(&path, &json!({})).await.expect(201);
        let keys = here.get(&path).await.expect(200).json();
        let now = first.clock.now().to_string();
        let usable = |key: &&Value| key["retired_at"].as_str().is_none_or(|retired| retired > now.as_str());
        let ids: Vec<String> = keys.as_array().unwrap().iter().filter(usable).map(|key| text(&key["id"])).collect();
        assert_eq!(ids.len(), 2, "{keys}");
        let (its, others) = (format!("{path}/{}", ids[0]), format!("{path}/{}", ids[1]));
        let (one, other) = tokio::join!(here.delete(&its), there.delete(&others));
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 409], "{} {}", one.text, other.text);
        let mut person = Person::new("alice");
        let _ = person.register_mfa(&tenant).await.expect(200);
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
