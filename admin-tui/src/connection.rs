//! Finds the server address, the admin token and the CA certificates.
//!
//! Each of these three values comes from the first source in this list that contains it:
//! 1. its flag: `--url`, `--token-file`, `--ca-file`;
//! 2. the profile named by `--profile`;
//! 3. its environment variable: `DOORWARD_ADMIN_URL`, `DOORWARD_ADMIN_TOKEN` or `DOORWARD_ADMIN_TOKEN_FILE`,
//!    `DOORWARD_ADMIN_CA_FILE`;
//! 4. the default profile: the one named by `DOORWARD_ADMIN_PROFILE`, or by `default_profile` in the file. The default
//!    profile is ignored if a flag or variable sets the address, because the profile's token is for another server;
//! 5. the local server: `http://127.0.0.1:8001`, with the token that the server wrote at its first start to the data
//!    folder (`DOORWARD_DATA_DIR`, else `./data`). This token is sent only to loopback addresses.

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

use crate::{
    api::{Endpoint, Token, is_loopback, socket_path},
    appearance::{ProfileLabel, ThemeName},
    settings::Settings,
};
use profiles::{Profile, Profiles};

pub const DEFAULT_URL: &str = "http://127.0.0.1:8001";

#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
#[command(next_help_heading = "Connection")]
pub struct Flags {
    /// Address of the admin API, or unix: and the path of its socket [default: http://127.0.0.1:8001] [env:
    /// DOORWARD_ADMIN_URL]
    #[arg(long, value_name = "URL", global = true)]
    pub url: Option<String>,
    /// File with the admin token [default: admin.token in DOORWARD_DATA_DIR or ./data] [env: DOORWARD_ADMIN_TOKEN or
    /// DOORWARD_ADMIN_TOKEN_FILE]
    #[arg(long, value_name = "FILE", global = true)]
    pub token_file: Option<PathBuf>,
    /// PEM file with the CA certificates to trust instead of the system's [env: DOORWARD_ADMIN_CA_FILE]
    #[arg(long, value_name = "FILE", global = true)]
    pub ca_file: Option<PathBuf>,
    /// Name of a profile in the config file [env: DOORWARD_ADMIN_PROFILE]
    #[arg(long, value_name = "NAME", global = true)]
    pub profile: Option<String>,
    /// Config file [default: ~/.config/doorward/admin.toml] [env: DOORWARD_ADMIN_CONFIG]
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Allow plain HTTP to another machine, although this sends the token unencrypted
    #[arg(long, global = true)]
    pub allow_plain_http: bool,
}

/// A resolved server, with the sources of its settings.
#[derive(Debug, Clone)]
pub struct Connection {
    pub endpoint: Endpoint,
    pub profile: Option<String>,
    /// What the app shows of the profile; `None` if the connection uses no profile.
    pub label: Option<ProfileLabel>,
    /// Source of the address, for display.
    pub url_source: String,
    /// Source of the token, for display.
    pub token_source: String,
    pub warnings: Vec<Warning>,
}

impl Connection {
    pub fn is_default(&self) -> bool {
        self.url_source == DEFAULT_SOURCE
    }
}

const DEFAULT_SOURCE: &str = "default";

/// Resolves the server from flags, environment variables and profiles.
pub fn resolve(flags: &Flags, environment: &Environment) -> Result<Connection, ConnectionError> {
    Resolver { flags, environment, warnings: Vec::new() }.resolve()
}

/// Returns the theme that the config file sets.
pub fn theme(flags: &Flags, environment: &Environment) -> Result<Option<ThemeName>, ConnectionError> {
    let resolver = Resolver { flags, environment, warnings: Vec::new() };
    Ok(resolver.profiles()?.theme())
}

/// Reads the settings of the interactive app from the config file.
pub fn settings(flags: &Flags, environment: &Environment) -> Result<Settings, ConnectionError> {
    Resolver { flags, environment, warnings: Vec::new() }.profiles().map(Profiles::into_settings)
}

/// A server that the app can switch to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// Name of the profile that defines the server.
    pub name: String,
    pub url: String,
}

/// Returns the servers of the config file, sorted by name.
pub fn contexts(flags: &Flags, environment: &Environment) -> Result<Vec<Context>, ConnectionError> {
    let profiles = Resolver { flags, environment, warnings: Vec::new() }.profiles()?;
    let context =
        |(name, url): (String, Option<String>)| Context { name, url: url.unwrap_or_else(|| DEFAULT_URL.into()) };
    Ok(profiles.addresses().into_iter().map(context).collect())
}

/// Resolves the server of a profile. Ignores the flags and variables that selected the server at the start of the app.
/// The app therefore never sends their token to the server of the profile.
pub fn resolve_context(flags: &Flags, environment: &Environment, profile: &str) -> Result<Connection, ConnectionError> {
    let flags = Flags { profile: Some(profile.to_owned()), config: flags.config.clone(), ..Flags::default() };
    resolve(&flags, &environment.without_server())
}

struct Sourced<T> {
    value: T,
    source: String,
}

struct Resolver<'a> {
    flags: &'a Flags,
    environment: &'a Environment,
    warnings: Vec<Warning>,
}

