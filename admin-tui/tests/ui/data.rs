//! Data of the fake server.

use std::collections::HashMap;

use doorward_admin::api::ApiError;
use doorward_shared::{
    AttestationTrust, AuditId, AuditType, Base64Url, CoseAlgorithm, ErrorCode, TenantId, Timestamp, TransactionRowId,
    UserId,
    admin::{
        ActivityPoint, AdminTokenItem, AffectedUser, AlgorithmCount, CeremonyCount, CodeCount, CryptoRadar, JobVitals,
        MetadataStatus, ModelCount, Overview, QueueVitals, RadarRequirement, ReadyUsers, RefusalCount, Role,
        SecretItem, SigningAlgorithm, SigningKeyItem, TenantActivity, TenantItem, TenantSummary, TimeHistogram,
        TransactionSummary, TrustImpact, TrustPreview, UserItem, UserSummary, Vitals,
    },
    audit::{AdminAuditLogItem, AuditLogItem},
    config::{Cors, RelyingParty, TenantConfig, TrustMode, TrustPolicies},
    public::{CredentialItem, TransactionItem},
};
use uuid::Uuid;

use crate::{fake_server::refusal, harness::start_time};

pub(crate) const SECRET: &str = "dw_6f1d2c3b4a59_Kq3vX9pTz7LmB2nRw8YcH5jD4sGfA6eU";

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    pub tenants: Vec<TenantRecord>,
    /// Oldest first.
    pub audit: Vec<AdminAuditLogItem>,
    pub tokens: Vec<AdminTokenItem>,
    /// Number of requests for the vitals so far.
    pub vitals_requests: u64,
    /// Name of the node that responds to requests for the vitals.
    pub node: String,
    /// `true` if a background job fails.
    pub job_fails: bool,
    /// Serial number of the imported FIDO metadata; `None` if none was imported.
    pub metadata: Option<u64>,
    /// The tenants that the app's admin token may use; `None` for all tenants.
    pub own_tenants: Option<Vec<TenantId>>,
    /// Number of state changes of each object, keyed by the `Debug` text of its `DisableTarget`.
    pub state_versions: HashMap<String, u64>,
}

#[derive(Debug, Clone)]
pub(crate) struct TenantRecord {
    pub summary: TenantSummary,
    pub config: TenantConfig,
    pub api_keys: Vec<SecretItem>,
    pub signing_keys: Vec<SigningKeyItem>,
    pub users: Vec<UserSummary>,
    pub credentials: Vec<CredentialItem>,
    pub transactions: Vec<TransactionSummary>,
}

/// Returns the id of object number `at` of a kind. The id is the same in every test run.
pub(crate) fn uuid(kind: u128, at: usize) -> Uuid {
    Uuid::from_u128((0x0193_5f00 << 96) | (0x7 << 76) | (0b10 << 62) | (kind << 48) | u128::try_from(at).unwrap())
}

fn before(millis: i64) -> Timestamp {
    start_time().plus_millis(-millis)
}

impl World {
    pub(crate) fn tenant(&mut self, id: TenantId) -> Result<&mut TenantRecord, ApiError> {
        let found = self.tenants.iter_mut().find(|it| it.summary.tenant.id == id);
        found.ok_or_else(|| refusal(ErrorCode::TenantNotFound, "tenant not found", ""))
    }

    /// Fails with the server's error if the tenant no longer has this name.
    pub(crate) fn check_name(&mut self, id: TenantId, name: &str) -> Result<(), ApiError> {
        if self.tenant(id)?.summary.tenant.display_name == name {
            return Ok(());
        }
        Err(refusal(ErrorCode::TenantChanged, "tenant was changed", "it has another name now"))
    }

    pub(crate) fn add_tenant(&mut self, name: &str) -> TenantId {
        let record = tenant(self.tenants.len(), name);
        let id = record.summary.tenant.id;
        self.tenants.push(record);
        id
    }

