//! Concurrent clients, each with its own connection and users. A client sends its prepared requests one at a time.

use std::{net::SocketAddr, thread};

use doorward_authenticator::{Authenticator, Client};
use doorward_testkit::ORIGIN;
use serde_json::{Value, json};

use crate::{
    cpu::CLIENT,
    wire::{self, Connection},
};

/// A user with a second factor.
#[derive(Debug)]
struct User {
    user_id: String,
    authenticator: Authenticator,
}

#[derive(Debug)]
struct BenchClient {
    connection: Connection,
    users: Vec<User>,
}

#[derive(Debug)]
pub(crate) struct Clients {
    clients: Vec<BenchClient>,
    tenant: String,
    key: String,
}

/// One request per user, grouped by client.
pub(crate) type Requests = Vec<Vec<Vec<u8>>>;

impl Clients {
    /// Connects clients and registers their users.
    pub(crate) fn register(address: SocketAddr, tenant: &str, key: &str, clients: usize, users: usize) -> Self {
        let client = |client: usize| BenchClient {
            connection: Connection::open(address),
            users: (0..users)
                .map(|number| User { user_id: format!("user-{client}-{number}"), authenticator: Authenticator::new() })
                .collect(),
        };
        let mut all =
            Self { clients: (0..clients).map(client).collect(), tenant: tenant.to_owned(), key: key.to_owned() };
        let options = all.exchange(all.prepare(
            "mfa/registration/initialize",
            |user| json!({ "user_id": user.user_id, "username": format!("{}@example.com", user.user_id) }),
        ));
        let bodies = all.respond("mfa/registration/finalize", &options, |browser, authenticator, options| {
            browser.create(authenticator, options).expect("a credential")
        });
        all.exchange(bodies);
        all
    }

    pub(crate) fn reconnect(&mut self, address: SocketAddr) {
        for client in &mut self.clients {
            client.connection = Connection::open(address);
        }
    }

    /// Prepares requests that start a second-factor login.
    pub(crate) fn initialize(&self) -> Requests {
        self.prepare("mfa/login/initialize", |user| json!({ "user_id": user.user_id }))
    }

    /// Prepares requests that finish the logins with these options.
    pub(crate) fn finalize(&mut self, options: &Requests) -> Requests {
        self.respond("mfa/login/finalize", options, |browser, authenticator, options| {
            browser.get(authenticator, options).expect("an assertion")
        })
    }

    fn prepare(&self, path: &str, body: impl Fn(&User) -> Value) -> Requests {
        let path = format!("/{}/{path}", self.tenant);
        let request = |user| wire::request(&path, &self.key, &body(user).to_string());
        self.clients.iter().map(|client| client.users.iter().map(request).collect()).collect()
    }

    fn respond(
        &mut self,
        path: &str,
        options: &Requests,
        act: impl Fn(&Client, &mut Authenticator, &Value) -> Value,
    ) -> Requests {
        let (path, browser) = (format!("/{}/{path}", self.tenant), Client::new(ORIGIN));
        let each = |(user, options): (&mut User, &Vec<u8>)| {
            let options = serde_json::from_slice(options).expect("JSON options");
            let body = act(&browser, &mut user.authenticator, &options).to_string();
            wire::request(&path, &self.key, &body)
        };
        let clients = self.clients.iter_mut().zip(options);
        clients.map(|(client, options)| client.users.iter_mut().zip(options).map(each).collect()).collect()
    }

    /// Sends the requests of all clients concurrently and returns the response bodies.
    pub(crate) fn exchange(&mut self, requests: Requests) -> Requests {
        thread::scope(|scope| {
            let clients: Vec<_> = self
                .clients
                .iter_mut()
                .zip(requests)
                .enumerate()
                .map(|(number, (client, requests))| {
                    let work = move || requests.iter().map(|request| client.connection.exchange(request)).collect();
                    let thread = thread::Builder::new().name(format!("{CLIENT}{number}"));
                    thread.spawn_scoped(scope, work).expect("a thread")
                })
                .collect();
            clients.into_iter().map(|client| client.join().expect("a client without errors")).collect()
        })
    }
}
