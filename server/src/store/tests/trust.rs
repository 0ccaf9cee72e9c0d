use std::collections::BTreeMap;

use diesel::{QueryableByName, RunQueryDsl as _, sql_query, sql_types::Text};
use doorward_shared::{
    AttestationTrust, AuthenticatorStatus, CertificationLevel, CoseAlgorithm, UserId,
    admin::{AlgorithmCount, TrustImpact},
    config::{TrustMode, TrustPolicies, TrustPolicy},
};
use uuid::Uuid;

use super::{fixture::*, harness::TestDatabase, on_every_engine};
use crate::{
    db::{Connection, DbError},
    domain::{
        CertificateKeyId, Credential, CredentialId, Metadata,
        metadata::{AuthenticatorMetadata, ModelId},
        trust::{self, AffectedPosition, LoginRequirements, TrustFacts, TrustRequirements},
    },
    store::{
        credentials,
        trust::{AffectedRow, UserRange, affected, algorithms, by_user, group, impact, ready},
        users,
    },
};

on_every_engine!(
    conditions_accept_the_same_credentials_as_the_rules,
    pages_list_the_affected_users_once,
    every_part_of_the_users_is_counted_and_listed,
    disabled_credentials_and_users_do_not_count,
    algorithms_and_ready_users_are_counted
);

const CERTIFIED: Uuid = Uuid::from_u128(1);
const REVOKED: Uuid = Uuid::from_u128(2);
const UNLISTED: Uuid = Uuid::from_u128(3);
const U2F: CertificateKeyId = CertificateKeyId([7; CertificateKeyId::BYTES]);
const REVOKED_U2F: CertificateKeyId = CertificateKeyId([8; CertificateKeyId::BYTES]);

fn metadata() -> Metadata {
    let with = |status| AuthenticatorMetadata::with_statuses(&[status]);
    Metadata::of_models([
        (ModelId::Aaguid(CERTIFIED), with("FIDO_CERTIFIED_L2")),
        (ModelId::Aaguid(REVOKED), with("REVOKED")),
        (ModelId::KeyId(U2F), with("FIDO_CERTIFIED_L2")),
        (ModelId::KeyId(REVOKED_U2F), with("REVOKED")),
    ])
}

/// Returns credentials of three users of tenant 1. The credentials differ in the properties that trust policies
/// examine.
fn different() -> Vec<Credential> {
    let mut made = Vec::new();
    for &attestation_trust in AttestationTrust::ALL {
        for (aaguid, attestation_key_id) in [
            (CERTIFIED, None),
            (REVOKED, None),
            (UNLISTED, None),
            (Uuid::nil(), Some(U2F)),
            (CERTIFIED, Some(REVOKED_U2F)),
        ] {
            for (algorithm, backup_eligible, is_mfa) in [
                (CoseAlgorithm::Es256, false, false),
                (CoseAlgorithm::Es256, true, false),
                (CoseAlgorithm::MlDsa65, false, true),
                (CoseAlgorithm::Rs256, true, true),
            ] {
                let number = u8::try_from(made.len()).unwrap();
                let base = credential(1, 1 + u128::from(number) % 3, number);
                made.push(Credential {
                    attestation_trust,
                    aaguid,
                    attestation_key_id,
                    algorithm,
                    backup_eligible,
                    is_mfa,
                    ..base
                });
            }
        }
    }
    made
}

fn enforced(policy: TrustPolicy) -> TrustPolicy {
    TrustPolicy { registration: TrustMode::Enforce, login: TrustMode::Enforce, ..policy }
}

fn policies() -> Vec<TrustPolicy> {
    let default = TrustPolicy::default;
    let revoked = vec![AuthenticatorStatus::Revoked, AuthenticatorStatus::AttestationKeyCompromise];
    let all = [
        default(),
        TrustPolicy { attestation_required: true, ..default() },
        TrustPolicy { device_bound_only: true, ..default() },
        TrustPolicy { algorithms: Some(vec![CoseAlgorithm::Es256, CoseAlgorithm::MlDsa65]), ..default() },
        TrustPolicy { allow_aaguids: Some(vec![CERTIFIED, UNLISTED]), ..default() },
        TrustPolicy { deny_aaguids: vec![UNLISTED, Uuid::nil()], ..default() },
        TrustPolicy { deny_statuses: revoked.clone(), ..default() },
        TrustPolicy { min_certification: Some(CertificationLevel::L2), ..default() },
        TrustPolicy { min_certification: Some(CertificationLevel::L3), ..default() },
        TrustPolicy {
            attestation_required: true,
            device_bound_only: true,
            deny_aaguids: vec![UNLISTED],
            deny_statuses: revoked,
            algorithms: Some(vec![CoseAlgorithm::Es256]),
            ..default()
        },
    ];
    all.into_iter().map(enforced).collect()
}