    pub(crate) fn record(&mut self, tenant: usize, kind: AuditType, user: &str, ago: i64) -> AuditId {
        let at = self.audit.len();
        let name = self.tenants.get(tenant).map(|it| it.summary.tenant.display_name.clone());
        let id = self.tenants.get(tenant).map_or(TenantId::INSTALLATION, |it| it.summary.tenant.id);
        let failed = kind.is_failure();
        let entry = AuditLogItem {
            id: AuditId::new(uuid(7, at)),
            kind,
            error: failed.then(|| "the signature does not verify".to_owned()),
            error_code: failed.then(|| "signature_invalid".to_owned()),
            meta_http_request_id: format!("req-{at:04}"),
            meta_source_ip: format!("203.0.113.{}", at % 200 + 1),
            meta_user_agent: "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0".to_owned(),
            actor_user_id: Some(user.to_owned()),
            credential_id: None,
            api_key_id: None,
            detail: None,
            created_at: before(ago),
            updated_at: before(ago),
            tenant_id: id,
            transaction_id: None,
        };
        self.audit.push(AdminAuditLogItem { entry, tenant_name: name });
        AuditId::new(uuid(7, at))
    }
}

fn config(domain: &str, name: &str) -> TenantConfig {
    let origins = vec![format!("https://{domain}"), format!("https://login.{domain}")];
    let relying_party = RelyingParty::new(domain.to_owned(), name.to_owned(), origins);
    TenantConfig {
        cors: Cors { allowed_origins: vec![format!("https://*.{domain}")], allow_unsafe_wildcard: false },
        ..TenantConfig::for_relying_party(relying_party)
    }
}

fn tenant(at: usize, name: &str) -> TenantRecord {
    let domain: String =
        name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase() + ".example";
    let number = u64::try_from(at).unwrap();
    let ago = i64::try_from(at).unwrap();
    TenantRecord {
        summary: TenantSummary {
            tenant: TenantItem { id: TenantId::new(uuid(1, at)), display_name: name.to_owned(), disabled_at: None },
            rp_id: domain.clone(),
            created_at: before(40 * DAY + ago * DAY),
            users: 1_250 / (number + 1),
            credentials: 2_100 / (number + 1),
            api_keys: 1 + number % 2,
            succeeded: 8_400 / (number + 1),
            refused: if at % 3 == 2 { 0 } else { 37 / (number + 1) },
            last_activity: (at != 4).then(|| before(ago * 7 * MINUTE + 12_000)),
        },
        config: config(&domain, name),
        api_keys: Vec::new(),
        signing_keys: Vec::new(),
        users: Vec::new(),
        credentials: Vec::new(),
        transactions: Vec::new(),
    }
}

fn secret(kind: u128, at: usize, name: &str, used: Option<i64>, expires: Option<i64>) -> SecretItem {
    SecretItem {
        id: uuid(kind, at),
        name: name.to_owned(),
        hint: format!("dw_{at}f3a…"),
        created_at: before(30 * DAY),
        last_used_at: used.map(before),
        expires_at: expires.map(|millis| start_time().plus_millis(millis)),
        disabled_at: None,
    }
}

fn user(at: usize, id: &str, name: &str, credentials: u64) -> UserSummary {
    let ago = i64::try_from(at).unwrap();
    UserSummary {
        user: UserItem {
            id: UserId::new(uuid(2, at)),
            user_id: id.to_owned(),
            name: format!("{id}@example.com"),
            icon: String::new(),
            display_name: name.to_owned(),
            created_at: before(ago * DAY + HOUR),
            disabled_at: None,
        },
        credentials,
        last_used_at: (credentials > 0).then(|| before(ago * HOUR + 40_000)),
    }
}

