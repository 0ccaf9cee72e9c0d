//! Tests of `doorward-seed`: deterministic rows, correct totals, no changes to existing rows.
//! They run on PostgreSQL if `DOORWARD_TEST_POSTGRES_URL` is set.
#![expect(clippy::unwrap_used, reason = "a panic here is a failed test")]

use std::path::Path;

use doorward_bench::seed::{self, Plan, SeedError, SeedJob, SeedResult, Seeded};
use doorward_testkit::{
    TestServer,
    database::{self, TestDatabase, texts},
};
use tempfile::TempDir;

const UNTIL: i64 = 1_790_000_000_000;
/// SQL condition that excludes the installation's own log.
const SEEDED: &str = "tenant_id <> '00000000-0000-0000-0000-000000000000'";

fn plan() -> Plan {
    Plan { seed: 7, tenants: 12, users: 60, rows: 3_000, days: 9, until: UNTIL, hostile: true }
}

/// A database and data folder of one test.
struct TestInstallation {
    folder: TempDir,
    url: String,
    _database: Option<TestDatabase>,
}

impl TestInstallation {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (url, database) = database::for_test(folder.path()).await;
        Self { folder, url, _database: database }
    }

    async fn fill(&self, plan: Plan, append: bool) -> Result<SeedResult, SeedError> {
        let data_dir = self.folder.path().to_path_buf();
        let database = self.url.parse().unwrap();
        seed::run(SeedJob { plan, data_dir, database, append }, |_| ()).await
    }

    async fn serve(&self, settings: fn(&mut doorward_server::app::AppSettings)) -> TestServer {
        let builder = TestServer::builder().data_dir(self.folder.path().to_path_buf()).database(self.url.clone());
        builder.settings(settings).start().await
    }

    /// Returns the rows of a table, each as one text.
    async fn rows(&self, table: &str, columns: &[&str]) -> Vec<String> {
        let columns: Vec<String> =
            columns.iter().map(|column| format!("COALESCE(CAST({column} AS TEXT), '-')")).collect();
        let mut rows = texts(&self.url, &format!("SELECT {} AS value FROM {table}", columns.join(" || '|' || "))).await;
        rows.sort();
        rows
    }

    /// Returns all rows that depend only on the seed.
    async fn content(&self) -> Vec<Vec<String>> {
        let signing_keys = &["tenant_id", "id", "algorithm", "created_at", "signs_from"];
        let users = &["tenant_id", "id", "external_id", "name", "display_name", "created_at"];
        let credentials = &["tenant_id", "id", "user_id", "name", "is_mfa", "last_used_at", "created_at"];
        let log = &["tenant_id", "id", "type", "error_code", "source_ip", "user_agent", "actor", "transaction_id"];
        let seeded = &format!("audit_logs WHERE {SEEDED}");
        vec![
            self.rows("tenants", &["id", "display_name", "config", "created_at"]).await,
            self.rows("api_keys", &["tenant_id", "id", "hint"]).await,
            self.rows("signing_keys", signing_keys).await,
            self.rows("users", users).await,
            self.rows("credentials", credentials).await,
            self.rows("transactions", &["tenant_id", "identifier", "user_id", "data", "created_at"]).await,
            self.rows(seeded, log).await,
        ]
    }

    /// Returns the stored counts and summaries.
    async fn totals(&self) -> [Vec<String>; 2] {
        let summaries = &["tenant_id", "users", "credentials", "api_keys", "last_activity"];
        [
            self.rows(
                &format!("audit_counts WHERE {SEEDED} GROUP BY tenant_id, day, type"),
                &["tenant_id", "day", "type", "SUM(count)"],
            )
            .await,
            self.rows("tenant_summaries", summaries).await,
        ]
    }

    /// Computes the same totals by counting the rows.
    async fn recount(&self) -> [Vec<String>; 2] {
        let day = "created_at / 86400000";
        let grouped = format!("audit_logs WHERE {SEEDED} GROUP BY tenant_id, {day}, type");
        let of_tenant = |table: &str| format!("(SELECT COUNT(*) FROM {table} WHERE {table}.tenant_id = tenants.id)");
        let latest = "COALESCE((SELECT MAX(created_at) FROM audit_logs WHERE tenant_id = tenants.id), created_at)";
        let columns = ["id", &of_tenant("users"), &of_tenant("credentials"), &of_tenant("api_keys"), latest];
        [self.rows(&grouped, &["tenant_id", day, "type", "COUNT(*)"]).await, self.rows("tenants", &columns).await]
    }
}

