//! Concurrent clients, each with a connection and people of its own. They use up everything they send at once, one
//! request at a time.

use std::{net::SocketAddr, thread};

use doorward_authenticator::{Authenticator, Client};
use doorward_testkit::ORIGIN;
use serde_json::{Value, json};

use crate::{
    cpu::CLIENT,
    wire::{self, Connection},
};

/// Somebody with a second factor.
#[derive(Debug)]
struct Someone {
    user_id: String,
    authenticator: Authenticator,
}

#[derive(Debug)]
struct Station {
    connection: Connection,
    people: Vec<Someone>,
}

/// All clients of one server.
#[derive(Debug)]
pub(crate) struct Crew {
    stations: Vec<Station>,
    tenant: String,
    key: String,
}

/// A request for each person, by client.
pub(crate) type Requests = Vec<Vec<Vec<u8>>>;

impl Crew {
    /// Connects clients and registers their people.
    pub(crate) fn gather(address: SocketAddr, tenant: &str, key: &str, clients: usize, people: usize) -> Self {
        let station = |client: usize| Station {
            connection: Connection::open(address),
            people: (0..people)
                .map(|number| Someone {
                    user_id: format!("user-{client}-{number}"),
                    authenticator: Authenticator::new(),
                })
                .collect(),
        };
        let mut crew =
            Self { stations: (0..clients).map(station).collect(), tenant: tenant.to_owned(), key: key.to_owned() };
        let options = crew.exchange(crew.prepare(
            "mfa/registration/initialize",
            |person| json!({ "user_id": person.user_id, "username": format!("{}@example.com", person.user_id) }),
        ));
        let bodies = crew.answer("mfa/registration/finalize", &options, |browser, authenticator, options| {
            browser.create(authenticator, options).expect("a credential")
        });
        crew.exchange(bodies);
        crew
    }

    /// Connects the same clients to another server, which takes their requests as they are.
    pub(crate) fn reconnect(&mut self, address: SocketAddr) {
        for station in &mut self.stations {
            station.connection = Connection::open(address);
        }
    }

    /// Requests that begin a second-factor login.
    pub(crate) fn initialize(&self) -> Requests {
        self.prepare("mfa/login/initialize", |person| json!({ "user_id": person.user_id }))
    }

    /// Requests that end the logins those answers began.
    pub(crate) fn finalize(&mut self, options: &Requests) -> Requests {
        self.answer("mfa/login/finalize", options, |browser, authenticator, options| {
            browser.get(authenticator, options).expect("an assertion")
        })
    }

    fn prepare(&self, path: &str, body: impl Fn(&Someone) -> Value) -> Requests {
        let path = format!("/{}/{path}", self.tenant);
        let request = |person| wire::request(&path, &self.key, &body(person).to_string());
        self.stations.iter().map(|station| station.people.iter().map(request).collect()).collect()
    }

    fn answer(
        &mut self,
        path: &str,
        options: &Requests,
        act: impl Fn(&Client, &mut Authenticator, &Value) -> Value,
    ) -> Requests {
        let (path, browser) = (format!("/{}/{path}", self.tenant), Client::new(ORIGIN));
        let each = |(person, options): (&mut Someone, &Vec<u8>)| {
            let options = serde_json::from_slice(options).expect("JSON options");
            let body = act(&browser, &mut person.authenticator, &options).to_string();
            wire::request(&path, &self.key, &body)
        };
        let stations = self.stations.iter_mut().zip(options);
        stations.map(|(station, options)| station.people.iter_mut().zip(options).map(each).collect()).collect()
    }

    /// Sends everything, all clients at once, and answers the bodies.
    pub(crate) fn exchange(&mut self, requests: Requests) -> Requests {
        thread::scope(|scope| {
            let clients: Vec<_> = self
                .stations
                .iter_mut()
                .zip(requests)
                .enumerate()
                .map(|(number, (station, requests))| {
                    let work = move || requests.iter().map(|request| station.connection.exchange(request)).collect();
                    let thread = thread::Builder::new().name(format!("{CLIENT}{number}"));
                    thread.spawn_scoped(scope, work).expect("a thread")
                })
                .collect();
            clients.into_iter().map(|client| client.join().expect("every request is answered")).collect()
        })
    }
}
