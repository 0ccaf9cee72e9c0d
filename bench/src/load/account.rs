//! The users of a run, either derived from the plan of a seeded installation or registered through the API.

use std::{cell::RefCell, collections::HashMap, rc::Rc, sync::Arc};

use doorward_authenticator::{Authenticator, Client, ClientError, Credential};
use doorward_server::clock::{SystemEntropy, random};
use serde_json::{Value, json};

use super::{
    LoadError,
    http::{Connection, Head, Host},
    options::{Mode, Options},
};
use crate::seed::{CredentialKind, Seeded};

const CONCURRENT_REGISTRATIONS: usize = 16;

/// Request heads of a tenant, one per node.
#[derive(Debug)]
pub(super) struct Heads {
    pub(super) initialize: Vec<Head>,
    pub(super) finalize: Vec<Head>,
    /// Path for requests with wrong keys.
    pub(super) guarded_path: String,
    /// API key of the tenant, from which wrong keys are derived.
    pub(super) api_key: String,
}

#[derive(Debug)]
pub(super) struct Account {
    pub(super) heads: Rc<Heads>,
    /// Body of the initialize request. For transactions it is incomplete: the client appends the transaction id.
    pub(super) initialize: Vec<u8>,
    browser: Client,
    authenticator: RefCell<Authenticator>,
}

impl Account {
    /// Returns the body of the finalize request for these options.
    pub(super) fn assertion(&self, options: &Value) -> Result<String, ClientError> {
        Ok(self.browser.get(&mut self.authenticator.borrow_mut(), options)?.to_string())
    }
}

impl Heads {
    fn new(hosts: &[Host], options: &Options, tenant: &str, api_key: &str) -> Self {
        let [initialize, finalize] = options.mode.paths();
        let by_user = options.mode != Mode::Login || options.by_user;
        let keyed = options.mode != Mode::Login;
        let heads = |path: &str, keyed: bool| {
            let path = format!("/{tenant}/{path}");
            hosts.iter().map(|host| Head::post(host, &path, keyed.then_some(api_key))).collect()
        };
        Self {
            initialize: heads(initialize, by_user),
            finalize: heads(finalize, keyed),
            guarded_path: format!("/{tenant}/mfa/login/initialize"),
            api_key: api_key.to_owned(),
        }
    }
}

