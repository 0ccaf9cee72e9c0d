//! Enums that are stored and transferred as text.

/// Defines an enum with `as_str`, `ALL`, `Display`, `FromStr` and serde for the given texts. Errors name the kind of
/// value: the words of the enum's name, or the text in parentheses after it.
macro_rules! text_enum {
    (@kind $name:ident $kind:literal) => { $kind };
    (@kind $name:ident) => { stringify!($name) };
    (
        $(#[doc = $doc:literal])*
        pub enum $name:ident $(($kind:literal))? { $($(#[doc = $vdoc:literal])* $variant:ident => $text:literal,)+ }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[doc = $vdoc])* #[serde(rename = $text)] $variant,)+ }

        // Written by hand because utoipa's derive ignores texts from a macro and would list the names of the variants.
        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                let description = concat!($($doc, "\n",)* "\n", $("- `", $text, "`:", $($vdoc,)* "\n",)+);
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .enum_values(Some([$($text),+]))
                    .description(Some(description.trim()))
                    .into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}

        impl $name {
            /// All values in the order of definition.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Returns the text of the value in JSON and in the database.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// Returns the description of the value in one line.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self { $(Self::$variant => concat!($($vdoc),*).trim_ascii(),)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::error::UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err($crate::error::UnknownWord { kind: text_enum!(@kind $name $($kind)?), allowed: &[$($text),+] }),
                }
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use crate::{CoseAlgorithm, audit::AuditOutcome, config::UserVerification};

    #[test]
    fn errors_name_the_kind_of_value_in_words() {
        let outcome = "ok".parse::<AuditOutcome>().unwrap_err().to_string();
        assert_eq!(outcome, "unknown outcome: expected one of succeeded, failed");
        let algorithm = "RS1".parse::<CoseAlgorithm>().unwrap_err().to_string();
        assert!(algorithm.starts_with("unknown algorithm: expected one of EdDSA, "), "{algorithm}");
        let policy = "never".parse::<UserVerification>().unwrap_err().to_string();
        assert_eq!(policy, "unknown user verification: expected one of required, preferred, discouraged");
    }
}