async fn conditions_accept_the_same_credentials_as_the_rules(db: TestDatabase) {
    two_tenants(&db).await;
    let stored = different();
    let added = stored.clone();
    db.write(move |c| added.iter().try_for_each(|one| credentials::insert(c, one))).await;
    db.write(|c| credentials::insert(c, &credential(2, 1, 1))).await;
    let (all, metadata) = (policies(), metadata());
    let requirements = |policies: &TrustPolicies| LoginRequirements::new(policies, &metadata);
    for (index, passkeys) in all.iter().enumerate() {
        let second_factors = all.get((index * 3 + 1) % all.len()).unwrap();
        let after = TrustPolicies { passkeys: passkeys.clone(), second_factors: second_factors.clone() };
        for before in [TrustPolicies::default(), TrustPolicies { passkeys: second_factors.clone(), ..after.clone() }] {
            let accepts = |policies: &TrustPolicies, one: &Credential| {
                let policy = policies.of(one.is_mfa);
                policy.login != TrustMode::Enforce
                    || trust::violation(policy, &metadata, &TrustFacts::of(one)).is_none()
            };
            let mut expected: BTreeMap<UserId, (u64, u64)> = BTreeMap::new();
            for one in &stored {
                let (lost, kept) = expected.entry(one.user_id).or_default();
                *lost += u64::from(accepts(&before, one) && !accepts(&after, one));
                *kept += u64::from(accepts(&after, one));
            }
            let (old, new) = (requirements(&before), requirements(&after));
            let (found, counts) = db
                .read(move |c| {
                    let (counts, rows) = impact(c, tenant_id(1), &old, &new, 100)?;
                    Ok((rows, counts))
                })
                .await;
            let found: BTreeMap<UserId, (u64, u64)> =
                found.into_iter().map(|row| (row.user, (row.lost, row.kept))).collect();
            expected.retain(|_, (lost, _)| *lost > 0);
            assert_eq!(found, expected, "{before:?} {after:?}");
            let losing = |all: bool| expected.values().filter(|(_, kept)| (*kept == 0) == all).count() as u64;
            let expected = TrustImpact {
                users_losing_all: losing(true),
                users_losing_some: losing(false),
                credentials_lost: expected.values().map(|(lost, _)| lost).sum(),
            };
            assert_eq!(counts, expected, "{before:?} {after:?}");
        }
    }
}

fn device_bound() -> LoginRequirements {
    let requirements = TrustRequirements { device_bound: true, ..TrustRequirements::default() };
    LoginRequirements { passkeys: requirements.clone(), second_factors: requirements }
}

fn with(user: u128, number: u8, backup_eligible: bool) -> Credential {
    Credential { backup_eligible, ..credential(1, user, number) }
}

async fn pages_list_the_affected_users_once(db: TestDatabase) {
    two_tenants(&db).await;
    db.write(|c| {
        for one in [with(1, 1, true), with(1, 2, false), with(2, 3, true), with(3, 4, true), with(3, 5, false)] {
            credentials::insert(c, &one)?;
        }
        Ok::<_, DbError>(())
    })
    .await;
    let row = |user, lost, kept| AffectedRow { user: user_id(user), lost, kept };
    for limit in 1..=4 {
        let (mut position, mut found) = (None, Vec::new());
        loop {
            let rows = db
                .read(move |c| {
                    let before = LoginRequirements::default();
                    match position {
                        None => Ok(impact(c, tenant_id(1), &before, &device_bound(), limit)?.1),
                        Some(position) => affected(c, tenant_id(1), &before, &device_bound(), position, limit),
                    }
                })
                .await;
            found.extend_from_slice(&rows);
            let Some(last) = rows.last() else { break };
            position = Some(AffectedPosition { keeps_some: last.kept > 0, user: last.user });
        }
        assert_eq!(found, [row(2, 1, 0), row(1, 1, 1), row(3, 1, 1)], "{limit}");
    }
}

/// [`impact`] counts the users in batches of 2 000.
async fn every_part_of_the_users_is_counted_and_listed(db: TestDatabase) {
    two_tenants(&db).await;
    let (losing_all, losing_some): ([u128; 3], [u128; 3]) = ([2_000, 2_001, 4_100], [1, 3_000, 4_099]);
    db.write(move |c| {
        for number in 1..=4_100 {
            users::upsert(c, &user(1, number))?;
            let mut add = |copy: u8, backup_eligible| {
                let id = CredentialId::new([&number.to_be_bytes()[..], &[copy]].concat()).unwrap();
                credentials::insert(c, &Credential { id, ..with(number, copy, backup_eligible) })
            };
            if losing_all.contains(&number) || losing_some.contains(&number) {
                add(1, true)?;
            }
            if !losing_all.contains(&number) {
                add(2, false)?;
            }
        }
        Ok::<_, DbError>(())
    })
    .await;
    let expected = TrustImpact { users_losing_all: 3, users_losing_some: 3, credentials_lost: 6 };
    let rows = losing_all.map(|user| (user, 0)).into_iter().chain(losing_some.map(|user| (user, 1)));
    let rows: Vec<_> = rows.map(|(user, kept)| AffectedRow { user: user_id(user), lost: 1, kept }).collect();
    for limit in 1..=7_u8 {
        let before = LoginRequirements::default();
        let found = db.read(move |c| impact(c, tenant_id(1), &before, &device_bound(), limit.into())).await;
        assert_eq!(found, (expected, rows.iter().copied().take(limit.into()).collect()), "{limit}");
    }
}

