//! Measures pages of a large installation's logs and lists, one request at a time.
//!
//! Each kind of page has a query template. Its placeholders, such as `{actor}`, are replaced with values of an entry
//! from the log. Each request uses a different entry.

use std::time::{Duration, Instant};

use doorward_shared::audit::AuditLogItem;
use serde_json::Value;
use url::form_urlencoded::byte_serialize;

use super::{Options, ReportError, installation::Installation, results::Results};
use crate::{
    load::{
        http::{Connection, Head, Host, Response},
        stats::Latencies,
    },
    seed::{Plan, Seeded},
};

/// Target for the p95 of a page, in milliseconds.
const P95_MS: f64 = 20.0;
/// Maximum duration of the measurement of one kind of page.
const LONGEST: Duration = Duration::from_secs(20);
/// Number of measured tenants of medium size.
const MIDDLE: u32 = 16;
/// Default number of entries on a page of a log.
const ROWS: usize = 20;

/// Kinds of pages of a log: name, query.
const LOG_PAGES: &[(&str, &str)] = &[
    ("first page", ""),
    ("page 100", "page=100"),
    ("page 500, the last numbered one", "page=500"),
    ("cursor, older entries", "before={id}"),
    ("cursor, newer entries", "after={id}"),
    ("a day", "start_time={day_before}&end_time={time}"),
    ("30 days", "start_time={month_before}&end_time={time}"),
    ("a day and a type", "start_time={day_before}&end_time={time}&type={type}"),
    ("type: common", "type=mfa_authentication_final_succeeded"),
    ("type: rare", "type=mfa_registration_final_failed"),
    ("type: absent", "type=signing_key_retired"),
    ("outcome", "outcome=failed"),
    ("actor", "actor={actor}"),
    ("an actor's failures", "actor={actor}&outcome=failed"),
    ("actor: absent", "actor=nobody-{number}"),
    ("actor: excluded", "not_actor={actor}"),
    ("error code: common", "error_code=challenge_expired"),
    ("error code: rare", "error_code=counter_regression"),
    ("error code: excluded", "outcome=failed&not_error_code=challenge_expired"),
    ("address", "source_ip={address}"),
    ("network: half of all addresses", "source_ip=0.0.0.0/1"),
    ("network: small", "source_ip=198.51.100.0/28"),
    ("network: excluded", "not_source_ip=0.0.0.0/1"),
    ("request id", "request_id={request}"),
    ("credential id", "credential_id={credential}"),
    ("substring of an actor", "actor_user_id={end_of_actor}"),
    ("substring of actor or address", "q={end_of_actor}"),
    ("substring: absent", "q=~{number}~"),
];

/// Kinds of pages of lists: name, path and query. `{tenant}` is the largest tenant.
const LIST_PAGES: &[(&str, &str)] = &[
    ("overview of 90 days", "/overview?days=90"),
    ("tenants", "/tenant_summaries"),
    ("tenants by activity", "/tenant_summaries?sort=activity"),
    ("tenants by users", "/tenant_summaries?sort=users"),
    ("tenants: part of a name", "/tenant_summaries?q=bank"),
    ("tenants: an id", "/tenant_summaries?q={some_tenant}"),
    ("tenants: absent", "/tenant_summaries?q=~{number}~"),
    ("tenants, page 20", "/tenants?page=20"),
    ("a tenant's summary", "/tenants/{some_tenant}/summary"),
    ("users", "/tenants/{tenant}/user_summaries"),
    ("users: beginning of an id", "/tenants/{tenant}/user_summaries?q={actor}"),
    ("users: substring", "/tenants/{tenant}/user_summaries?q={end_of_actor}"),
    ("users: absent", "/tenants/{tenant}/user_summaries?q=~{number}~"),
    ("transactions", "/tenants/{tenant}/transactions"),
    ("transactions: beginning of an id", "/tenants/{tenant}/transactions?q=pay-{number}"),
    ("transactions of a user", "/tenants/{tenant}/transactions?user_id={actor}"),
    ("transactions: absent", "/tenants/{tenant}/transactions?q=~{number}~"),
];

/// Address of an API, and name and value of the header for authentication.
#[derive(Debug, Clone)]
struct Api {
    host: Host,
    header: &'static str,
    secret: String,
}

/// Measurements of a kind of page.
#[derive(Debug, Clone, Default)]
struct Line {
    latencies: Latencies,
    failed: u32,
    first_failure: Option<String>,
}

