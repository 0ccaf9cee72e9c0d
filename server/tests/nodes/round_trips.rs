//! Round trips between a node and PostgreSQL, counted by a proxy.

use doorward_server::clock::{Clock as _, SystemClock};
use doorward_testkit::{
    Person, TestServer, TestTenant,
    counting_proxy::{CountingProxy, address_of},
    database,
};
use serde_json::{Value, json};

/// Maximum number of round trips of an initialize or finalize request, including the commit.
const MAX_ROUND_TRIPS: u64 = 3;

struct Counter {
    proxy: CountingProxy,
    tenant: TestTenant,
    /// Steps that took too many round trips.
    slow: Vec<String>,
}

impl Counter {
    async fn post(&mut self, path: &str, body: &Value) -> Value {
        let before = self.proxy.round_trips();
        let response = self.tenant.http.post(path, body).await.expect(200);
        let trips = self.proxy.round_trips() - before;
        println!("{path}: {trips} round trips");
        if trips > MAX_ROUND_TRIPS {
            self.slow.push(format!("{path}: {trips}"));
        }
        response.json()
    }

    async fn ceremony(&mut self, person: &mut Person, path: &str, request: &Value) {
        let options = self.post(&format!("{path}/initialize"), request).await;
        let body = person.get(&options);
        self.post(&format!("{path}/finalize"), &body).await;
    }

    async fn ceremonies(&mut self, person: &mut Person, transaction: &str) {
        let user = json!({ "user_id": person.user_id });
        self.ceremony(person, "/mfa/login", &user).await;
        self.ceremony(person, "/login", &user).await;
        self.ceremony(person, "/login", &json!({})).await;
        let request = json!({ "user_id": person.user_id, "transaction_id": transaction, "transaction_data": 1 });
        self.ceremony(person, "/transaction", &request).await;
    }
}

#[tokio::test]
async fn each_step_takes_at_most_three_round_trips() {
    if !database::is_postgres("each step takes at most three round trips") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (url, _database) = database::for_test(folder.path()).await;
    let proxy = CountingProxy::start(address_of(&url));
    let builder = TestServer::builder().database(proxy.url(&url));
    let server = builder.database_options(|options| options.connections = 1).start().await;
    // The ids of audit entries contain the time of PostgreSQL's clock, which is the system time. If the node's clock
    // differed from it by more than 5 s, the transactions would also store the difference.
    server.clock.advance_ms(SystemClock.now().millis() - server.clock.now().millis());
    let tenant = server.tenant().await;
    let mut person = Person::new("alice");
    let _ = person.register(&tenant).await.expect(200);
    let mut counter = Counter { proxy, tenant, slow: Vec::new() };
    // During the first ceremonies, the connection prepares its statements, so these ceremonies are not counted.
    counter.ceremonies(&mut person, "first").await;
    counter.slow.clear();
    println!("with prepared statements:");
    counter.ceremonies(&mut person, "second").await;
    assert_eq!(counter.slow, [""; 0]);
}
