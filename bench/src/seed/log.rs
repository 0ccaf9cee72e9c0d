//! A tenant's audit log, and the transactions and counts that belong to it.

use std::collections::BTreeMap;

use doorward_server::db::Engine;
use doorward_shared::{Base64Url, TransactionRowId};

use super::{
    SeedError,
    names::{address, agent},
    plan::{CredentialKind, Plan, Use, id_at},
    random::Random,
    writer::{Table, Writer},
};

const HOUR: i64 = 3_600_000;
/// Number of rows per counter on PostgreSQL, the same as `COUNTER_SHARDS` in `server/src/db/connection.rs`.
const SHARDS: u8 = 8;
/// Relative number of events in each hour of a day, in UTC.
const HOURS: [u8; 24] = [4, 3, 2, 2, 3, 6, 12, 22, 34, 40, 42, 41, 38, 40, 41, 40, 38, 36, 33, 30, 26, 20, 13, 8];

/// Error code and message.
type Refusal = (&'static str, &'static str);
const ASSERTION: &[Refusal] = &[
    ("challenge_expired", "the challenge has expired"),
    ("signature_invalid", "the signature does not verify"),
    ("challenge_unknown", "received challenge does not match with any stored one"),
    ("origin_mismatch", "the origin is not one of the tenant's"),
    ("user_verification_missing", "the tenant requires user verification"),
    ("counter_regression", "the signature counter went backwards"),
];
const ATTESTATION: &[Refusal] = &[
    ("challenge_expired", "the challenge has expired"),
    ("credential_exists", "credential already registered"),
    ("attestation_invalid", "the attestation statement does not verify"),
];
const START: &[Refusal] = &[
    ("user_not_found", "user not found"),
    ("no_suitable_credential", "user has no suitable credentials for this operation"),
];

/// A kind of ceremony: frequency per thousand, prefix of its audit types, refusals of its finalize request, kind of
/// credential.
type Ceremony = (u64, &'static str, &'static [Refusal], CredentialKind);
const CEREMONIES: [Ceremony; 5] = [
    (520, "mfa_authentication", ASSERTION, CredentialKind::SecondFactor),
    (310, "webauthn_authentication", ASSERTION, CredentialKind::Passkey),
    (80, TRANSACTION, ASSERTION, CredentialKind::Passkey),
    (50, "webauthn_registration", ATTESTATION, CredentialKind::Passkey),
    (40, "mfa_registration", ATTESTATION, CredentialKind::SecondFactor),
];
const TRANSACTION: &str = "webauthn_transaction";

/// Returns the start times of the hours of the log. Each time is repeated in proportion to the events in its hour.
pub(super) fn busy_hours(plan: &Plan) -> Vec<i64> {
    let hours = (0..i64::from(plan.days) * 24).map(|hour| plan.since() + hour * HOUR);
    let weight = |time: i64| HOURS.get(usize::try_from(time.div_euclid(HOUR).rem_euclid(24)).unwrap_or(0)).copied();
    hours.flat_map(|time| std::iter::repeat_n(time, weight(time).unwrap_or(1).into())).collect()
}

/// Writes a tenant's log.
pub(super) async fn write(
    plan: &Plan,
    hours: &[i64],
    tenant: u64,
    out: &mut Writer,
    progress: &mut impl FnMut(u64),
) -> Result<(), SeedError> {
    let rows = plan.rows_of(tenant);
    let id = plan.tenant_id(tenant).to_string();
    let mut log =
        Log { plan, tenant, id, random: plan.random(Use::Log, tenant, 0), written: 0, counts: BTreeMap::new(), out };
    while log.written < rows {
        let place = u128::from(log.written) * hours.len() as u128 / u128::from(rows);
        let hour = usize::try_from(place).ok().and_then(|place| hours.get(place)).copied().unwrap_or(plan.since());
        // Leave a minute, so that the finalize request is also before the end of the log.
        let at = (hour + log.random.millis(3_600_000)).min(plan.until - 60_000);
        log.ceremony(at, rows - log.written);
        if log.out.flush_if_full().await? {
            progress(log.out.entries());
        }
    }
    for ((day, kind, shard), count) in &log.counts {
        log.out.push(Table::AuditCounts, &[&log.id, day, kind, shard, count]);
    }
    Ok(())
}

struct Log<'a> {
    plan: &'a Plan,
    tenant: u64,
    id: String,
    random: Random,
    /// Number of entries so far.
    written: u64,
    /// Number of entries by day, type and shard.
    counts: BTreeMap<(i64, String, i64), i64>,
    out: &'a mut Writer,
}

