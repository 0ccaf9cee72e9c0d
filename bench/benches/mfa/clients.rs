//! Concurrent clients. Each has its own connection and users, and sends its prepared bodies one at a time.

use std::{net::SocketAddr, thread};

use bytes::Bytes;
use doorward_authenticator::{Authenticator, Client};
use doorward_bench::load::http::{Connection, Head, Host};
use doorward_testkit::ORIGIN;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use crate::cpu::CLIENT;

/// A user with a second factor.
#[derive(Debug)]
struct User {
    user_id: String,
    authenticator: Authenticator,
}

#[derive(Debug)]
struct BenchClient {
    runtime: Runtime,
    connection: Connection,
    users: Vec<User>,
}

#[derive(Debug)]
pub(crate) struct Clients {
    clients: Vec<BenchClient>,
    host: Host,
    tenant: String,
    key: String,
}

/// One body per user, grouped by client.
pub(crate) type Bodies = Vec<Vec<Bytes>>;

impl Clients {
    /// Connects clients and registers their users.
    pub(crate) fn register(address: SocketAddr, tenant: &str, key: &str, clients: usize, users: usize) -> Self {
        let client = |client: usize| BenchClient {
            runtime: Builder::new_current_thread().enable_all().build().expect("a runtime"),
            connection: Connection::to(address),
            users: (0..users)
                .map(|number| User { user_id: format!("user-{client}-{number}"), authenticator: Authenticator::new() })
                .collect(),
        };
        let host = Host { address, authority: "localhost".to_owned(), prefix: String::new() };
        let clients = (0..clients).map(client).collect();
        let mut all = Self { clients, host, tenant: tenant.to_owned(), key: key.to_owned() };
        let bodies = all.prepare(|user| json!({ "user_id": user.user_id, "username": user.user_id }));
        let options = all.exchange("mfa/registration/initialize", bodies);
        let bodies = all.respond(&options, |browser, authenticator, options| {
            browser.create(authenticator, options).expect("a credential")
        });
        all.exchange("mfa/registration/finalize", bodies);
        all
    }

    /// Connects the clients to another server.
    pub(crate) fn reconnect(&mut self, address: SocketAddr) {
        self.host.address = address;
        let head = Head::get(&self.host, "/health/alive", ("accept", "*/*"));
        for client in &mut self.clients {
            client.connection = Connection::to(address);
            client.runtime.block_on(client.connection.send(&head, "")).expect("a response");
        }
    }

    /// Prepares the initialize requests of second-factor logins.
    pub(crate) fn initialize(&self) -> Bodies {
        self.prepare(|user| json!({ "user_id": user.user_id }))
    }

    /// Prepares the finalize requests for these options.
    pub(crate) fn finalize(&mut self, options: &Bodies) -> Bodies {
        self.respond(options, |browser, authenticator, options| {
            browser.get(authenticator, options).expect("an assertion")
        })
    }

    fn prepare(&self, body: impl Fn(&User) -> Value) -> Bodies {
        let body = |user| body(user).to_string().into();
        self.clients.iter().map(|client| client.users.iter().map(body).collect()).collect()
    }

    fn respond(&mut self, options: &Bodies, act: impl Fn(&Client, &mut Authenticator, &Value) -> Value) -> Bodies {
        let browser = Client::new(ORIGIN);
        let each = |(user, options): (&mut User, &Bytes)| {
            let options = serde_json::from_slice(options).expect("JSON options");
            act(&browser, &mut user.authenticator, &options).to_string().into()
        };
        let clients = self.clients.iter_mut().zip(options);
        clients.map(|(client, options)| client.users.iter_mut().zip(options).map(each).collect()).collect()
    }

    /// Sends the bodies of all clients concurrently and returns the response bodies.
    pub(crate) fn exchange(&mut self, path: &str, bodies: Bodies) -> Bodies {
        let head = &Head::post(&self.host, &format!("/{}/{path}", self.tenant), Some(&self.key));
        let work = |BenchClient { runtime, connection, .. }: &mut BenchClient, bodies: Vec<Bytes>| {
            runtime.block_on(async {
                let mut responses = Vec::new();
                for body in bodies {
                    let response = connection.send(head, body).await.expect("a response");
                    assert_eq!(response.status, 200, "{}", String::from_utf8_lossy(&response.body));
                    responses.push(response.body);
                }
                responses
            })
        };
        thread::scope(|scope| {
            let clients = self.clients.iter_mut().zip(bodies).enumerate().map(|(number, (client, bodies))| {
                let thread = thread::Builder::new().name(format!("{CLIENT}{number}"));
                thread.spawn_scoped(scope, move || work(client, bodies)).expect("a thread")
            });
            let clients: Vec<_> = clients.collect();
            clients.into_iter().map(|client| client.join().expect("a client without errors")).collect()
        })
    }
}
