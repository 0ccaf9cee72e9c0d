//! A tenant's audit log, and the transactions and totals that go with it.

use std::collections::BTreeMap;

use doorward_server::db::Engine;
use doorward_shared::{AuditType, Base64Url, TransactionRowId};

use super::{
    SeedError,
    names::address,
    output::Output,
    plan::{CredentialKind, Plan, Use, audit_id, id_at},
    random::Random,
    table::{Table, Value},
};

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;
/// Rows of one counter on PostgreSQL, as in `store/audit/counts.rs`.
const SHARDS: u8 = 8;
/// How busy each hour of a day is, in UTC: people sleep.
const HOURS: [u64; 24] = [4, 3, 2, 2, 3, 6, 12, 22, 34, 40, 42, 41, 38, 40, 41, 40, 38, 36, 33, 30, 26, 20, 13, 8];
/// How busy each day of a week is; the epoch began on a Thursday.
const WEEKDAYS: [u64; 7] = [10, 10, 5, 4, 10, 11, 11];

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

/// A kind of ceremony and what its steps leave in the log.
struct Ceremony {
    /// Number of ceremonies of this kind per thousand.
    per_mille: u64,
    started: AuditType,
    not_started: AuditType,
    ended: AuditType,
    refused: AuditType,
    refusals: &'static [Refusal],
    credential: CredentialKind,
}

const CEREMONIES: [Ceremony; 5] = [
    Ceremony {
        per_mille: 520,
        started: AuditType::MfaAuthenticationInitSucceeded,
        not_started: AuditType::MfaAuthenticationInitFailed,
        ended: AuditType::MfaAuthenticationFinalSucceeded,
        refused: AuditType::MfaAuthenticationFinalFailed,
        refusals: ASSERTION,
        credential: CredentialKind::SecondFactor,
    },
    Ceremony {
        per_mille: 310,
        started: AuditType::WebauthnAuthenticationInitSucceeded,
        not_started: AuditType::WebauthnAuthenticationInitFailed,
        ended: AuditType::WebauthnAuthenticationFinalSucceeded,
        refused: AuditType::WebauthnAuthenticationFinalFailed,
        refusals: ASSERTION,
        credential: CredentialKind::Passkey,
    },
    Ceremony {
        per_mille: 80,
        started: AuditType::WebauthnTransactionInitSucceeded,
        not_started: AuditType::WebauthnTransactionInitFailed,
        ended: AuditType::WebauthnTransactionFinalSucceeded,
        refused: AuditType::WebauthnTransactionFinalFailed,
        refusals: ASSERTION,
        credential: CredentialKind::Passkey,
    },
    Ceremony {
        per_mille: 50,
        started: AuditType::WebauthnRegistrationInitSucceeded,
        not_started: AuditType::WebauthnRegistrationInitFailed,
        ended: AuditType::WebauthnRegistrationFinalSucceeded,
        refused: AuditType::WebauthnRegistrationFinalFailed,
        refusals: ATTESTATION,
        credential: CredentialKind::Passkey,
    },
    Ceremony {
        per_mille: 40,
        started: AuditType::MfaRegistrationInitSucceeded,
        not_started: AuditType::MfaRegistrationInitFailed,
        ended: AuditType::MfaRegistrationFinalSucceeded,
        refused: AuditType::MfaRegistrationFinalFailed,
        refusals: ATTESTATION,
        credential: CredentialKind::SecondFactor,
    },
];

/// When things happen: a place between 0 and 1 becomes a moment, more of them by day than by night.
pub(super) struct Rhythm {
    since: i64,
    until: i64,
    /// How busy the time up to the end of each hour is, from the first.
    busy: Vec<u64>,
}

