//! Measures pages of a large installation's logs and lists, one request at a time.
//!
//! The values in the queries (actors, addresses, types, times, names) are taken from earlier responses and differ from
//! request to request. A page of a log must have a total and the number of entries that follows from it.

mod query_kinds;
mod sample;

use std::time::{Duration, Instant};

use super::{Options, ReportError, installation::Installation, results::Results};
use crate::{
    load::{
        http::{Connection, Head, Host, Response},
        stats::{Latencies, Summary},
    },
    seed::Seeded,
};
use query_kinds::{Question, Total};
use sample::{Names, Sample};

/// Target for the p95 of a page, in milliseconds.
const P95_MS: f64 = 20.0;
/// Time limit per kind of query.
const LONGEST: Duration = Duration::from_secs(20);
/// Number of measured tenants of medium size.
const MIDDLE: u64 = 16;

/// An API with the header for authentication.
#[derive(Debug, Clone)]
struct Api {
    host: Host,
    field: &'static str,
    secret: String,
}

/// Measurements of a kind of query.
#[derive(Debug, Clone, Default)]
struct Asked {
    latencies: Latencies,
    failed: u64,
    failure: Option<String>,
}

impl Api {
    fn head(&self, path: &str) -> Head {
        Head::get(&self.host, path, (self.field, &self.secret))
    }

    /// Reads a page from which query values are taken; returns its rows and its total.
    async fn read<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<(T, Option<u64>), ReportError> {
        let failed = |reason: String| ReportError::Response { path: path.to_owned(), reason };
        let mut connection = Connection::to(self.host.address);
        let answer = connection.send(&self.head(path), b"").await.map_err(|error| failed(error.to_string()))?;
        if answer.status != 200 {
            return Err(failed(format!("answered {}: {}", answer.status, String::from_utf8_lossy(answer.body))));
        }
        let body = serde_json::from_slice(answer.body).map_err(|error| failed(error.to_string()))?;
        Ok((body, answer.total))
    }
}

impl Asked {
    fn merge(&mut self, other: Self) {
        self.latencies.merge(other.latencies);
        self.failed += other.failed;
        self.failure = self.failure.take().or(other.failure);
    }

    fn fail(&mut self, path: &str, reason: String) {
        self.failed += 1;
        self.failure.get_or_insert_with(|| format!("{path}: {reason}"));
    }

    fn add(&mut self, path: &str, took: Duration, answer: &Response<'_>, total: Total) {
        self.latencies.record(took);
        if answer.status != 200 {
            return self.fail(path, format!("answered {}", answer.status));
        }
        if let Err(reason) = total.check(path, answer) {
            self.fail(path, reason);
        }
    }
}

/// Sends all requests of a kind, one after the other.
async fn ask(api: &Api, question: &Question) -> Asked {
    let mut asked = Asked::default();
    let mut connection = Connection::to(api.host.address);
    let began = Instant::now();
    for path in &question.paths {
        if began.elapsed() > LONGEST {
            break;
        }
        let head = api.head(path);
        let sent = Instant::now();
        match connection.send(&head, b"").await {
            Ok(answer) => asked.add(path, sent.elapsed(), &answer, question.total),
            Err(error) => asked.fail(path, error.to_string()),
        }
    }
    asked
}