fn credential(at: usize, user: &str, name: &str, is_mfa: bool) -> CredentialItem {
    CredentialItem {
        id: Base64Url(vec![u8::try_from(at).unwrap(); 16]),
        name: Some(name.to_owned()),
        public_key: Base64Url(vec![0xa5; 40]),
        attestation_type: "none".to_owned(),
        attestation_stated: "packed".to_owned(),
        attested: false,
        attestation_trust: AttestationTrust::None,
        algorithm: "ES256".to_owned(),
        sign_count: 7,
        aaguid: uuid(9, at),
        model: Some("YubiKey 5 NFC".to_owned()),
        model_verified: false,
        last_used_at: Some(before(3 * HOUR)),
        created_at: before(20 * DAY),
        disabled_at: None,
        transports: vec!["internal".to_owned(), "hybrid".to_owned()],
        discoverable: None,
        backup_eligible: !is_mfa,
        backup_state: !is_mfa,
        is_mfa,
        user_id: user.to_owned(),
    }
}

fn transaction(at: usize, user: &str, confirmed: bool) -> TransactionSummary {
    TransactionSummary {
        transaction: TransactionItem {
            id: TransactionRowId::new(uuid(3, at)),
            identifier: format!("transfer-{at:03}"),
            data: format!("{{\"amount\":\"{}.00 EUR\",\"to\":\"DE02 1203 0000 0000 2020 51\"}}", 100 + at),
            created_at: before(2 * HOUR),
            updated_at: before(2 * HOUR - MINUTE),
        },
        user_id: user.to_owned(),
        confirmed,
    }
}

fn token(at: usize, name: &str, role: Role) -> AdminTokenItem {
    let used = (at == 0).then_some(20_000);
    let expires = match at {
        1 => Some(60 * DAY),
        2 => Some(5 * DAY),
        _ => None,
    };
    let tenants = (at == 1).then(|| [1, 2].map(|at| TenantId::new(uuid(1, at))).to_vec());
    let tenant_names = tenants.as_ref().map(|_| ["Globex", "Initech"].map(str::to_owned).to_vec());
    AdminTokenItem { secret: secret(4, at, name, used, expires), role, tenants, tenant_names }
}

fn signing_key(
    at: usize,
    algorithm: SigningAlgorithm,
    from: Timestamp,
    retired_at: Option<Timestamp>,
) -> SigningKeyItem {
    let id = uuid(0xb, at);
    SigningKeyItem {
        id,
        algorithm,
        created_at: from,
        signs_from: from,
        retired_at,
        withdrawn_at: None,
        signing: retired_at.is_none(),
        rotates_at: None,
    }
}

/// A small installation with data for every screen.
pub(crate) fn world() -> World {
    let mut world = World::default();
    for name in
        ["Acme Bank", "Globex", "Initech", "Umbrella Health", "Hooli", "Größe & Söhne", "東京電力", "Stark Industries"]
    {
        world.add_tenant(name);
    }
    let acme = &mut world.tenants[0];
    acme.api_keys = vec![
        secret(0xa, 0, "backend production", Some(20_000), None),
        secret(0xa, 1, "backend staging", Some(3 * DAY), Some(6 * DAY)),
        secret(0xa, 2, "migration 2025", None, Some(-DAY)),
    ];
    acme.signing_keys = vec![
        signing_key(0, SigningAlgorithm::Es256, before(30 * DAY), None),
        signing_key(1, SigningAlgorithm::Rs256, before(90 * DAY), Some(before(30 * DAY))),
    ];
    let people = [("alice", "Alice Liddell", 2), ("bob", "Bob", 1), ("carol", "Carol 🦊", 0), ("王小明", "王小明", 1)];
    acme.users = people.iter().enumerate().map(|(at, (id, name, count))| user(at, id, name, *count)).collect();
    acme.credentials =
        vec![credential(1, "alice", "iCloud Keychain", false), credential(2, "alice", "YubiKey 5C", true)];
    acme.transactions = (0..6).map(|at| transaction(at, "alice", at % 2 == 0)).collect();
    world.tokens =
        vec![token(0, "ops", Role::Admin), token(1, "grafana", Role::Auditor), token(2, "contractor", Role::Admin)];
    history(&mut world);
    world.node = "login-1/4711".to_owned();
    world.metadata = Some(291);
    world
}

