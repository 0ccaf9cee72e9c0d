//! Fixtures, and installations in temporary folders.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use doorward_authenticator::{Authenticator, from_base64url};
use doorward_testkit::{Http, Person, Process, TestTenant, database, process};
use tempfile::TempDir;

use crate::{clients::Clients, writer};

/// Placeholder that stands for the folder of the installation in the files of a fixture.
pub(crate) const FOLDER: &str = "FOLDER";

/// Files that an installation needs besides its database and its master key.
pub(crate) const FILES: [&str; 3] = ["doorward.toml", "probe.keys", "forward.secret"];

/// Start of 1 January 2100 in UTC, in milliseconds since the Unix epoch.
const YEAR_2100: i64 = 4_102_444_800_000;

/// The folder with all fixtures.
pub(crate) fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

/// An installation of one version, as text files in a subfolder of [`data`].
pub(crate) struct Fixture {
    pub name: String,
}

impl Fixture {
    /// Returns the fixtures of all versions.
    pub(crate) fn all() -> Vec<Self> {
        let entries = fs::read_dir(data()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = entries.filter(|name| name.starts_with("installation-")).collect();
        names.sort();
        assert!(!names.is_empty(), "there is no fixture. To write one: {}", writer::COMMAND);
        names.into_iter().map(|name| Self { name }).collect()
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        data().join(&self.name).join(file)
    }

    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap_or_else(|error| panic!("{}/{file}: {error}", self.name))
    }

    /// Creates the installation in a temporary folder. Sets the expiry of challenges and redeemed tokens to 2100.
    pub(crate) async fn copy(&self) -> Installation {
        let clients = serde_json::from_str(&self.read("clients.json")).unwrap();
        let installation = Installation::in_new_folder(clients);
        for file in FILES {
            installation.write(file, self.read(file).replace(FOLDER, &installation.folder().display().to_string()));
        }
        installation.write("master.key", from_base64url(self.read("master.key.base64").trim()).unwrap());
        let url = installation.database_url();
        database::execute(&url, &self.read("database.sql")).await;
        let unexpired = |table| format!("UPDATE {table} SET expires_at = {YEAR_2100};");
        database::execute(&url, &["challenges", "redeemed_tokens"].map(unexpired).concat()).await;
        installation.make_private("doorward.db");
        installation
    }
}

/// An installation in a temporary folder.
pub(crate) struct Installation {
    folder: TempDir,
    /// URL of a PostgreSQL database; `None` if the database is the SQLite file in the folder.
    database: Option<String>,
    pub clients: Clients,
}

impl Installation {
    fn in_new_folder(clients: Clients) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), database: None, clients }
    }

    /// Creates a new installation of this version, with default settings.
    pub(crate) fn empty() -> Self {
        let installation = Self::in_new_folder(Clients::default());
        installation.write("doorward.toml", format!("[data]\ndir = \"{}\"\n", installation.folder().display()));
        process::init(installation.command());
        installation
    }

    /// Creates a new installation of this version with the given settings. Replaces [`FOLDER`] in the settings with the
    /// path of the installation's folder.
    pub(crate) fn with_settings(settings: &str) -> Self {
        let installation = Self::in_new_folder(Clients::default());
        let folder = installation.folder().display().to_string();
        installation.write("doorward.toml", settings.replace(FOLDER, &folder));
        process::init(installation.command());
        installation
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file that only its owner can read.
    pub(crate) fn write(&self, file: &str, content: impl AsRef<[u8]>) {
        fs::write(self.folder().join(file), content).unwrap();
        self.make_private(file);
    }

    fn make_private(&self, file: &str) {
        fs::set_permissions(self.folder().join(file), fs::Permissions::from_mode(0o600)).unwrap();
    }

    pub(crate) fn use_database(&mut self, url: String) {
        self.database = Some(url);
    }

    pub(crate) fn database_url(&self) -> String {
        self.database.clone().unwrap_or_else(|| self.folder().join("doorward.db").display().to_string())
    }

    /// Returns a `doorward` command with the settings of the installation.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_doorward"));
        command.env_clear().env("DOORWARD_CONFIG", self.folder().join("doorward.toml")).env("DOORWARD_DRAIN", "0s");
        if let Some(url) = &self.database {
            command.env("DOORWARD_DATABASE_URL", url);
        }
        command
    }

    /// Starts a server. Its standard output, to which it forwards audit entries, is the file that [`Self::forwarded`]
    /// reads.
    pub(crate) fn serve(&self) -> Process {
        let mut command = self.command();
        let forwarded = fs::File::create(self.folder().join("forwarded")).unwrap();
        command.stdout(forwarded);
        Process::serve(command)
    }

    /// Returns the audit entries that the server has forwarded.
    pub(crate) fn forwarded(&self) -> Vec<serde_json::Value> {
        let text = fs::read_to_string(self.folder().join("forwarded")).unwrap();
        // The server may be writing the last line.
        let complete = text.rsplit_once('\n').map_or("", |(lines, _)| lines);
        complete.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub(crate) fn tenant(&self, server: &Process, name: &str) -> TestTenant {
        let key = &self.clients.tenants[name];
        server.tenant(&key.id, &key.api_key)
    }

    /// Returns a client of the admin API that uses the admin token with the given name.
    pub(crate) fn admin(&self, server: &Process, token: &str) -> Http {
        let token = &self.clients.admin_tokens[token];
        Http::new(server.admin_url.clone()).header("Authorization", &format!("Bearer {token}"))
    }

    /// Returns a user with an authenticator of the fixture.
    pub(crate) fn person(&self, user: &str) -> Person {
        Person::with(user, Authenticator::import(&self.clients.authenticators[user]).unwrap())
    }
}