fn differences(one: &[String], other: &[String]) -> Vec<String> {
    one.iter().filter(|row| !other.contains(row)).take(5).cloned().collect()
}

#[tokio::test]
async fn same_seed_gives_the_same_rows() {
    let (one, two, other) =
        (TestInstallation::new().await, TestInstallation::new().await, TestInstallation::new().await);
    one.fill(plan(), false).await.unwrap();
    two.fill(plan(), false).await.unwrap();
    other.fill(Plan { seed: 8, ..plan() }, false).await.unwrap();
    let content = one.content().await;
    assert!(content.iter().all(|rows| !rows.is_empty()));
    for (table, (one, two)) in content.iter().zip(&two.content().await).enumerate() {
        assert_eq!(differences(one, two), Vec::<String>::new(), "table {table}");
        assert_eq!(one.len(), two.len(), "table {table}");
    }
    for (table, (one, other)) in content.iter().zip(&other.content().await).enumerate() {
        assert_ne!(one, other, "table {table}");
    }
    // Secrets differ in each run.
    let hash = |place: &TestInstallation| {
        let url = place.url.clone();
        async move { texts(&url, "SELECT DISTINCT secret_hash AS value FROM api_keys").await }
    };
    let hashes = [hash(&one).await, hash(&two).await];
    assert!(hashes.iter().all(|each| each.len() == 1), "one hash for all");
    assert_ne!(hashes[0], hashes[1]);
}

#[tokio::test]
async fn row_counts_match_the_plan() {
    let place = TestInstallation::new().await;
    let made = place.fill(plan(), false).await.unwrap();
    let number = |table: &str| made.rows.iter().find(|(name, _)| *name == table).map(|(_, rows)| *rows);
    assert_eq!(["tenants", "users", "credentials", "audit_logs"].map(number), [12, 60, 120, 3_000].map(Some));
    for (table, rows) in &made.rows {
        let counted = texts(&place.url, &format!("SELECT CAST(COUNT(*) AS TEXT) AS value FROM {table}")).await;
        // The first admin token has an entry in the installation's own log.
        let own = u64::from(["audit_logs", "audit_counts"].contains(table));
        assert!(counted == [(rows + own).to_string()] || counted == [rows.to_string()], "{table}: {counted:?}, {rows}");
    }
    let span = "SELECT CAST(MIN(created_at) AS TEXT) || ' ' || CAST(MAX(created_at) AS TEXT) AS value FROM audit_logs \
                WHERE tenant_id <> '00000000-0000-0000-0000-000000000000'";
    let span = texts(&place.url, span).await.remove(0);
    let (first, last) =
        span.split_once(' ').map(|(a, b)| (a.parse::<i64>().unwrap(), b.parse::<i64>().unwrap())).unwrap();
    assert!(first >= plan().since() && first < plan().since() + 86_400_000 && last < UNTIL, "{span}");
    let kinds = texts(&place.url, "SELECT DISTINCT type AS value FROM audit_logs").await;
    assert!(kinds.len() > 12, "{kinds:?}");
    let refusals: i64 =
        texts(&place.url, "SELECT CAST(COUNT(error_code) AS TEXT) AS value FROM audit_logs").await[0].parse().unwrap();
    assert!((10..300).contains(&refusals), "few refusals: {refusals}");
    let hostile = "SELECT display_name AS value FROM users WHERE display_name LIKE '%<script>%' \
                   OR display_name LIKE '%DROP TABLE%' OR display_name LIKE '%passwd' OR display_name LIKE '%HYPERLINK%'";
    assert!(!texts(&place.url, hostile).await.is_empty());
    let tame = TestInstallation::new().await;
    tame.fill(Plan { hostile: false, ..plan() }, false).await.unwrap();
    assert_eq!(texts(&tame.url, hostile).await, Vec::<String>::new());
}