/// Returns the state of the metadata: two days overdue, or absent.
pub(crate) fn metadata(world: &World) -> MetadataStatus {
    let is_imported = world.metadata.is_some();
    MetadataStatus {
        number: world.metadata,
        next_update: is_imported.then(|| "2026-11-23".to_owned()),
        outdated: is_imported,
        imported_at: is_imported.then(|| before(32 * DAY)),
        age_days: is_imported.then_some(32),
        entries: if is_imported { 345 } else { 0 },
    }
}

pub(crate) fn radar() -> CryptoRadar {
    use CoseAlgorithm::{EdDsa, Es256, MlDsa44, Rs256};
    let counts = |counts: &[(CoseAlgorithm, u64)]| {
        counts.iter().map(|&(algorithm, credentials)| AlgorithmCount { algorithm, credentials }).collect()
    };
    let ready = [
        (RadarRequirement::DeviceBound, 412),
        (RadarRequirement::Attested, 37),
        (RadarRequirement::WithoutRs256, 1_250),
        (RadarRequirement::PostQuantum, 2),
    ];
    CryptoRadar {
        passkeys: counts(&[(Es256, 1_800), (EdDsa, 40), (Rs256, 220)]),
        second_factors: counts(&[(Es256, 30), (MlDsa44, 2)]),
        users: 1_250,
        ready: ready.map(|(requirement, users)| ReadyUsers { requirement, users }).into(),
    }
}

/// Returns the effect of new policies. If they are enforced, alice loses all credentials and bob one of two.
pub(crate) fn trust_preview(policies: &TrustPolicies) -> TrustPreview {
    if policies.passkeys.login != TrustMode::Enforce {
        return TrustPreview { impact: Some(TrustImpact::default()), items: Vec::new(), next: None };
    }
    let lost = |at, id: &str, kept| AffectedUser {
        user: user(at, id, id, 1).user,
        credentials_lost: 1,
        credentials_kept: kept,
    };
    TrustPreview {
        impact: Some(TrustImpact { users_losing_all: 37, users_losing_some: 412, credentials_lost: 449 }),
        items: vec![lost(0, "alice", 0), lost(1, "bob", 1)],
        next: None,
    }
}

fn history(world: &mut World) {
    use AuditType as T;
    world.record(usize::MAX, T::AdminTokenCreated, "ops", 3 * DAY);
    let kinds = [
        (T::MfaAuthenticationInitSucceeded, "alice"),
        (T::MfaAuthenticationFinalSucceeded, "alice"),
        (T::WebauthnAuthenticationInitSucceeded, "bob"),
        (T::WebauthnAuthenticationFinalFailed, "bob"),
        (T::WebauthnRegistrationFinalSucceeded, "carol"),
        (T::ApiKeyRejected, "dw_0f3a"),
        (T::TenantConfigUpdated, "ops"),
        (T::WebauthnTransactionFinalSucceeded, "王小明"),
    ];
    for at in 0..48_usize {
        let (kind, user) = kinds[at % kinds.len()];
        let ago = i64::try_from(48 - at).unwrap() * 4 * MINUTE;
        world.record(at % 3, kind, user, ago);
    }
}

/// Returns logins and refusals by day. They are the same in every run.
pub(crate) fn activity(days: u32) -> Vec<ActivityPoint> {
    let day = |ago: u32| {
        let number = u64::from(days - ago);
        let at = start_time().plus_millis(-i64::from(ago) * DAY);
        ActivityPoint { at, succeeded: 180 + number * 37 % 260, refused: number * number * 7 % 61 }
    };
    (0..days).rev().map(day).collect()
}

pub(crate) fn overview(world: &World, days: u32) -> Overview {
    let mut busiest: Vec<TenantSummary> = world.tenants.iter().map(|it| it.summary.clone()).collect();
    busiest.truncate(10);
    let refused = world.audit.iter().rev().filter(|row| row.entry.kind.is_failure());
    Overview {
        version: "0.1.0".to_owned(),
        engine: "sqlite".to_owned(),
        database_bytes: 84_000_000,
        uptime_seconds: 3 * 86_400,
        now: start_time(),
        tenants: u64::try_from(world.tenants.len()).unwrap(),
        users: 3_390,
        credentials: 5_706,
        activity: activity(days),
        counted_at: start_time().plus_millis(-42_000),
        busiest,
        latest_refusals: refused.take(20).cloned().collect(),
    }
}

