//! Parsing of the arguments of both binaries.

use clap::{
    Parser,
    error::{ContextKind, ContextValue},
};

use super::{Exit, exit::usage_error_as_json};
use crate::key_format::without_keys;

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

/// Shortens secrets in an error message to their hints. The message repeats arguments, and users may enter a key
/// instead of its id by mistake.
fn without_secrets(mut error: clap::Error) -> clap::Error {
    let context: Vec<(ContextKind, ContextValue)> =
        error.context().map(|(kind, value)| (kind, value.clone())).collect();
    for (kind, value) in context {
        let hidden = match value {
            ContextValue::String(text) => ContextValue::String(without_keys(&text).into_owned()),
            ContextValue::Strings(texts) => {
                ContextValue::Strings(texts.iter().map(|text| without_keys(text).into_owned()).collect())
            }
            // Tips, which may repeat the argument. For `without_keys`, a key ends where an ANSI escape sequence begins.
            ContextValue::StyledStrs(texts) => ContextValue::StyledStrs(
                texts.iter().map(|text| without_keys(&text.ansi().to_string()).into_owned().into()).collect(),
            ),
            _ => continue,
        };
        error.insert(kind, hidden);
    }
    error
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
        for prefix in ["dw_", "dwa_"] {
            let key = &format!("{prefix}0f3a52c1d7e94b6a8f20c3d4e5f60718_kT9wQz");
            let (option, value) = (format!("--{key}"), format!("--x={key}"));
            for arguments in [
                vec!["doorward", key],
                vec!["doorward", "0f3a", key],
                vec!["doorward", &option],
                vec!["doorward", &value],
            ] {
                let error = without_secrets(Arguments::try_parse_from(&arguments).unwrap_err()).to_string();
                assert!(!error.contains("kT9w"), "{error}");
            }
            let error = without_secrets(Arguments::try_parse_from(["doorward", key]).unwrap_err()).to_string();
            assert!(error.contains(&format!("invalid value '{prefix}0f3a…' for '<KEY>'")), "{error}");
        }
    }
}
