//! PostgreSQL reads a bounded part of an index, whatever the statistics of the table contain.

use diesel::{RunQueryDsl, prelude::*, sql_query, sql_types::Text};

use super::{harness::TestDatabase, on_every_engine};
use crate::{
    db::{Connection, DbError, Engine},
    store::{audit::NEWEST_OF_ACTOR, audit_counts::SUM_OF_SOME},
};

on_every_engine!(searches_read_only_a_part_of_one_index, rows_of_a_small_table_are_found_by_an_index);

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
    step: String,
}

/// Returns the generic plan of a statement, which does not depend on the values of the parameters.
async fn generic_plan(db: &TestDatabase, statement: &'static str, values: &'static str) -> String {
    db.read(move |conn| explain(conn, statement, values)).await
}

fn explain(conn: &mut Connection, statement: &str, values: &str) -> Result<String, DbError> {
    let mut sql = String::new();
    for (number, part) in statement.split('?').enumerate() {
        sql += &if number == 0 { part.to_owned() } else { format!("${number}{part}") };
    }
    conn.run("SET LOCAL plan_cache_mode = force_generic_plan")?;
    conn.run(&format!("PREPARE planned AS {sql}"))?;
    let explain = format!("EXPLAIN EXECUTE planned ({values})");
    let steps: Vec<Step> = match conn {
        Connection::Postgres(c, ..) => sql_query(explain).load(c)?,
        Connection::Sqlite(_) => Vec::new(),
    };
    conn.run("DEALLOCATE planned")?;
    Ok(steps.into_iter().map(|step| step.step + "\n").collect())
}

/// Half of all entries belong to one tenant. The other half belong to 20 000 tenants.
async fn searches_read_only_a_part_of_one_index(db: TestDatabase) {
    if db.database.engine() == Engine::Sqlite {
        return;
    }
    db.write(|c| {
        c.run(
            "INSERT INTO audit_logs (tenant_id, id, type, request_id, source_ip, user_agent, actor, created_at) \
             SELECT CASE WHEN i % 2 = 0 THEN 'large' ELSE 'tenant ' || i END, 'id ' || i, 'user_deleted', '', '', '', \
             'actor ' || i % 500, i FROM generate_series(1, 40000) AS i",
        )?;
        c.run(
            "INSERT INTO audit_counts SELECT 'tenant ' || (i / 30), i % 30, 'user_deleted', 0, 1 \
             FROM generate_series(1, 100000) AS i",
        )?;
        c.run("ANALYZE audit_logs")?;
        c.run("ANALYZE audit_counts")
    })
    .await;
    let plan = generic_plan(&db, NEWEST_OF_ACTOR, "'large', 'nobody', '', 'nobody', 'z', 10001").await;
    assert!(plan.contains("Scan Backward using audit_logs_by_actor"), "{plan}");
    let plan = generic_plan(&db, SUM_OF_SOME, "'', 0, '', 0, 1000").await;
    assert!(plan.contains("Index Scan using audit_counts_pkey"), "{plan}");
}

/// PostgreSQL keeps a plan that it made for a small table until the next ANALYZE, even if the table grows. The plan
/// must therefore use an index from the start.
async fn rows_of_a_small_table_are_found_by_an_index(db: TestDatabase) {
    if db.database.engine() == Engine::Sqlite {
        return;
    }
    db.write(|c| c.run("ANALYZE challenges; ANALYZE tenant_summaries")).await;
    let take = "DELETE FROM challenges WHERE tenant_id = ? AND value = ?";
    let plan = generic_plan(&db, take, "'tenant', 'value'").await;
    assert!(plan.contains("Index Scan using challenges_pkey"), "{plan}");
    let sums = "SELECT SUM(users + credentials) FROM tenant_summaries WHERE users >= ?";
    let (during, after) =
        db.read(move |c| Ok((c.with_table_scans(|c| explain(c, sums, "0"))?, explain(c, sums, "0")?))).await;
    assert!(during.contains("Seq Scan on tenant_summaries"), "{during}");
    assert!(after.contains("Index Scan using tenant_summaries_by_users"), "{after}");
}