/// Returns the sum of `value` over the first `seconds` seconds, which are counted from 0.
fn sum(seconds: u64, value: impl Fn(u64) -> u64) -> u64 {
    (0..seconds).map(value).sum()
}

/// Returns counters that grow with each request as if one second had passed since the previous request.
pub(crate) fn vitals(world: &mut World) -> Vitals {
    let at = world.vitals_requests;
    world.vitals_requests += 1;
    let requests = sum(at, |second| 80 + second * 37 % 60);
    let times = |counts: [u64; 4]| TimeHistogram { bounds_us: vec![500, 2_000, 50_000], counts: counts.to_vec() };
    let code = |code: &str, count: u64| CodeCount { code: code.to_owned(), count };
    let job = |name: &str, failures: u64, ago: i64| JobVitals {
        job: name.to_owned(),
        runs: 400,
        failures,
        failing: world.job_fails && name.starts_with("writing"),
        last_success: Some(before(ago)),
    };
    Vitals {
        node: world.node.clone(),
        version: "0.1.0".to_owned(),
        uptime_ms: 3 * 86_400_000 + at * 1_000,
        now: start_time(),
        requests,
        request_times: times([requests * 9 / 10, requests / 15, requests / 60, 0]),
        ceremonies: vec![
            CeremonyCount { ceremony: "login".to_owned(), succeeded: requests / 3, refused: at / 3 },
            CeremonyCount { ceremony: "mfa_login".to_owned(), succeeded: requests / 8, refused: at / 4 },
        ],
        refusals: vec![
            code("challenge_expired", 40 + sum(at, |second| u64::from(second % 9 == 2))),
            code("origin_mismatch", 310 + sum(at, |second| second % 7)),
            code("user_verification_missing", 12),
        ],
        write_wait: times([requests / 2, requests / 40, 0, 0]),
        commits: times([0, requests / 2, requests / 40, 0]),
        queues: vec![
            QueueVitals { queue: "read".to_owned(), queued: 0, idle_threads: 4 },
            QueueVitals { queue: "write".to_owned(), queued: at % 5, idle_threads: 0 },
        ],
        connections: Some(57),
        database_connections: None,
        wal_bytes: Some(4_200_000),
        cpu_ms: Some(at * 130),
        memory_bytes: Some(61_000_000),
        jobs: vec![
            job("deletion of expired challenges", 0, 12_000),
            job("deletion of old audit entries", 0, 240_000),
            job("deletion of the data of deleted tenants", 1, 18_000),
            job("writing the last use of keys and the activity of tenants", 0, 3_000),
        ],
    }
}

pub(crate) fn tenant_activity() -> TenantActivity {
    let count =
        |ceremony: &str, succeeded, refused| CeremonyCount { ceremony: ceremony.to_owned(), succeeded, refused };
    let refusal = |code: &str, count, ago| RefusalCount { code: code.to_owned(), count, latest: before(ago) };
    let model = |at, name: Option<&str>, credentials| ModelCount {
        aaguid: uuid(9, at),
        model: name.map(str::to_owned),
        credentials,
    };
    TenantActivity {
        ceremonies: vec![
            count("login", 7_900, 31),
            count("mfa_login", 400, 2),
            count("registration", 98, 4),
            count("transaction", 2, 0),
        ],
        examined_entries: 10_000,
        examined_since: Some(before(5 * DAY)),
        active_users: 611,
        refusals: vec![
            refusal("origin_mismatch", 21, 4 * MINUTE),
            refusal("challenge_expired", 9, HOUR),
            refusal("user_verification_missing", 3, 2 * DAY),
        ],
        examined_credentials: 2_000,
        models: vec![
            model(1, Some("iCloud Keychain"), 1_200),
            model(2, Some("Google Password Manager"), 610),
            model(3, Some("YubiKey 5 NFC"), 120),
            model(4, None, 70),
        ],
    }
}