/// Measurements of a group of page kinds: each kind's name and its measurements.
type Lines = Vec<(&'static str, Line)>;

impl Api {
    fn head(&self, path: &str) -> Head {
        Head::get(&self.host, path, (self.header, &self.secret))
    }

    /// Reads entries from all parts of a log. Returns these entries and the total number of entries in the log.
    async fn sample(&self, log: &str) -> Result<(Vec<AuditLogItem>, u64), ReportError> {
        let (mut entries, total) = self.entries(&format!("{log}?per_page=100")).await?;
        let (oldest, _) = self.entries(&format!("{log}?after={}&per_page=100", uuid::Uuid::nil())).await?;
        if let (Some(first), Some(last)) = (oldest.first(), entries.first()) {
            let (first, last) = (first.id.time().millis(), last.id.time().millis());
            for eighth in 1..8 {
                let time = u64::try_from(first + (last - first) / 8 * eighth).unwrap_or(0);
                let id = uuid::Builder::from_unix_timestamp_millis(time, &[0; 10]).into_uuid();
                entries.extend(self.entries(&format!("{log}?before={id}&per_page=100")).await?.0);
            }
        }
        entries.retain(|entry| entry.actor_user_id.is_some() && entry.credential_id.is_some());
        Ok((entries, total.unwrap_or(0)))
    }

    async fn entries(&self, path: &str) -> Result<(Vec<AuditLogItem>, Option<u64>), ReportError> {
        let response = self.get(path).await?;
        let entries = serde_json::from_slice(&response.body)
            .map_err(|error| ReportError::Response { path: path.to_owned(), reason: error.to_string() })?;
        Ok((entries, response.total))
    }

    async fn get(&self, path: &str) -> Result<Response, ReportError> {
        let failed = |reason: String| ReportError::Response { path: path.to_owned(), reason };
        let response = Connection::to(self.host.address).send(&self.head(path), "").await;
        let response = response.map_err(|error| failed(error.to_string()))?;
        if response.status == 200 { Ok(response) } else { Err(failed(format!("status {}", response.status))) }
    }

    /// Measures each kind of page. `kinds` are names and path templates.
    async fn measure(
        &self,
        kinds: impl Iterator<Item = (&'static str, String)>,
        entries: &[AuditLogItem],
        plan: &Plan,
        requests: u32,
    ) -> Lines {
        let mut connection = Connection::to(self.host.address);
        let mut lines = Lines::new();
        for (name, template) in kinds {
            let (mut line, began) = (Line::default(), Instant::now());
            for number in 0..requests {
                if began.elapsed() > LONGEST {
                    break;
                }
                let Some(entry) = pick(entries, number) else { continue };
                let path = fill_in(&template, entry, plan, number);
                let sent = Instant::now();
                let response = connection.send(&self.head(&path), "").await;
                line.latencies.record(sent.elapsed());
                let checked = response.map_err(|error| error.to_string()).and_then(|response| check(&path, &response));
                if let Err(reason) = checked {
                    line.failed += 1;
                    line.first_failure.get_or_insert(format!("{path}: {reason}"));
                }
            }
            lines.push((name, line));
        }
        lines
    }
}

/// Returns the element for a number. Consecutive numbers select elements that are far apart (Fibonacci hashing).
fn pick<T>(list: &[T], number: u32) -> Option<&T> {
    let place = (u64::from(number.wrapping_mul(0x9e37_79b9)) * list.len() as u64) >> 32;
    list.get(usize::try_from(place).unwrap_or(0))
}

/// Replaces the placeholders of a template with values of an entry.
fn fill_in(template: &str, entry: &AuditLogItem, plan: &Plan, number: u32) -> String {
    const DAY: i64 = 86_400_000;
    let actor = entry.actor_user_id.clone().unwrap_or_default();
    let end_of_actor: String = actor.chars().skip(actor.chars().count().saturating_sub(4)).collect();
    let some_tenant = u64::from(number.wrapping_mul(0x9e37_79b9)) % plan.tenants.max(1);
    let values = [
        ("{id}", entry.id.to_string()),
        ("{type}", entry.kind.as_str().to_owned()),
        ("{actor}", actor),
        ("{end_of_actor}", end_of_actor),
        ("{address}", entry.meta_source_ip.clone()),
        ("{request}", entry.meta_http_request_id.clone()),
        ("{credential}", entry.credential_id.clone().unwrap_or_default()),
        ("{time}", entry.created_at.to_string()),
        ("{day_before}", entry.created_at.plus_millis(-DAY).to_string()),
        ("{month_before}", entry.created_at.plus_millis(-30 * DAY).to_string()),
        ("{tenant}", plan.tenant_id(0).to_string()),
        ("{some_tenant}", plan.tenant_id(some_tenant).to_string()),
        ("{number}", number.to_string()),
    ];
    values.iter().fold(template.to_owned(), |path, (placeholder, value)| {
        path.replace(placeholder, &byte_serialize(value.as_bytes()).collect::<String>())
    })
}

/// Checks that a response is a page. The response to a request without a cursor must state a total, and must not have
/// more rows than the total.
fn check(path: &str, response: &Response) -> Result<(), String> {
    if response.status != 200 {
        return Err(format!("status {}: {}", response.status, String::from_utf8_lossy(&response.body)));
    }
    match serde_json::from_slice::<Value>(&response.body).map_err(|error| error.to_string())? {
        Value::Array(rows) => {
            let has_cursor = path.contains("before=") || path.contains("after=");
            let total = response.total.or(has_cursor.then_some(u64::MAX)).ok_or("no X-Total-Count")?;
            let fits = rows.len() <= ROWS && rows.len() as u64 <= total;
            if fits { Ok(()) } else { Err(format!("{} rows of {total}", rows.len())) }
        }
        Value::Object(_) => Ok(()),
        other => Err(format!("neither list nor object: {other}")),
    }
}

fn merge(lines: &mut Lines, others: Lines) {
    if lines.is_empty() {
        *lines = others;
        return;
    }
    for ((_, line), (_, other)) in lines.iter_mut().zip(others) {
        line.latencies.merge(other.latencies);
        line.failed += other.failed;
        line.first_failure = line.first_failure.take().or(other.first_failure);
    }
}

/// Prints a line for each kind of page.
fn print(title: &str, lines: Lines, results: &mut Results) {
    results
        .print(format_args!("{title:<60}{:>7}{:>10}{:>10}{:>10}  p95 under {P95_MS:.0}", "count", "p50", "p95", "max"));
    for (name, Line { latencies, failed, first_failure }) in lines {
        let of = latencies.summary();
        let met = results.count(failed == 0 && of.count > 0 && of.p95_ms < P95_MS);
        results.print(format_args!(
            "  {name:<58}{:>7}{:>10.2}{:>10.2}{:>10.2}  {met}",
            of.count, of.p50_ms, of.p95_ms, of.max_ms
        ));
        if let Some(failure) = first_failure {
            results.print(format_args!("      {failed} unexpected responses, the first: {failure}"));
        }
    }
}

pub(super) async fn measure(options: &Options, results: &mut Results) -> Result<(), ReportError> {
    let large = Installation::large(options, results).await?;
    let node = large.serve(options)?;
    let site = Site {
        public: node.public.clone(),
        admin: node.admin.clone(),
        admin_token: large.admin_token()?,
        seeded: &large.seeded,
        requests: options.requests,
    };
    // After its start, the server computes the daily sums. This request waits until they are complete.
    site.admin_api().get("/overview?days=90").await?;
    results.print("one request at a time over loopback, with totals; milliseconds");
    site.visit(|title, lines| print(title, lines, results)).await?;
    node.stop();
    Ok(())
}

/// A server on a seeded installation.
#[derive(Debug, Clone)]
struct Site<'a> {
    public: Host,
    admin: Host,
    admin_token: String,
    seeded: &'a Seeded,
    /// Number of requests per kind of page.
    requests: u32,
}

impl Site<'_> {
    /// Measures all kinds of pages and reports the results group by group.
    async fn visit(&self, mut report: impl FnMut(&str, Lines)) -> Result<(), ReportError> {
        let plan = &self.seeded.plan;
        let of_log = |log: String| LOG_PAGES.iter().map(move |(name, query)| (*name, format!("{log}?{query}")));
        let largest = self.tenant_log(0);
        let (entries, total) = largest.0.sample(&largest.1).await?;
        let lines = largest.0.measure(of_log(largest.1), &entries, plan, self.requests).await;
        report(&format!("the largest tenant's log, {total} entries"), lines);

        let mut lines = Lines::new();
        let mut totals = Vec::new();
        for place in 1..=u64::from(MIDDLE) {
            // With 100 000 tenants, every 50th tenant is selected. Each has a few thousand entries.
            let tenant = (place * (plan.tenants / 2_000).max(1)).min(plan.tenants.saturating_sub(1));
            let (api, log) = self.tenant_log(tenant);
            let (entries, total) = api.sample(&log).await?;
            totals.push(total);
            merge(&mut lines, api.measure(of_log(log), &entries, plan, self.requests.div_ceil(MIDDLE)).await);
        }
        let (least, most) = (totals.iter().min().unwrap_or(&0), totals.iter().max().unwrap_or(&0));
        report(&format!("{MIDDLE} other tenants' logs, {least} to {most} entries"), lines);

        let api = self.admin_api();
        let (all, _) = api.sample("/audit_logs").await?;
        let lines = api.measure(of_log("/audit_logs".to_owned()), &all, plan, self.requests).await;
        report("admin API: all logs", lines);
        let lists = LIST_PAGES.iter().map(|(name, path)| (*name, (*path).to_owned()));
        let lines = api.measure(lists, &entries, plan, self.requests).await;
        report(&format!("admin API: {} tenants, the largest has {} users", plan.tenants, plan.users_of(0)), lines);
        Ok(())
    }

    fn admin_api(&self) -> Api {
        let secret = format!("Bearer {}", self.admin_token);
        Api { host: self.admin.clone(), header: "Authorization", secret }
    }

    /// Returns the public API with the key of a tenant, and the path of the tenant's log.
    fn tenant_log(&self, tenant: u64) -> (Api, String) {
        let api = Api { host: self.public.clone(), header: "apiKey", secret: self.seeded.api_key(tenant) };
        (api, format!("/{}/audit_logs", self.seeded.plan.tenant_id(tenant)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use doorward_server::installation::ADMIN_TOKEN_FILE;
    use doorward_testkit::{TestServer, database};

    use super::*;
    use crate::{
        report::installation::host_of,
        seed::{self, SeedJob},
    };

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn every_kind_of_page_is_measured_on_a_seeded_server() {
        let folder = tempfile::tempdir().unwrap();
        let (url, _database) = database::for_test(folder.path()).await;
        let until = 1_790_000_000_000;
        let plan = Plan { seed: 4, tenants: 20, users: 90, rows: 3_000, days: 40, until, hostile: true };
        let place = url.parse().unwrap();
        let job = SeedJob { plan, data_dir: folder.path().to_path_buf(), database: place, append: false };
        let made = seed::run(job, |_| ()).await.unwrap();
        let server = TestServer::builder().data_dir(folder.path().to_path_buf()).database(url).start().await;
        let site = Site {
            public: host_of(&server.public_url).unwrap(),
            admin: host_of(&server.admin_url).unwrap(),
            admin_token: std::fs::read_to_string(folder.path().join(ADMIN_TOKEN_FILE)).unwrap().trim().to_owned(),
            seeded: &made.seeded,
            requests: 4,
        };
        let mut counts = Vec::new();
        site.visit(|title, lines| {
            for (name, line) in &lines {
                assert_eq!((line.failed, &line.first_failure), (0, &None), "{title}: {name}");
            }
            counts.push(lines.into_iter().map(|(_, line)| line.latencies.summary().count).collect::<BTreeSet<u64>>());
        })
        .await
        .unwrap();
        // In each group, all kinds of pages get the same number of requests: 4, or 16 in the group of the 16 other
        // tenants.
        assert_eq!(counts, [4, 16, 4, 4].map(|count| BTreeSet::from([count])));

        // If the request for sample entries is rejected, the measurement ends with an error. A rejected request for a
        // page only counts as a failure.
        let stranger = Site { admin_token: "wrong".to_owned(), ..site.clone() };
        let refused = stranger.visit(|_, _| ()).await.unwrap_err();
        assert!(refused.to_string().starts_with("/audit_logs?per_page=100: status 401"), "{refused}");
        let (api, log) = site.tenant_log(0);
        let (entries, _) = api.sample(&log).await.unwrap();
        let lines = api.measure([("absent", "/nowhere".to_owned())].into_iter(), &entries, &plan, 2).await;
        assert_eq!((lines[0].1.failed, lines[0].1.latencies.clone().summary().count), (2, 2));
        server.stop().await;
    }

    #[test]
    fn slow_and_failed_pages_miss_their_target() {
        let mut results = Results::default();
        let line = |millis, failed| {
            let mut line = Line { failed, ..Line::default() };
            line.latencies.record(Duration::from_millis(millis));
            line
        };
        let lines =
            vec![("fast", line(1, 0)), ("wrong", line(1, 1)), ("slow", line(20, 0)), ("never", Line::default())];
        print("a log", lines, &mut results);
        assert_eq!(results, Results { met: 1, missed: 3 });
    }

    #[test]
    fn pages_must_fit_their_total() {
        let check = |total, rows: usize| {
            let body = serde_json::to_string(&vec![0; rows]).unwrap().into();
            check("/audit_logs?page=2", &Response { status: 200, total, body }).is_ok()
        };
        assert!(check(Some(3), 3) && check(Some(3), 0) && check(Some(10_000), 20));
        assert!(!check(Some(3), 4) && !check(Some(10_000), 21) && !check(None, 20));
    }

    #[test]
    fn pick_uses_all_elements_in_large_steps() {
        let list: Vec<u32> = (0..100).collect();
        let used: BTreeSet<u32> = (0..200).filter_map(|number| pick(&list, number).copied()).collect();
        assert!(used.len() >= 95, "{used:?}");
        assert!((0..20).all(|number| pick(&list, number) != pick(&list, number + 1)));
        assert_eq!(pick::<u32>(&[], 7), None);
    }
}