async fn disabled_credentials_and_users_do_not_count(db: TestDatabase) {
    two_tenants(&db).await;
    db.write(|c| {
        for one in [with(1, 1, true), with(1, 2, false), with(2, 3, true)] {
            credentials::insert(c, &one)?;
        }
        credentials::set_disabled(c, tenant_id(1), user_id(1), &credential_id(2), &Some(at(1)).into())?;
        users::set_disabled(c, tenant_id(1), user_id(2), &Some(at(1)).into())
    })
    .await;
    let (counts, _) = db.read(|c| impact(c, tenant_id(1), &LoginRequirements::default(), &device_bound(), 1)).await;
    assert_eq!(counts, TrustImpact { users_losing_all: 1, users_losing_some: 0, credentials_lost: 1 });
    let nothing = db.read(|c| impact(c, tenant_id(1), &device_bound(), &device_bound(), 1)).await;
    assert_eq!(nothing, (TrustImpact::default(), Vec::new()));
}

async fn algorithms_and_ready_users_are_counted(db: TestDatabase) {
    two_tenants(&db).await;
    db.write(|c| {
        let of = |user, number, algorithm, is_mfa| Credential { algorithm, is_mfa, ..with(user, number, user == 1) };
        for one in [
            of(1, 1, CoseAlgorithm::Es256, false),
            of(1, 2, CoseAlgorithm::Rs256, true),
            of(2, 3, CoseAlgorithm::Es256, false),
            of(3, 4, CoseAlgorithm::MlDsa65, false),
        ] {
            credentials::insert(c, &one)?;
        }
        Ok::<_, DbError>(())
    })
    .await;
    let [passkeys, second_factors] = db.read(|c| algorithms(c, tenant_id(1))).await;
    let count = |algorithm, credentials| AlgorithmCount { algorithm, credentials };
    assert_eq!(passkeys, [count(CoseAlgorithm::Es256, 2), count(CoseAlgorithm::MlDsa65, 1)]);
    assert_eq!(second_factors, [count(CoseAlgorithm::Rs256, 1)]);
    let only = |algorithm| TrustRequirements { algorithms: Some(vec![algorithm]), ..TrustRequirements::default() };
    let requirements = [
        TrustRequirements::default(),
        device_bound().passkeys,
        only(CoseAlgorithm::Rs256),
        TrustRequirements { attestation: true, ..TrustRequirements::default() },
    ];
    let counts = db.read(move |c| ready(c, tenant_id(1), &requirements)).await;
    assert_eq!((counts.users, counts.ready), (3, [3, 2, 1, 0]));
}

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

#[derive(QueryableByName)]
struct Instruction {
    #[diesel(sql_type = Text)]
    opcode: String,
}

async fn plan(db: &TestDatabase, query: String) -> Vec<String> {
    let steps: Vec<Step> = db
        .read(move |conn| match conn {
            Connection::Sqlite(c) => Ok(sql_query(format!("EXPLAIN QUERY PLAN {query}")).load(c)?),
            Connection::Postgres(..) => Ok(Vec::new()),
        })
        .await;
    steps.into_iter().map(|step| step.detail).collect()
}

#[tokio::test]
async fn scans_read_only_the_index_of_users() {
    let db = TestDatabase::sqlite().await;
    let (before, after) = (LoginRequirements::default(), device_bound());
    let scan = "SEARCH credentials USING COVERING INDEX credentials_of_user";
    let users = UserRange { after: Some(user_id(1)), to: None };
    // These queries do not sort. Therefore, a scan stops when all users of the range are counted or the page is full.
    for query in
        [by_user(tenant_id(1), &before, &after, users, 50), group(tenant_id(1), &before, &after, false, users, 50)]
    {
        assert_eq!(plan(&db, query).await, [format!("{scan} (tenant_id=? AND user_id>?)")]);
    }
    let part = UserRange { to: Some(user_id(2)), ..users };
    let list = plan(&db, group(tenant_id(1), &before, &after, true, part, 50)).await;
    assert_eq!(list, [format!("{scan} (tenant_id=? AND user_id>? AND user_id<?)")]);
}

#[tokio::test]
async fn login_writes_no_index() {
    let db = TestDatabase::sqlite().await;
    let program: Vec<Instruction> = db
        .read(|conn| match conn {
            Connection::Sqlite(c) => Ok(sql_query(format!("EXPLAIN {}", credentials::RECORD_USE)).load(c)?),
            Connection::Postgres(..) => Ok(Vec::new()),
        })
        .await;
    let inserts = |name: &str| program.iter().filter(|step| step.opcode == name).count();
    assert_eq!((inserts("Insert"), inserts("IdxInsert")), (1, 0));
}
