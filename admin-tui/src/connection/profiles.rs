//! The file of profiles, `~/.config/doorward/admin.toml`:
//!
//! ```toml
//! default_profile = "prod"
//!
//! [profiles.prod]
//! url = "https://doorward-admin.example.com"
//! token_file = "prod.token"
//! ca_file = "ca.pem"
//! ```

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{ConnectionError, Environment};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    default_profile: Option<String>,
    #[serde(default)]
    profiles: BTreeMap<String, Entry>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    url: Option<String>,
    token_file: Option<String>,
    ca_file: Option<String>,
    #[serde(default)]
    allow_plain_http: bool,
}

/// A server somebody gave a name.
#[derive(Debug, Clone)]
pub(super) struct Profile {
    pub(super) name: String,
    pub(super) url: Option<String>,
    pub(super) token_file: Option<PathBuf>,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) allow_plain_http: bool,
}

impl Profile {
    /// A value's place, for people.
    pub(super) fn source(&self, key: &str) -> String {
        format!("{key} of profile {}", self.name)
    }
}

/// All profiles.
pub(super) struct Profiles {
    path: PathBuf,
    content: Content,
    environment: Environment,
}

impl Profiles {
    /// Reads a file that must be there, or the usual one if it is.
    pub(super) fn load(named: Option<&Path>, environment: &Environment) -> Result<Self, ConnectionError> {
        let usual = environment.config_file();
        let path = named.map(Path::to_path_buf).or(usual);
        let made = |path, content| Self { path, content, environment: environment.clone() };
        let Some(path) = path else {
            return Ok(made(PathBuf::from("~/.config/doorward/admin.toml"), Content::default()));
        };
        match fs::read_to_string(&path) {
            Ok(text) => parse(&path, &text).map(|content| made(path, content)),
            Err(error) if error.kind() == io::ErrorKind::NotFound && named.is_none() => {
                Ok(made(path, Content::default()))
            }
            Err(error) => Err(ConnectionError::file(&path, &error)),
        }
    }

    /// The profile of this name, which `source` gave.
    pub(super) fn get(&self, name: &str, source: &str) -> Result<Profile, ConnectionError> {
        let path = |text: &String| self.environment.path_beside(&self.path, text);
        match self.content.profiles.get(name) {
            Some(entry) => Ok(Profile {
                name: name.to_owned(),
                url: entry.url.clone(),
                token_file: entry.token_file.as_ref().map(path),
                ca_file: entry.ca_file.as_ref().map(path),
                allow_plain_http: entry.allow_plain_http,
            }),
            None => Err(ConnectionError::UnknownProfile {
                name: name.to_owned(),
                given_by: source.to_owned(),
                path: self.path.clone(),
                known: self.known(),
            }),
        }
    }

    /// The profile the file itself names.
    pub(super) fn usual(&self) -> Result<Option<Profile>, ConnectionError> {
        self.content.default_profile.as_ref().map(|name| self.get(name, "default_profile")).transpose()
    }

    fn known(&self) -> String {
        let names: Vec<_> = self.content.profiles.keys().map(String::as_str).collect();
        if names.is_empty() { "there is none at all".to_owned() } else { format!("there are: {}", names.join(", ")) }
    }
}

fn parse(path: &Path, text: &str) -> Result<Content, ConnectionError> {
    toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        ConnectionError::Profiles {
            path: path.to_owned(),
            line: before.map(|before| before.matches('\n').count() + 1),
            why: error.message().to_owned(),
        }
    })
}
