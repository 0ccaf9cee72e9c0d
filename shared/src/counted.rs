//! Numbers with their nouns, for sentences.

use std::fmt::Display;

/// Returns a number with its noun: `1 user`, `2 users`, `2 entries`. `noun` is singular, with a regular plural.
pub fn counted(number: impl Display, noun: &str) -> String {
    let number = number.to_string();
    match noun.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'i', 'o', 'u'])) {
        _ if number == "1" => format!("1 {noun}"),
        Some(stem) => format!("{number} {stem}ies"),
        None => format!("{number} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn nouns_follow_their_number() {
        for (number, noun, expected) in [
            (0, "problem", "0 problems"),
            (1, "problem", "1 problem"),
            (2, "problem", "2 problems"),
            (1, "entry", "1 entry"),
            (2, "entry", "2 entries"),
            (2, "API key", "2 API keys"),
        ] {
            assert_eq!(counted(number, noun), expected);
        }
    }
}
