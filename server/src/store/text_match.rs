//! Text searches that behave the same on both engines. They ignore the case of ASCII letters, but not of other letters.

use diesel::sql_types::SingleValue;

diesel::define_sql_function! {
    /// Changes ASCII letters to lower case. On PostgreSQL this requires a column with the collation "C".
    fn lower<T: SingleValue>(text: T) -> T;
}

/// Condition: `column` contains `text`.
macro_rules! contains {
    ($column:expr, $text:expr) => {
        $crate::store::text_match::lower($column).like($crate::store::text_match::like_pattern($text)).escape('\\')
    };
}
pub(super) use contains;

/// Condition: `column` starts with `text`. The database can evaluate it with an index on `lower(column)`.
macro_rules! starts_with {
    ($column:expr, $text:expr) => {{
        let start = str::to_ascii_lowercase($text);
        let end = $crate::store::text_match::end_of_prefix(&start);
        $crate::store::text_match::lower($column).ge(start).and($crate::store::text_match::lower($column).lt(end))
    }};
}
pub(super) use starts_with;

/// Returns a LIKE pattern for lower-case texts that contain `text`. Its escape character is `\`.
pub(super) fn like_pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character.to_ascii_lowercase());
    }
    pattern.push('%');
    pattern
}

/// Returns a text that sorts after every text that starts with `prefix`.
pub(super) fn end_of_prefix(prefix: &str) -> String {
    format!("{prefix}{}", char::MAX)
}
