//! Reads a SQLite database as statements that create it again.

use doorward_testkit::database::texts;

/// Returns the statements of the schema, without the migrations' own table.
pub(crate) async fn schema(url: &str) -> Vec<String> {
    let own = "sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '__diesel%'";
    texts(url, &format!("SELECT sql AS value FROM sqlite_schema WHERE {own} ORDER BY name")).await
}

/// Returns statements that create the database with all its rows.
pub(crate) async fn statements(url: &str) -> String {
    let mut lines = vec!["PRAGMA foreign_keys = OFF".to_owned(), "BEGIN".to_owned()];
    for pragma in ["application_id", "user_version"] {
        let query = format!("SELECT CAST({pragma} AS TEXT) AS value FROM pragma_{pragma}");
        lines.extend(texts(url, &query).await.iter().map(|value| format!("PRAGMA {pragma} = {value}")));
    }
    let own = "FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'";
    lines.extend(texts(url, &format!("SELECT sql AS value {own} ORDER BY rowid")).await);
    for table in texts(url, &format!("SELECT name AS value {own} AND type = 'table' ORDER BY name")).await {
        let columns = texts(url, &format!("SELECT name AS value FROM pragma_table_info('{table}') ORDER BY cid")).await;
        let values: Vec<String> = columns.iter().map(|column| format!("quote({column})")).collect();
        let row = format!("'INSERT INTO {table} VALUES (' || {} || ')'", values.join(" || ', ' || "));
        lines.extend(texts(url, &format!("SELECT {row} AS value FROM {table} ORDER BY 1")).await);
    }
    lines.push("COMMIT".to_owned());
    lines.iter().map(|line| format!("{line};\n")).collect()
}
