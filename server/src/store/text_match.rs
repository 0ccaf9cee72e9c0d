//! Text searches that behave the same on both engines: ASCII letters match in either case, other letters only in their own.

use diesel::sql_types::SingleValue;

diesel::define_sql_function! {
    /// Folds ASCII letters to lower case. On PostgreSQL the column needs the collation "C".
    fn lower<T: SingleValue>(text: T) -> T;
}

/// Condition: `column` contains `text`.
macro_rules! contains {
    ($column:expr, $text:expr) => {
        $crate::store::text_match::lower($column).like($crate::store::text_match::like_pattern($text)).escape('\\')
    };
}
pub(super) use contains;

/// Condition: `column` starts with `text`. A range of an index on `lower(column)`.
macro_rules! starts_with {
    ($column:expr, $text:expr) => {{
        let start = str::to_ascii_lowercase($text);
        let end = $crate::store::text_match::end_of_prefix(&start);
        $crate::store::text_match::lower($column).ge(start).and($crate::store::text_match::lower($column).lt(end))
    }};
}
pub(super) use starts_with;

/// Returns a LIKE pattern, with `\` as escape character, for texts in lower case that contain `text`.
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
