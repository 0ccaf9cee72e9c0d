//! Which server, and who speaks to it: flags, variables, profiles, or the server that runs beside.
//!
//! Each of address, token and certificates is looked for in this order:
//! 1. its flag: `--url`, `--token-file`, `--ca-file`;
//! 2. the profile named by `--profile`;
//! 3. its variable: `DOORWARD_ADMIN_URL`, `DOORWARD_ADMIN_TOKEN` or `DOORWARD_ADMIN_TOKEN_FILE`,
//!    `DOORWARD_ADMIN_CA_FILE`;
//! 4. the profile named by `DOORWARD_ADMIN_PROFILE`, or by `default_profile` in the file. It is left aside when the
//!    address came from a flag or variable: its token is for its server;
//! 5. the server that runs on this machine: `http://127.0.0.1:8001`, with the token that the first start wrote to the data
//!    folder (`DOORWARD_DATA_DIR`, else `./data`). That token goes to this machine only.

mod environment;
mod error;
mod profiles;
mod secret_file;

pub use environment::Environment;
pub use error::{ConnectionError, Warning};

use std::{
    io,
    path::{Path, PathBuf},
};

use url::Url;

use crate::api::{Target, Token, is_loopback};
use profiles::{Profile, Profiles};

/// Where a server listens that nobody told otherwise.
pub const DEFAULT_URL: &str = "http://127.0.0.1:8001";

