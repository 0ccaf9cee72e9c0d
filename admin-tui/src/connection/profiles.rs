//! The config file, `~/.config/doorward/admin.toml`:
//!
//! ```toml
//! default_profile = "prod"
//! theme = "light"
//! time = "local"
//!
//! [profiles.prod]
//! url = "https://doorward-admin.example.com"
//! token_file = "prod.token"
//! ca_file = "ca.pem"
//! color = "red"
//! production = true
//!
//! [views]
//! "wrong origin" = "code:origin_mismatch since:1d"
//! ```

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{environment::Environment, error::ConnectionError};
use crate::{
    appearance::{ProfileColor, ProfileLabel, ThemeName},
    settings::{Settings, Views},
    zone::Zone,
};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    default_profile: Option<String>,
    theme: Option<ThemeName>,
    #[serde(default)]
    profiles: BTreeMap<String, Entry>,
    /// The zone in which the interactive app shows times.
    #[serde(default)]
    time: TimeSetting,
    /// Saved searches of audit logs.
    #[serde(default)]
    views: Views,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum TimeSetting {
    #[default]
    Utc,
    Local,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    url: Option<String>,
    token_file: Option<String>,
    ca_file: Option<String>,
    #[serde(default)]
    allow_plain_http: bool,
    color: Option<ProfileColor>,
    #[serde(default)]
    production: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Profile {
    pub(super) name: String,
    pub(super) url: Option<String>,
    pub(super) token_file: Option<PathBuf>,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) allow_plain_http: bool,
    pub(super) label: ProfileLabel,
}

impl Profile {
    /// Describes the source of a value, for display.
    pub(super) fn source(&self, key: &str) -> String {
        format!("{key} of profile {}", self.name)
    }
}

pub(super) struct Profiles {
    path: PathBuf,
    content: Content,
    environment: Environment,
}

impl Profiles {
    /// Reads the given file, which must exist, or the default file if it exists.
    pub(super) fn load(given: Option<&Path>, environment: &Environment) -> Result<Self, ConnectionError> {
        let path = given.map(Path::to_path_buf).or_else(|| environment.config_file());
        let profiles = |path, content| Self { path, content, environment: environment.clone() };
        let Some(path) = path else {
            return Ok(profiles(PathBuf::from("~/.config/doorward/admin.toml"), Content::default()));
        };
        match fs::read_to_string(&path) {
            Ok(text) => parse(&path, &text).map(|content| profiles(path, content)),
            Err(error) if error.kind() == io::ErrorKind::NotFound && given.is_none() => {
                Ok(profiles(path, Content::default()))
            }
            Err(error) => Err(ConnectionError::file(&path, &error)),
        }
    }

    pub(super) fn into_settings(self) -> Settings {
        Settings {
            // Without a home folder, the default path begins with `~` and serves only for display.
            file: Some(self.path).filter(|path| !path.starts_with("~")),
            views: self.content.views,
            uses_local_time: self.content.time == TimeSetting::Local,
            local: Zone::system(),
        }
    }

    /// Returns a profile by name. `source` says where the name comes from, for error messages.
    pub(super) fn get(&self, name: &str, source: &str) -> Result<Profile, ConnectionError> {
        let path = |text: &String| self.environment.resolve_path(&self.path, text);
        match self.content.profiles.get(name) {
            Some(entry) => Ok(Profile {
                name: name.to_owned(),
                url: entry.url.clone(),
                token_file: entry.token_file.as_ref().map(path),
                ca_file: entry.ca_file.as_ref().map(path),
                allow_plain_http: entry.allow_plain_http,
                label: ProfileLabel { name: name.to_owned(), color: entry.color, production: entry.production },
            }),
            None => Err(ConnectionError::UnknownProfile {
                name: name.to_owned(),
                given_by: source.to_owned(),
                path: self.path.clone(),
                known: self.known(),
            }),
        }
    }

    pub(super) const fn theme(&self) -> Option<ThemeName> {
        self.content.theme
    }

    /// Returns the names of all profiles, and the addresses that they set.
    pub(super) fn addresses(&self) -> Vec<(String, Option<String>)> {
        self.content.profiles.iter().map(|(name, entry)| (name.clone(), entry.url.clone())).collect()
    }

    /// Returns the profile that `default_profile` in the file selects.
    pub(super) fn default_profile(&self) -> Result<Option<Profile>, ConnectionError> {
        self.content.default_profile.as_ref().map(|name| self.get(name, "default_profile")).transpose()
    }

    fn known(&self) -> String {
        let names: Vec<_> = self.content.profiles.keys().map(String::as_str).collect();
        if names.is_empty() {
            "the file has no profiles".to_owned()
        } else {
            format!("known profiles: {}", names.join(", "))
        }
    }
}

fn parse(path: &Path, text: &str) -> Result<Content, ConnectionError> {
    toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        ConnectionError::Profiles {
            path: path.to_owned(),
            line: before.map(|before| before.matches('\n').count() + 1),
            reason: error.message().to_owned(),
        }
    })
}