impl Rhythm {
    pub(super) fn of(plan: &Plan) -> Self {
        let hour = DAY / 24;
        let (first, hours) = (plan.since() / hour, i64::from(plan.days) * 24);
        let weight = |hour: i64| {
            let of = |list: &[u64], place: i64| usize::try_from(place).ok().and_then(|at| list.get(at).copied());
            of(&HOURS, hour.rem_euclid(24)).unwrap_or(1) * of(&WEEKDAYS, hour.div_euclid(24).rem_euclid(7)).unwrap_or(1)
        };
        let busy = (first..first + hours).scan(0, |sum, hour| {
            *sum += weight(hour);
            Some(*sum)
        });
        Self { since: plan.since(), until: plan.until, busy: busy.collect() }
    }

    /// The moment at `place` of `places`.
    fn at(&self, place: u64, places: u64, random: &mut Random) -> i64 {
        let total = u128::from(self.busy.last().copied().unwrap_or(0));
        // A thousandth of a step is fine enough.
        let fine = u128::from(place) * 1_000 + u128::from(random.below(1_000));
        let wanted = u64::try_from(fine * total / (u128::from(places.max(1)) * 1_000)).unwrap_or(0);
        let hour = self.busy.partition_point(|sum| *sum <= wanted);
        let within = i64::from(u32::try_from(random.below(3_600_000)).unwrap_or(0));
        let before = i64::try_from(hour).unwrap_or(0) * (DAY / 24);
        // The last step of a ceremony still lies before the end.
        (self.since + before + within).min(self.until - 60_000)
    }
}

/// Writes a tenant's log.
pub(super) struct Log<'a, 'b> {
    pub(super) plan: &'a Plan,
    pub(super) engine: Engine,
    pub(super) rhythm: &'a Rhythm,
    pub(super) out: &'a mut Output<'b>,
}

/// What is the same in every row of a tenant, and what is counted.
struct Tenant {
    number: u64,
    id: String,
    users: u64,
    counts: BTreeMap<(i64, &'static str, i64), i64>,
}

/// Who did something, from where.
struct Actor {
    number: u64,
    name: Value,
    address: String,
    agent: String,
}

/// What happened.
struct Event {
    kind: AuditType,
    refusal: Option<Refusal>,
    at: i64,
    credential: Value,
    transaction: Value,
}

impl Log<'_, '_> {
    pub(super) fn write(&mut self, number: u64) -> Result<(), SeedError> {
        let rows = self.plan.rows_of(number);
        let (id, users) = (self.plan.tenant_id(number).to_string(), self.plan.users_of(number));
        let mut tenant = Tenant { number, id, users, counts: BTreeMap::new() };
        let mut random = self.plan.random(Use::Log, number, 0);
        let mut written = 0;
        while written < rows {
            let at = self.rhythm.at(written, rows, &mut random);
            written += self.ceremony(&mut tenant, at, rows - written, &mut random)?;
        }
        for ((day, kind, shard), count) in tenant.counts {
            let row = [tenant.id.clone().into(), day.into(), kind.into(), shard.into(), count.into()];
            self.out.push(Table::AuditCounts, row)?;
        }
        Ok(())
    }

    /// One ceremony: at most `room` rows, and at least one. Answers how many.
    fn ceremony(&mut self, tenant: &mut Tenant, at: i64, room: u64, random: &mut Random) -> Result<u64, SeedError> {
        let actor = self.actor(tenant, random);
        let nothing = |kind, refusal| Event { kind, refusal, at, credential: Value::Null, transaction: Value::Null };
        if random.chance(4) {
            let refusal = ("api_key_invalid", "the api key is invalid");
            let stranger = Actor { name: Value::Null, ..actor };
            self.row(tenant, &stranger, nothing(AuditType::ApiKeyRejected, Some(refusal)), random)?;
            return Ok(1);
        }
        let kind = choose(random);
        let started = tenant.users > 0 && !random.chance(5);
        if !started {
            let refusal = pick(START, random);
            self.row(tenant, &actor, nothing(kind.not_started, refusal), random)?;
            return Ok(1);
        }
        let is_transaction = kind.started == AuditType::WebauthnTransactionInitSucceeded;
        let transaction = if is_transaction { self.transaction(tenant, &actor, at, random)? } else { Value::Null };
        let event =
            Event { kind: kind.started, refusal: None, at, credential: Value::Null, transaction: transaction.clone() };
        self.row(tenant, &actor, event, random)?;
        // Some people never finish.
        if room < 2 || random.chance(40) {
            return Ok(1);
        }
        let refused = random.chance(20);
        let credential = self.plan.credential_id(tenant.number, actor.number, kind.credential);
        let event = Event {
            kind: if refused { kind.refused } else { kind.ended },
            refusal: if refused { pick(kind.refusals, random) } else { None },
            at: at + 900 + i64::from(u32::try_from(random.below(14_000)).unwrap_or(0)),
            credential: Base64Url::encode(&credential).into(),
            transaction,
        };
        self.row(tenant, &actor, event, random)?;
        Ok(2)
    }

