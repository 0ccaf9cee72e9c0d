use std::collections::BTreeSet;

use doorward_server::installation::ADMIN_TOKEN_FILE;
use doorward_testkit::{TestServer, database};

use super::*;
use crate::{
    load::options::host,
    seed::{self, Plan, SeedJob},
};

fn of_url(url: &str) -> Host {
    host(&url.parse().unwrap(), false).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_query_kind_gets_a_valid_page_from_a_seeded_server() {
    let folder = tempfile::tempdir().unwrap();
    let (url, _database) = database::for_test(folder.path()).await;
    let until = 1_790_000_000_000;
    let plan = Plan { seed: 4, tenants: 20, users: 90, rows: 3_000, days: 40, until, hostile: true };
    let Ok(place) = url.parse();
    let job = SeedJob { plan, data_dir: folder.path().to_path_buf(), database: place, append: false };
    let made = seed::run(job, |_| ()).await.unwrap();
    let server = TestServer::builder().data_dir(folder.path().to_path_buf()).database(url).start().await;
    let site = Site {
        public: of_url(&server.public_url),
        admin: of_url(&server.admin_url),
        admin_token: std::fs::read_to_string(folder.path().join(ADMIN_TOKEN_FILE)).unwrap().trim().to_owned(),
        seeded: &made.seeded,
        requests: 4,
    };
    let mut groups = Vec::new();
    site.visit(|title, lines| {
        for (name, asked) in &lines {
            assert_eq!((asked.failed, &asked.failure), (0, &None), "{title}: {name}");
        }
        let counts: BTreeSet<u64> = lines.into_iter().map(|(_, asked)| asked.latencies.summary().count).collect();
        groups.push((title.to_owned(), counts));
    })
    .await
    .unwrap();
    // The same number of requests of each kind; one per other tenant.
    let expected = [4, 16, 4, 4, 4].map(|count| BTreeSet::from([count]));
    assert_eq!(groups.iter().map(|(_, counts)| counts.clone()).collect::<Vec<_>>(), expected, "{groups:?}");
    assert!(groups[0].0.contains(&format!("{} entries", plan.rows_of(0))), "{groups:?}");

    // A rejected request is an error and is not measured.
    let stranger = Site { admin_token: "wrong".to_owned(), ..site };
    let refused = stranger.visit(|_, _| ()).await.unwrap_err();
    assert!(refused.to_string().starts_with("/audit_logs?per_page=100: answered 401"), "{refused}");
    let question =
        Question { name: "strange", paths: vec!["/overview".to_owned(), "/me".to_owned()], total: Total::None };
    let asked = ask(&stranger.of_admin(), &question).await;
    assert_eq!((asked.failed, asked.failure.as_deref()), (2, Some("/overview: answered 401")));
    server.stop().await;
}

#[test]
fn what_fails_is_missed_however_fast_it_was() {
    let mut results = Results::default();
    let line = |millis, failed| {
        let mut asked = Asked::default();
        asked.latencies.record(Duration::from_millis(millis));
        if failed {
            asked.fail("/x", "answered 500".to_owned());
        }
        asked
    };
    let mut slow = line(1, false);
    slow.merge(line(20, false));
    print("a log", vec![("fast", line(1, false)), ("wrong", line(1, true)), ("slow", slow)], &mut results);
    print("a log", vec![("never asked", Asked::default())], &mut results);
    // Each group also has a summary line.
    assert_eq!(results, Results { met: 1, missed: 5 });
}
