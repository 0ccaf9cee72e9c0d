//! Settings of the config file for the app's theme, and for the name and the colour of the server.

use serde::Deserialize;

/// Name of a theme in settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ThemeName {
    /// The theme that fits the terminal's number of colours and its background.
    Auto,
    Dark,
    Light,
    #[serde(rename = "16")]
    Sixteen,
    None,
}

impl ThemeName {
    const ALL: [Self; 5] = [Self::Auto, Self::Dark, Self::Light, Self::Sixteen, Self::None];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Dark => "dark",
            Self::Light => "light",
            Self::Sixteen => "16",
            Self::None => "none",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.as_str() == text.trim())
    }
}

/// Colour of a profile's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProfileColor {
    Red,
    Yellow,
    Green,
    Blue,
    Magenta,
    Cyan,
}

/// What the app shows of the profile that defines the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileLabel {
    pub name: String,
    pub color: Option<ProfileColor>,
    /// `true` for a production server. Dialogs about destructive actions then show the mark `PRODUCTION`.
    pub production: bool,
}
