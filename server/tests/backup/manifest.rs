//! Manifests: `backup verify` and `restore` detect every difference between a manifest and its backup.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
};

use doorward_testkit::process;
use serde_json::Value;

use crate::{back_up, command, create_tenant, expect_error, run};

fn verify(data: &Path, backup: &str) -> Value {
    process::json({
        let mut verify = command(data);
        verify.args(["backup", "verify", backup, "--json"]);
        verify
    })
}

#[test]
fn manifest_describes_the_backup() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let _ = create_tenant(data);
    let backup = data.join("backup.db");
    let written = back_up(data, &backup);
    let path = data.join("backup.db.manifest.json");
    assert_eq!(written["manifest"], path.display().to_string());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let before = fs::read(&backup).unwrap();
    assert_eq!(verify(data, &backup.display().to_string()), manifest);
    assert_eq!(fs::read(&backup).unwrap(), before, "the backup was not changed");
    assert_eq!(manifest["bytes"], before.len());
    assert_eq!(manifest["schema"], "20261124000000");
    let counts = &manifest["counts"];
    assert_eq!((&counts["tenants"], &counts["api_keys"], &counts["users"]), (&1.into(), &1.into(), &0.into()));
    assert!(counts["audit_logs"].as_i64().unwrap() >= 2, "{counts}");
    assert!(counts.as_object().unwrap().keys().all(|table| !table.starts_with('_')), "{counts}");
}

#[test]
fn changed_backup_is_refused() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (data, elsewhere) = (here.path(), there.path());
    let _ = create_tenant(data);
    let backup = data.join("backup.db");
    let _ = back_up(data, &backup);
    let path = backup.display().to_string();
    let (good, manifest) = (fs::read(&backup).unwrap(), data.join("backup.db.manifest.json"));
    fs::copy(data.join("master.key"), elsewhere.join("master.key")).unwrap();
    let expect_refused = |part: &str| {
        expect_error(data, &["backup", "verify", &path], 1, part);
        expect_error(elsewhere, &["restore", "--from", &path], 1, part);
        assert!(!elsewhere.join("doorward.db").exists());
    };
    let mut changed = good.clone();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&backup, changed).unwrap();
    expect_refused("its SHA-256 is ");
    fs::write(&backup, [good.as_slice(), b"x"].concat()).unwrap();
    expect_refused("but its manifest states");
    fs::write(&backup, &good).unwrap();
    let described = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, described.replace("\"tenants\": 1", "\"tenants\": 2")).unwrap();
    expect_refused("number of rows differs");
    fs::write(&manifest, described.replace("\"format\": 1", "\"format\": 2")).unwrap();
    expect_refused("the format 2 of the manifest needs another version");
    fs::write(&manifest, r#"{ "format": 2, "digests": [] }"#).unwrap();
    expect_refused("the format 2 of the manifest needs another version");
    fs::write(&manifest, "{").unwrap();
    expect_refused("backup.db.manifest.json: ");

    // Without a manifest, only `restore` accepts the file, and `restore` reports that the file was not verified.
    fs::remove_file(&manifest).unwrap();
    expect_error(data, &["backup", "verify", &path], 1, "backup.db.manifest.json: there is no such file");
    let output = run(elsewhere, &["restore", "--from", &path]);
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("The backup has no manifest"), "{output:?}");
}

#[test]
fn failed_backup_leaves_no_manifest() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let _ = create_tenant(data);
    expect_error(data, &["backup", "--to", &data.join("none/backup.db").display().to_string()], 1, "none");
    let names: Vec<_> = fs::read_dir(data).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!names.iter().any(|name| name.to_string_lossy().contains("manifest")), "{names:?}");
}

#[test]
fn manifest_replaces_any_file_at_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let _ = create_tenant(data);
    let (linked, opened) = (data.join("linked.db.manifest.json"), data.join("open.db.manifest.json"));
    let key = fs::read(data.join("master.key")).unwrap();
    symlink(data.join("master.key"), &linked).unwrap();
    fs::write(&opened, "{}").unwrap();
    fs::set_permissions(&opened, fs::Permissions::from_mode(0o666)).unwrap();
    for (backup, manifest) in [("linked.db", &linked), ("open.db", &opened)] {
        let _ = back_up(data, &data.join(backup));
        let metadata = fs::symlink_metadata(manifest).unwrap();
        assert_eq!((metadata.is_file(), metadata.permissions().mode() & 0o777), (true, 0o600), "{backup}");
    }
    assert_eq!(fs::read(data.join("master.key")).unwrap(), key);
}

#[test]
fn failed_backup_keeps_the_manifest_of_another_backup() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let _ = create_tenant(data);
    let manifest = data.join("backup.db.manifest.json");
    // Simulates another process that has written its manifest, but has not yet renamed its `.partial` file.
    fs::write(data.join("backup.db.partial"), "").unwrap();
    fs::write(&manifest, "{}").unwrap();
    let to = data.join("backup.db").display().to_string();
    expect_error(data, &["backup", "--to", &to], 1, "unless another backup or restore is running");
    assert_eq!(fs::read_to_string(&manifest).unwrap(), "{}");
}
