use super::{fixture::*, harness::TestDatabase, on_every_engine};
use crate::{
    db::{Connection, Database, DbError, on_engine},
    store::{installation, tenants},
};

on_every_engine!(
    migrations_go_up_down_and_up,
    newer_schema_is_refused_unless_it_is_additive,
    opening_again_keeps_data,
    corrupt_rows_are_reported
);

async fn migrations_go_up_down_and_up(db: TestDatabase) {
    two_tenants(&db).await;
    assert!(db.database.pending_migrations().await.expect("a look").is_empty());
    assert!(db.database.migrate_up().await.expect("nothing to do").is_empty());
    let reverted = db.database.migrate_down_all().await.expect("down");
    assert!(!reverted.is_empty());
    let pending = db.database.pending_migrations().await.expect("a look");
    assert_eq!(pending.len(), reverted.len());
    // The tables were deleted. Therefore, a read returns a database error instead of an empty result.
    let read = db.database.read(|c: &mut Connection| tenants::find(c, tenant_id(1))).await;
    assert!(matches!(read, Err(DbError::Database(_))), "{read:?}");
    assert_eq!(db.database.migrate_up().await.expect("up"), pending);
    assert_eq!(db.read(tenants::all).await, []);
    two_tenants(&db).await;
    assert_eq!(db.read(|c| tenants::find(c, tenant_id(1))).await, Some(tenant(1)));
}

async fn newer_schema_is_refused_unless_it_is_additive(db: TestDatabase) {
    let insert = "INSERT INTO __diesel_schema_migrations (version) VALUES";
    db.write(move |c| c.run(&format!("{insert} ('99980101000000.additive')"))).await;
    let additive = db.another().await;
    assert!(additive.pending_migrations().await.expect("a look").is_empty());
    additive.close().await;
    db.write(move |c| c.run(&format!("{insert} ('99990101000000')"))).await;
    let newer = Database::open(db.options.clone()).await;
    assert!(matches!(&newer, Err(DbError::Database(reason)) if reason.contains("99990101000000")), "{newer:?}");
}

async fn opening_again_keeps_data(db: TestDatabase) {
    db.write(|c| installation::put(c, "a", "1")).await;
    db.database.close().await;
    let again = db.another().await;
    assert_eq!(again.read(|c: &mut Connection| installation::get(c, "a")).await, Ok(Some("1".to_owned())));
}

async fn corrupt_rows_are_reported(db: TestDatabase) {
    two_tenants(&db).await;
    db.write(|c| c.run("UPDATE tenants SET config = 'x'")).await;
    let row = db.database.read(|c: &mut Connection| tenants::find(c, tenant_id(1))).await;
    assert!(matches!(row, Err(DbError::Corrupt(_))), "{row:?}");
    let users = db
        .read(|c| {
            use diesel::prelude::*;
            let count: i64 = on_engine!(c, c, _Db => crate::store::schema::users::table.count().get_result(c))?;
            Ok(count)
        })
        .await;
    assert_eq!(users, 6);
}