/// What was given on the command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags {
    /// `--url`.
    pub url: Option<String>,
    /// `--token-file`.
    pub token_file: Option<PathBuf>,
    /// `--ca-file`.
    pub ca_file: Option<PathBuf>,
    /// `--profile`.
    pub profile: Option<String>,
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--allow-plain-http`.
    pub allow_plain_http: bool,
}

/// A server that can be called, and how it was found.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The server, and who speaks to it.
    pub target: Target,
    /// The profile that was used.
    pub profile: Option<String>,
    /// Where the address comes from, for people.
    pub url_source: String,
    /// Where the token comes from, for people.
    pub token_source: String,
    /// What its user should know.
    pub warnings: Vec<Warning>,
}

impl Connection {
    /// Whether nobody said which server is meant.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.url_source == DEFAULT_SOURCE
    }
}

const DEFAULT_SOURCE: &str = "default";

/// Finds the server.
///
/// # Errors
/// [`ConnectionError`].
pub fn resolve(flags: &Flags, environment: &Environment) -> Result<Connection, ConnectionError> {
    Search { flags, environment, warnings: Vec::new() }.resolve()
}

/// A value and where it comes from.
struct Found<T> {
    value: T,
    source: String,
}

struct Search<'a> {
    flags: &'a Flags,
    environment: &'a Environment,
    warnings: Vec<Warning>,
}

impl Search<'_> {
    fn resolve(mut self) -> Result<Connection, ConnectionError> {
        let named = self.named_profile()?;
        let url_is_given = self.flags.url.is_some() || self.variable("DOORWARD_ADMIN_URL").is_some();
        let usual = if named.is_none() && !url_is_given { self.usual_profile()? } else { None };
        let url = self.url(named.as_ref(), usual.as_ref())?;
        let profiles = || named.iter().chain(usual.iter());
        self.check_plain(&url.value, profiles().any(|profile| profile.allow_plain_http))?;
        let token = self.token(&url.value, named.as_ref(), usual.as_ref())?;
        let ca = self.ca(named.as_ref(), usual.as_ref())?;
        let profile = profiles().next().map(|profile| profile.name.clone());
        Ok(Connection {
            target: Target { url: url.value, token: token.value, ca },
            profile,
            url_source: url.source,
            token_source: token.source,
            warnings: self.warnings,
        })
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name)
    }

    fn named_profile(&self) -> Result<Option<Profile>, ConnectionError> {
        let Some(name) = &self.flags.profile else { return Ok(None) };
        self.profiles()?.get(name, "--profile").map(Some)
    }

    fn usual_profile(&self) -> Result<Option<Profile>, ConnectionError> {
        let profiles = self.profiles()?;
        match self.variable("DOORWARD_ADMIN_PROFILE") {
            Some(name) => profiles.get(name, "DOORWARD_ADMIN_PROFILE").map(Some),
            None => profiles.usual(),
        }
    }

    fn profiles(&self) -> Result<Profiles, ConnectionError> {
        let named = self.flags.config.as_deref().or_else(|| self.variable("DOORWARD_ADMIN_CONFIG").map(Path::new));
        Profiles::load(named, self.environment)
    }

    fn url(&self, named: Option<&Profile>, usual: Option<&Profile>) -> Result<Found<Url>, ConnectionError> {
        let profile = |profile: &Profile| Some((profile.url.clone()?, profile.source("url")));
        let variable =
            self.variable("DOORWARD_ADMIN_URL").map(|text| (text.to_owned(), "DOORWARD_ADMIN_URL".to_owned()));
        let (text, source) = self
            .flags
            .url
            .clone()
            .map(|text| (text, "--url".to_owned()))
            .or_else(|| named.and_then(profile))
            .or(variable)
            .or_else(|| usual.and_then(profile))
            .unwrap_or_else(|| (DEFAULT_URL.to_owned(), DEFAULT_SOURCE.to_owned()));
        Ok(Found { value: address(&text, &source)?, source })
    }

    /// Over plain HTTP, everybody on the way reads the token.
    fn check_plain(&mut self, url: &Url, profile_allows: bool) -> Result<(), ConnectionError> {
        if url.scheme() == "https" || is_loopback(url) {
            return Ok(());
        }
        if !self.flags.allow_plain_http && !profile_allows {
            return Err(ConnectionError::PlainHttp(url.to_string()));
        }
        self.warnings.push(Warning::PlainHttp(url.to_string()));
        Ok(())
    }

    fn token(
        &mut self,
        url: &Url,
        named: Option<&Profile>,
        usual: Option<&Profile>,
    ) -> Result<Found<Token>, ConnectionError> {
        let profile = |profile: &Profile| Some((profile.token_file.clone()?, profile.source("token_file")));
        let flag = self.flags.token_file.clone().map(|path| (path, "--token-file".to_owned()));
        if let Some((path, source)) = flag.or_else(|| named.and_then(profile)) {
            return self.token_in(&path, source);
        }
        if let Some(text) = self.variable("DOORWARD_ADMIN_TOKEN") {
            let source = "DOORWARD_ADMIN_TOKEN".to_owned();
            let value = Token::new(text).map_err(|why| ConnectionError::Token { given_by: source.clone(), why })?;
            return Ok(Found { value, source });
        }
        let variable = self.variable("DOORWARD_ADMIN_TOKEN_FILE");
        let variable = variable.map(|path| (PathBuf::from(path), "DOORWARD_ADMIN_TOKEN_FILE".to_owned()));
        if let Some((path, source)) = variable.or_else(|| usual.and_then(profile)) {
            return self.token_in(&path, source);
        }
        let path = Path::new(self.variable("DOORWARD_DATA_DIR").unwrap_or("./data")).join("admin.token");
        if !is_loopback(url) {
            return Err(ConnectionError::NoToken(url.to_string()));
        }
        // A folder of somebody else's is another matter than one that is not there.
        match path.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(ConnectionError::NoLocalToken(path)),
            _ => self.token_in(&path, "the data folder".to_owned()),
        }
    }

    fn token_in(&mut self, path: &Path, source: String) -> Result<Found<Token>, ConnectionError> {
        let source = format!("{} ({source})", path.display());
        let (text, open_to) = secret_file::read(path)?;
        self.warnings.extend(open_to.map(|mode| Warning::OpenToOthers { path: path.to_owned(), mode }));
        let value = Token::new(&text).map_err(|why| ConnectionError::Token { given_by: source.clone(), why })?;
        Ok(Found { value, source })
    }

    fn ca(&self, named: Option<&Profile>, usual: Option<&Profile>) -> Result<Option<Vec<u8>>, ConnectionError> {
        let profile = |profile: &Profile| profile.ca_file.clone();
        let path = self
            .flags
            .ca_file
            .clone()
            .or_else(|| named.and_then(profile))
            .or_else(|| self.variable("DOORWARD_ADMIN_CA_FILE").map(PathBuf::from))
            .or_else(|| usual.and_then(profile));
        let read = |path: PathBuf| std::fs::read(&path).map_err(|error| ConnectionError::file(&path, &error));
        path.map(read).transpose()
    }
}

/// An address of an admin API.
fn address(text: &str, source: &str) -> Result<Url, ConnectionError> {
    let refused = |why: &'static str| ConnectionError::Url { text: text.to_owned(), given_by: source.to_owned(), why };
    let url = Url::parse(text.trim()).map_err(|_| refused("not an address like https://admin.example.com"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(refused("not an address like https://admin.example.com"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(ConnectionError::Credentials { given_by: source.to_owned() });
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refused("an address ends with its path: no ? and no #"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests;
