//! Parsing of the arguments of both binaries.

use clap::{
    Parser,
    error::{ContextKind, ContextValue},
};

use super::{Exit, exit::usage_error_as_json};

/// Prefix of API keys.
const SECRET_PREFIX: &str = "dw_";
/// Number of characters in the hint of an API key.
const HINT_CHARS: usize = 7;

/// Parses the arguments of this process. If they are invalid or request help, prints the error or help and exits.
#[must_use]
pub fn parse_arguments<C: Parser>() -> C {
    C::try_parse().unwrap_or_else(|error| {
        let error = without_secrets(error);
        match usage_error_as_json(&error) {
            Some(json) => {
                eprintln!("{json}");
                std::process::exit(Exit::Usage.code().into())
            }
            None => error.exit(),
        }
    })
}

/// Shortens API keys in an error message to their hints. The message repeats arguments, and users may enter a key
/// instead of its id by mistake.
fn without_secrets(mut error: clap::Error) -> clap::Error {
    let context: Vec<(ContextKind, ContextValue)> =
        error.context().map(|(kind, value)| (kind, value.clone())).collect();
    for (kind, value) in context {
        let hidden = match value {
            ContextValue::String(text) => ContextValue::String(hide_secrets(&text)),
            ContextValue::Strings(texts) => {
                ContextValue::Strings(texts.iter().map(|text| hide_secrets(text)).collect())
            }
            _ => continue,
        };
        error.insert(kind, hidden);
    }
    error
}

/// Shortens each word that begins with the prefix of API keys to the hint of the key.
fn hide_secrets(text: &str) -> String {
    let mut hidden = String::new();
    let mut rest = text;
    while let Some((before, from)) = rest.find(SECRET_PREFIX).and_then(|at| rest.split_at_checked(at)) {
        let is_part = |symbol: char| symbol.is_ascii_alphanumeric() || "_-".contains(symbol);
        let (secret, after) =
            from.split_at_checked(from.find(|it| !is_part(it)).unwrap_or(from.len())).unwrap_or((from, ""));
        hidden.push_str(before);
        match secret.get(..HINT_CHARS).filter(|hint| hint.len() < secret.len()) {
            Some(hint) => hidden.extend([hint, "…"]),
            None => hidden.push_str(secret),
        }
        rest = after;
    }
    hidden + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Parser)]
    struct Arguments {
        key: crate::ApiKeyId,
    }

    #[test]
    fn invalid_argument_that_is_a_secret_is_shown_as_its_hint() {
        let key = "dw_0f3a52c1d7e94b6a8f20c3d4e5f60718_kT9wQz";
        for arguments in [vec!["doorward", key], vec!["doorward", "0f3a", key], vec!["doorward", &format!("--x={key}")]]
        {
            let error = without_secrets(Arguments::try_parse_from(&arguments).unwrap_err()).to_string();
            assert!(!error.contains("52c1"), "{error}");
        }
        let error = without_secrets(Arguments::try_parse_from(["doorward", key]).unwrap_err()).to_string();
        assert!(error.contains("invalid value 'dw_0f3a…' for '<KEY>'"), "{error}");
    }

    #[test]
    fn only_words_that_begin_like_a_secret_are_cut() {
        for (text, shown) in [
            ("dw_0f3a", "dw_0f3a"),
            ("a dw_0f3a5 b dw_1f3a6_x'", "a dw_0f3a… b dw_1f3a…'"),
            ("日本 dw_", "日本 dw_"),
            ("", ""),
        ] {
            assert_eq!(hide_secrets(text), shown);
        }
    }
}