#[tokio::test]
async fn totals_equal_a_recount_and_reach_zero_with_retention() {
    let place = TestInstallation::new().await;
    place.fill(plan(), false).await.unwrap();
    let (kept, counted) = (place.totals().await, place.recount().await);
    for (kept, counted) in kept.iter().zip(&counted) {
        assert_eq!(kept, counted);
        assert!(!kept.is_empty());
    }
    let server = place.serve(|settings| settings.audit_retention_days = Some(0)).await;
    // Retention subtracts each deleted entry from its counter, and deletes counters that reach 0.
    assert_eq!(doorward_server::jobs::purge_audit_logs(&server.app).await.unwrap(), 3_000);
    let left = "SELECT CAST(COUNT(*) AS TEXT) AS value FROM audit_counts WHERE day <= 20717";
    assert_eq!(texts(&place.url, left).await, ["0"]);
    server.stop().await;
}

#[tokio::test]
async fn database_with_tenants_requires_the_append_option() {
    let place = TestInstallation::new().await;
    place.fill(plan(), false).await.unwrap();
    let before = place.content().await;
    let more = Plan { seed: 8, ..plan() };
    assert!(matches!(place.fill(more, false).await, Err(SeedError::Tenants(tenants)) if tenants == "12"));
    // Writing the same rows again fails and changes nothing.
    assert!(matches!(place.fill(plan(), true).await, Err(SeedError::Database(_))));
    assert_eq!(place.content().await, before);
    place.fill(more, true).await.unwrap();
    assert_eq!(place.rows("tenants", &["id"]).await.len(), 24);
    assert_eq!(place.totals().await, place.recount().await);
    // The dropped indexes exist again.
    let index = if place.url.starts_with("postgres") {
        "SELECT CAST(indexname AS TEXT) AS value FROM pg_indexes WHERE indexname = 'audit_logs_by_id'"
    } else {
        "SELECT name AS value FROM sqlite_master WHERE name = 'audit_logs_by_id'"
    };
    assert_eq!(texts(&place.url, index).await.len(), 1);
}

#[tokio::test]
async fn database_in_use_is_rejected() {
    let place = TestInstallation::new().await;
    let server = place.serve(|_| ()).await;
    // The pool connects on first use, so use it once.
    server.app.db.ping().await.unwrap();
    assert!(matches!(place.fill(plan(), false).await, Err(SeedError::InUse)));
    server.stop().await;
    place.fill(plan(), false).await.unwrap();
}

#[test]
fn seed_file_round_trips_and_only_its_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path: &Path = &folder.path().join("seeded.json");
    let seeded = Seeded { plan: plan(), api_secret: "s".repeat(32) };
    for _ in 0..2 {
        seeded.save(path).unwrap();
        assert_eq!(Seeded::load(path).unwrap(), seeded);
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert!(!format!("{seeded:?}").contains("ssss"));
    std::fs::write(path, "{}").unwrap();
    assert!(matches!(Seeded::load(path), Err(SeedError::File { .. })));
}

#[test]
fn shares_of_tenants_add_up_to_the_totals() {
    for (tenants, users, rows) in
        [(1, 0, 0), (1, 5, 7), (3, 2, 1), (10, 10, 1_000), (97, 1_000, 12_345), (1_000, 100, 3)]
    {
        let plan = Plan { tenants, users, rows, ..plan() };
        assert_eq!((0..tenants).map(|tenant| plan.users_of(tenant)).sum::<u64>(), users);
        assert_eq!((0..tenants).map(|tenant| plan.rows_of(tenant)).sum::<u64>(), rows);
        assert!(users < tenants || (0..tenants).all(|tenant| plan.users_of(tenant) > 0));
    }
}