impl Resolver<'_> {
    fn resolve(mut self) -> Result<Connection, ConnectionError> {
        let named = self.named_profile()?;
        let url_is_given = self.flags.url.is_some() || self.variable("DOORWARD_ADMIN_URL").is_some();
        let default = if named.is_none() && !url_is_given { self.default_profile()? } else { None };
        let url = self.url(named.as_ref(), default.as_ref())?;
        let profiles = || named.iter().chain(default.iter());
        self.check_plain_http(&url.value, profiles().any(|profile| profile.allow_plain_http))?;
        let token = self.token(&url.value, named.as_ref(), default.as_ref())?;
        let ca = self.ca(named.as_ref(), default.as_ref())?;
        let profile = profiles().next().map(|profile| profile.name.clone());
        let label = profiles().next().map(|profile| profile.label.clone());
        Ok(Connection {
            endpoint: Endpoint { url: url.value, token: token.value, ca },
            profile,
            label,
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

    fn default_profile(&self) -> Result<Option<Profile>, ConnectionError> {
        let profiles = self.profiles()?;
        match self.variable("DOORWARD_ADMIN_PROFILE") {
            Some(name) => profiles.get(name, "DOORWARD_ADMIN_PROFILE").map(Some),
            None => profiles.default_profile(),
        }
    }

    fn profiles(&self) -> Result<Profiles, ConnectionError> {
        let path = self.flags.config.as_deref().or_else(|| self.variable("DOORWARD_ADMIN_CONFIG").map(Path::new));
        Profiles::load(path, self.environment)
    }

    fn url(&self, named: Option<&Profile>, default: Option<&Profile>) -> Result<Sourced<Url>, ConnectionError> {
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
            .or_else(|| default.and_then(profile))
            .unwrap_or_else(|| (DEFAULT_URL.to_owned(), DEFAULT_SOURCE.to_owned()));
        Ok(Sourced { value: parse_address(&text, &source)?, source })
    }

    /// Refuses plain HTTP unless it is allowed or the server is local, because others could read the token.
    fn check_plain_http(&mut self, url: &Url, profile_allows: bool) -> Result<(), ConnectionError> {
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
        default: Option<&Profile>,
    ) -> Result<Sourced<Token>, ConnectionError> {
        let profile = |profile: &Profile| Some((profile.token_file.clone()?, profile.source("token_file")));
        let flag = self.flags.token_file.clone().map(|path| (path, "--token-file".to_owned()));
        if let Some((path, source)) = flag.or_else(|| named.and_then(profile)) {
            return self.read_token(&path, source);
        }
        if let Some(text) = self.variable("DOORWARD_ADMIN_TOKEN") {
            let source = "DOORWARD_ADMIN_TOKEN".to_owned();
            let value =
                Token::new(text).map_err(|reason| ConnectionError::Token { given_by: source.clone(), reason })?;
            return Ok(Sourced { value, source });
        }
        let variable = self.variable("DOORWARD_ADMIN_TOKEN_FILE");
        let variable = variable.map(|path| (PathBuf::from(path), "DOORWARD_ADMIN_TOKEN_FILE".to_owned()));
        if let Some((path, source)) = variable.or_else(|| default.and_then(profile)) {
            return self.read_token(&path, source);
        }
        let path = Path::new(self.variable("DOORWARD_DATA_DIR").unwrap_or("./data")).join("admin.token");
        if !is_loopback(url) {
            return Err(ConnectionError::NoToken(url.to_string()));
        }
        // Errors other than a missing file, such as a missing permission, are reported unchanged.
        match path.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(ConnectionError::NoLocalToken(path)),
            _ => self.read_token(&path, "the data folder".to_owned()),
        }
    }

    fn read_token(&mut self, path: &Path, source: String) -> Result<Sourced<Token>, ConnectionError> {
        let source = format!("{} ({source})", path.display());
        let (text, open_mode) = secret_file::read(path)?;
        self.warnings.extend(open_mode.map(|mode| Warning::ReadableByOthers { path: path.to_owned(), mode }));
        let value = Token::new(&text).map_err(|reason| ConnectionError::Token { given_by: source.clone(), reason })?;
        Ok(Sourced { value, source })
    }

    fn ca(&self, named: Option<&Profile>, default: Option<&Profile>) -> Result<Option<Vec<u8>>, ConnectionError> {
        let profile = |profile: &Profile| profile.ca_file.clone();
        let path = self
            .flags
            .ca_file
            .clone()
            .or_else(|| named.and_then(profile))
            .or_else(|| self.variable("DOORWARD_ADMIN_CA_FILE").map(PathBuf::from))
            .or_else(|| default.and_then(profile));
        let read = |path: PathBuf| std::fs::read(&path).map_err(|error| ConnectionError::file(&path, &error));
        path.map(read).transpose()
    }
}

const EXPECTED_ADDRESS: &str = "not a URL like https://admin.example.com or unix:/run/doorward/admin.sock";

fn parse_address(text: &str, source: &str) -> Result<Url, ConnectionError> {
    let invalid =
        |reason: &'static str| ConnectionError::Url { text: text.to_owned(), given_by: source.to_owned(), reason };
    let url = Url::parse(text.trim()).map_err(|_| invalid(EXPECTED_ADDRESS))?;
    let is_http = matches!(url.scheme(), "http" | "https") && url.host().is_some();
    if !is_http && socket_path(&url).is_none() {
        return Err(invalid(EXPECTED_ADDRESS));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(ConnectionError::Credentials { given_by: source.to_owned() });
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(invalid("a URL with a query (?) or fragment (#); remove that part"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests;