/// The user of a ceremony, with source address and user agent.
struct Actor {
    number: u64,
    name: Option<String>,
    address: String,
    agent: String,
}

/// The fields of an entry that differ between the two requests of a ceremony.
#[derive(Default)]
struct Event {
    kind: String,
    at: i64,
    refusal: Option<Refusal>,
    credential: Option<String>,
    transaction: Option<String>,
}

impl Log<'_> {
    /// Writes the entries of one ceremony: one or two, but at most `room`.
    fn ceremony(&mut self, at: i64, room: u64) {
        let mut actor = self.actor();
        if self.random.chance(4) {
            actor.name = None;
            let refusal = Some(("api_key_invalid", "the api key is invalid"));
            self.entry(&actor, Event { kind: "api_key_rejected".to_owned(), at, refusal, ..Event::default() });
            return;
        }
        let (_, name, refusals, credential) = self.choose();
        if actor.name.is_none() || self.random.chance(5) {
            let refusal = Some(self.refusal(START));
            self.entry(&actor, Event { kind: format!("{name}_init_failed"), at, refusal, ..Event::default() });
            return;
        }
        let transaction = (name == TRANSACTION).then(|| self.transaction(&actor, at));
        let kind = format!("{name}_init_succeeded");
        self.entry(&actor, Event { kind, at, transaction: transaction.clone(), ..Event::default() });
        // Some ceremonies are not finished.
        if room < 2 || self.random.chance(40) {
            return;
        }
        let refusal = self.random.chance(20).then(|| self.refusal(refusals));
        let kind = format!("{name}_final_{}", if refusal.is_some() { "failed" } else { "succeeded" });
        let credential = self.plan.credential_id(self.tenant, actor.number, credential);
        let at = at + 900 + self.random.millis(14_000);
        self.entry(&actor, Event { kind, at, refusal, credential: Some(Base64Url::encode(&credential)), transaction });
    }

    fn choose(&mut self) -> Ceremony {
        let [mut chosen, rest @ ..] = CEREMONIES;
        let mut left = self.random.below(1_000);
        for ceremony in rest {
            if left < chosen.0 {
                break;
            }
            left -= chosen.0;
            chosen = ceremony;
        }
        chosen
    }

    /// Chooses a refusal. Refusals at the beginning of the list are chosen more often.
    fn refusal(&mut self, list: &[Refusal]) -> Refusal {
        let first = self.random.below(list.len() as u64) + 1;
        self.random.pick(list.get(..usize::try_from(first).unwrap_or(1)).unwrap_or(list))
    }

    /// Chooses a user. Most of a user's ceremonies come from the same address.
    fn actor(&mut self) -> Actor {
        let users = self.plan.users_of(self.tenant);
        let number = self.random.below(users);
        let mut habits = self.plan.random(Use::Account, self.tenant, number);
        let (agent, home) = (agent(&mut habits, self.plan.hostile), address(&mut habits));
        let address = if self.random.chance(150) { address(&mut self.random) } else { home };
        let name = (users > 0).then(|| self.plan.external_id(self.tenant, number));
        Actor { number, name, address, agent }
    }

    /// Writes a transaction and returns its identifier.
    fn transaction(&mut self, actor: &Actor, at: i64) -> String {
        let identifier = format!("pay-{:016x}", self.random.next());
        let (amount, id) = (self.random.below(1_000_000), TransactionRowId::new(id_at(at, &mut self.random)));
        let data = format!(r#"{{"amount":"{}.{:02}","currency":"EUR"}}"#, amount / 100, amount % 100);
        let user = self.plan.user_id(self.tenant, actor.number).to_string();
        self.out.push(Table::Transactions, &[&self.id, &id.to_string(), &identifier, &user, &data, &at, &at]);
        identifier
    }

    fn entry(&mut self, actor: &Actor, event: Event) {
        let Event { kind, at, refusal, credential, transaction } = event;
        let id = id_at(at, &mut self.random);
        let shard = match self.out.engine {
            Engine::Sqlite => 0,
            Engine::Postgres => id.as_bytes().last().map_or(0, |byte| i64::from(byte % SHARDS)),
        };
        let (code, error) = refusal.unzip();
        let (id, request) =
            (id.to_string(), uuid::Builder::from_random_bytes(self.random.bytes()).into_uuid().to_string());
        self.out.push(
            Table::AuditLogs,
            &[
                &self.id,
                &id,
                &kind,
                &error,
                &code,
                &request,
                &actor.address,
                &actor.agent,
                &actor.name,
                &credential,
                &transaction,
                &at,
            ],
        );
        *self.counts.entry((at.div_euclid(24 * HOUR), kind, shard)).or_default() += 1;
        self.written += 1;
    }
}