/// Measures kinds of queries on several logs or lists and merges the results by kind.
async fn ask_all(asked: Vec<(&Api, Vec<Question>)>) -> Vec<(&'static str, Asked)> {
    let mut lines: Vec<(&'static str, Asked)> = Vec::new();
    for (api, questions) in asked {
        for question in questions {
            let asked = ask(api, &question).await;
            match lines.iter_mut().find(|(name, _)| *name == question.name) {
                Some((_, line)) => line.merge(asked),
                None => lines.push((question.name, asked)),
            }
        }
    }
    lines
}

/// Prints a line for each kind of query.
fn print(title: &str, lines: Vec<(&'static str, Asked)>, results: &mut Results) {
    results
        .print(format_args!("{title:<60}{:>7}{:>10}{:>10}{:>10}  p95 under {P95_MS:.0}", "count", "p50", "p95", "max"));
    let mut all = Asked::default();
    for (name, asked) in lines {
        all.merge(asked.clone());
        print_line(name, asked, results);
    }
    print_line("all of these", Asked { failure: None, ..all }, results);
}

fn print_line(name: &str, Asked { latencies, failed, failure }: Asked, results: &mut Results) {
    let Summary { count, p50_ms, p95_ms, max_ms, .. } = latencies.summary();
    let met = results.count(failed == 0 && count > 0 && p95_ms < P95_MS);
    results.print(format_args!("  {name:<58}{count:>7}{p50_ms:>10.2}{p95_ms:>10.2}{max_ms:>10.2}  {met}"));
    if let Some(failure) = failure {
        results.print(format_args!("      {failed} not answered as they should be, the first: {failure}"));
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
    results.print("one request at a time over loopback, with totals; milliseconds");
    site.visit(|title, lines| print(title, lines, results)).await?;
    node.stop();
    Ok(())
}

/// A server on a seeded installation.
#[derive(Debug)]
struct Site<'a> {
    public: Host,
    admin: Host,
    admin_token: String,
    seeded: &'a Seeded,
    /// Number of requests per kind of query.
    requests: u32,
}

impl Site<'_> {
    /// Measures all kinds of queries and reports the results group by group.
    async fn visit(&self, mut report: impl FnMut(&str, Vec<(&'static str, Asked)>)) -> Result<(), ReportError> {
        let plan = &self.seeded.plan;
        let log = |tenant: u64| format!("/{}/audit_logs", plan.tenant_id(tenant));
        let api = self.of_tenant(0);
        let sample = Sample::of(&api, &log(0)).await?;
        let lines = ask_all(vec![(&api, query_kinds::of_log(&log(0), &sample, self.requests))]).await;
        report(&format!("the largest tenant's log, {} entries", sample.total), lines);

        let mut middle = Vec::new();
        for place in 1..=MIDDLE {
            // With 100 000 tenants, from the 50th on: a few thousand entries each.
            let tenant = (place * (plan.tenants / 2_000).max(1)).min(plan.tenants.saturating_sub(1));
            let api = self.of_tenant(tenant);
            let sample = Sample::of(&api, &log(tenant)).await?;
            middle.push((api, log(tenant), sample));
        }
        let entries = middle.iter().map(|(_, _, sample)| sample.total);
        let (least, most) = (entries.clone().min().unwrap_or(0), entries.max().unwrap_or(0));
        let each = self.requests.div_ceil(u32::try_from(MIDDLE).unwrap_or(1));
        let asked = middle.iter().map(|(api, log, sample)| (api, query_kinds::of_log(log, sample, each)));
        let lines = ask_all(asked.collect()).await;
        report(&format!("{MIDDLE} other tenants' logs, {least} to {most} entries"), lines);

        let api = self.of_admin();
        let largest = format!("/tenants/{}", plan.tenant_id(0));
        let log = format!("{largest}/audit_logs");
        for (whose, log) in [("all logs", query_kinds::ALL_LOGS), ("the largest tenant's log", &log)] {
            let sample = Sample::of(&api, log).await?;
            let lines = ask_all(vec![(&api, query_kinds::of_log(log, &sample, self.requests))]).await;
            report(&format!("admin API: {whose}, {} entries", sample.total), lines);
        }
        let (tenants, users) = (Names::of_tenants(&api).await?, Names::of_users(&api, &largest).await?);
        let lines = ask_all(vec![(&api, query_kinds::of_lists(&largest, &tenants, &users, self.requests))]).await;
        report(&format!("admin API: {} tenants, the largest has {} users", tenants.total, users.total), lines);
        Ok(())
    }

    /// Public API with the key of a tenant.
    fn of_tenant(&self, tenant: u64) -> Api {
        Api { host: self.public.clone(), field: "apiKey", secret: self.seeded.api_key(tenant) }
    }

    /// Admin API.
    fn of_admin(&self) -> Api {
        Api { host: self.admin.clone(), field: "Authorization", secret: format!("Bearer {}", self.admin_token) }
    }
}

#[cfg(test)]
mod tests;