    /// One of the tenant's users, mostly at home.
    fn actor(&self, tenant: &Tenant, random: &mut Random) -> Actor {
        let number = random.below(tenant.users);
        let mut habits = self.plan.random(Use::Account, tenant.number, number);
        let (agent, home) = (self.plan.names().agent(&mut habits), address(&mut habits));
        let name = if tenant.users == 0 { Value::Null } else { self.plan.external_id(tenant.number, number).into() };
        let address = if random.chance(150) { address(random) } else { home };
        Actor { number, name, address, agent }
    }

    fn transaction(
        &mut self,
        tenant: &Tenant,
        actor: &Actor,
        at: i64,
        random: &mut Random,
    ) -> Result<Value, SeedError> {
        let identifier = format!("pay-{:016x}", random.next());
        let (amount, id) = (random.below(1_000_000), TransactionRowId::new(id_at(at, random)));
        let data = format!(r#"{{"amount":"{}.{:02}","currency":"EUR"}}"#, amount / 100, amount % 100);
        self.out.push(
            Table::Transactions,
            [
                tenant.id.clone().into(),
                id.to_string().into(),
                identifier.clone().into(),
                self.plan.user_id(tenant.number, actor.number).to_string().into(),
                data.into(),
                at.into(),
                at.into(),
            ],
        )?;
        Ok(identifier.into())
    }

    fn row(&mut self, tenant: &mut Tenant, actor: &Actor, event: Event, random: &mut Random) -> Result<(), SeedError> {
        let id = audit_id(event.at, random).uuid();
        let shard = match self.engine {
            Engine::Sqlite => 0,
            Engine::Postgres => id.as_bytes().last().map_or(0, |byte| i64::from(byte % SHARDS)),
        };
        let date = event.at.div_euclid(DAY);
        *tenant.counts.entry((date, event.kind.as_str(), shard)).or_default() += 1;
        let (code, reason) = event.refusal.map_or((Value::Null, Value::Null), |(code, why)| (code.into(), why.into()));
        let request = uuid::Builder::from_random_bytes(random.bytes()).into_uuid();
        self.out.push(
            Table::AuditLogs,
            [
                tenant.id.clone().into(),
                id.to_string().into(),
                event.kind.as_str().into(),
                reason,
                code,
                request.to_string().into(),
                actor.address.clone().into(),
                actor.agent.clone().into(),
                actor.name.clone(),
                event.credential,
                event.transaction,
                Value::Null,
                event.at.into(),
            ],
        )
    }
}

fn choose(random: &mut Random) -> &'static Ceremony {
    const USUAL: &Ceremony = &CEREMONIES[0];
    let mut left = random.below(1_000);
    for ceremony in &CEREMONIES {
        if left < ceremony.per_mille {
            return ceremony;
        }
        left -= ceremony.per_mille;
    }
    USUAL
}

fn pick(list: &'static [Refusal], random: &mut Random) -> Option<Refusal> {
    // The first reasons are the usual ones.
    let place = random.below(list.len() as u64).min(random.below(list.len() as u64));
    usize::try_from(place).ok().and_then(|place| list.get(place)).copied()
}
