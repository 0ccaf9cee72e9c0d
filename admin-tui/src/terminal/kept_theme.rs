//! The theme that the user chose in the app, saved in a small file.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::appearance::ThemeName;

/// Returns the saved theme, or `None` if there is none.
pub(super) fn load(path: Option<&Path>) -> Option<ThemeName> {
    fs::read_to_string(path?).ok().and_then(|text| ThemeName::parse(&text))
}

/// Saves a theme. Errors are ignored, because the app works without the file.
pub(super) fn save(path: Option<&PathBuf>, name: &str) {
    let Some(path) = path else { return };
    if let Some(folder) = path.parent() {
        let _ = fs::create_dir_all(folder);
    }
    let _ = fs::write(path, format!("{name}\n"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saved_theme_is_loaded_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/doorward/admin-theme");
        assert_eq!(load(Some(&path)), None);
        save(Some(&path), "light");
        assert_eq!(load(Some(&path)), Some(ThemeName::Light));
        save(Some(&path), "16");
        assert_eq!(load(Some(&path)), Some(ThemeName::Sixteen));
        save(None, "dark");
        assert_eq!(load(None), None);
    }
}