fn initialize(options: &Options, user_id: &str) -> Vec<u8> {
    let user_id = Value::from(user_id);
    match options.mode {
        Mode::Login if !options.by_user => b"{}".to_vec(),
        Mode::Transaction => format!(
            r#"{{"user_id":{user_id},"transaction_data":{{"amount":"19.90","currency":"EUR"}},"transaction_id":"#
        )
        .into_bytes(),
        _ => format!(r#"{{"user_id":{user_id}}}"#).into_bytes(),
    }
}

/// Prepares the users of a run.
pub(super) async fn prepare(options: &Options, hosts: &[Host]) -> Result<Vec<Rc<Account>>, LoadError> {
    if let Some(file) = &options.seeded {
        return seeded(options, hosts, &Seeded::load(file)?);
    }
    let (Some(tenant), Some(key)) = (&options.tenant, &options.api_key) else {
        return Err(LoadError::Setup("pass --seeded, or --tenant with --api-key".to_owned()));
    };
    let heads = Rc::new(Heads::new(hosts, options, tenant, key));
    let bytes = random::<6>(&SystemEntropy::default()).map_err(|error| LoadError::Setup(error.to_string()))?;
    let run: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let (next, accounts) = (RefCell::new(0..options.user_count()), RefCell::new(Vec::new()));
    let workers = (0..CONCURRENT_REGISTRATIONS).map(|worker| {
        let (heads, next, accounts, run) = (Rc::clone(&heads), &next, &accounts, &run);
        async move {
            let host = hosts.get(worker % hosts.len().max(1)).ok_or_else(|| LoadError::Setup("no URL".to_owned()))?;
            let mut registrar = Registrar::new(options, host, tenant, key);
            loop {
                let Some(number) = next.borrow_mut().next() else { return Ok::<_, LoadError>(()) };
                let user_id = format!("load-{run}-{number}");
                let (browser, authenticator) = registrar.register(&user_id).await?;
                let account = Account {
                    heads: Rc::clone(&heads),
                    initialize: initialize(options, &user_id),
                    browser,
                    authenticator: authenticator.into(),
                };
                accounts.borrow_mut().push(Rc::new(account));
            }
        }
    });
    futures_util::future::try_join_all(workers).await?;
    Ok(accounts.into_inner())
}

/// Derives users from the plan of a seeded installation. Takes about the same number of users from each chosen tenant.
/// The chosen tenants are spread evenly over all tenants.
fn seeded(options: &Options, hosts: &[Host], seeded: &Seeded) -> Result<Vec<Rc<Account>>, LoadError> {
    let plan = &seeded.plan;
    let wanted = u64::from(options.user_count());
    let tenants = options.tenants.unwrap_or(wanted).min(plan.tenants).min(wanted);
    let kind = match options.mode {
        Mode::Mfa | Mode::Replay => CredentialKind::SecondFactor,
        Mode::Login | Mode::Transaction => CredentialKind::Passkey,
    };
    let mut heads: HashMap<u64, Rc<Heads>> = HashMap::new();
    let mut accounts = Vec::new();
    for number in 0..wanted {
        let tenant = number % tenants * plan.tenants / tenants;
        let users = plan.users_of(tenant);
        if users == 0 {
            continue;
        }
        let user = number / tenants % users;
        let heads = heads.entry(tenant).or_insert_with(|| {
            let id = plan.tenant_id(tenant).to_string();
            Rc::new(Heads::new(hosts, options, &id, &seeded.api_key(tenant)))
        });
        let user_id = plan.external_id(tenant, user);
        let credential = Credential {
            id: plan.credential_id(tenant, user, kind).to_vec(),
            rp_id: plan.rp_id(tenant),
            user_handle: user_id.clone().into_bytes(),
            discoverable: kind == CredentialKind::Passkey,
            sign_count: 0,
            key: Arc::new(plan.key(tenant, user).map_err(|error| LoadError::Setup(error.to_string()))?),
        };
        let mut authenticator = Authenticator::new();
        authenticator.credentials_mut().push(credential);
        accounts.push(Rc::new(Account {
            heads: Rc::clone(heads),
            initialize: initialize(options, &user_id),
            browser: Client::new(plan.origin(tenant)),
            authenticator: authenticator.into(),
        }));
    }
    if accounts.is_empty() {
        return Err(LoadError::Setup("the seeded tenants have no users".to_owned()));
    }
    Ok(accounts)
}

/// Registers users one after the other.
struct Registrar<'a> {
    options: &'a Options,
    connection: Connection,
    initialize: Head,
    finalize: Head,
}

impl<'a> Registrar<'a> {
    fn new(options: &'a Options, host: &Host, tenant: &str, key: &str) -> Self {
        let kind = match options.mode {
            Mode::Mfa | Mode::Replay => "mfa/registration",
            Mode::Login | Mode::Transaction => "registration",
        };
        let head = |step: &str| Head::post(host, &format!("/{tenant}/{kind}/{step}"), Some(key));
        let connection = Connection::to(host.address);
        Self { options, connection, initialize: head("initialize"), finalize: head("finalize") }
    }

    async fn register(&mut self, user_id: &str) -> Result<(Client, Authenticator), LoadError> {
        let request = json!({ "user_id": user_id, "username": user_id }).to_string();
        let options = post(&mut self.connection, &self.initialize, request).await?;
        let rp_id = options.pointer("/publicKey/rp/id").and_then(Value::as_str).unwrap_or_default();
        let origin = self.options.origin.clone().unwrap_or_else(|| format!("https://{rp_id}"));
        let (browser, mut authenticator) = (Client::new(&origin), Authenticator::new());
        let created = browser.create(&mut authenticator, &options);
        let body = created.map_err(|error| LoadError::Setup(format!("registration: {error}")))?;
        post(&mut self.connection, &self.finalize, body.to_string()).await?;
        Ok((browser, authenticator))
    }
}

async fn post(connection: &mut Connection, head: &Head, body: String) -> Result<Value, LoadError> {
    let failed = |reason: String| LoadError::Setup(format!("registration: {reason}"));
    let response = connection.send(head, body).await.map_err(|error| failed(error.to_string()))?;
    if response.status != 200 {
        return Err(failed(format!("status {}: {}", response.status, String::from_utf8_lossy(&response.body))));
    }
    serde_json::from_slice(&response.body).map_err(|error| failed(error.to_string()))
}
