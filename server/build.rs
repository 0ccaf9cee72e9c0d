//! Compresses the OpenAPI documents and the files of Swagger UI, because they would otherwise be a tenth of the program.

use std::{
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};
use swagger_ui_redist::SwaggerUi;

/// Doorward's page and the script that starts Swagger UI.
const OWN_FILES: [&str; 2] = ["index.html", "start.js"];
/// Parts of Swagger UI that the page does not use.
const UNUSED_FILE: &str = "swagger-ui-standalone-preset.js";

type Error = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Error> {
    println!("cargo::rerun-if-changed=build.rs");
    let folder = PathBuf::from(env::var("OUT_DIR")?);
    for document in ["public.json", "admin.json"] {
        let path = Path::new("../docs/openapi").join(document);
        println!("cargo::rerun-if-changed={}", path.display());
        let content = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        compress(&folder.join(format!("{document}.gz")), &content)?;
    }
    let mut files = Vec::new();
    for name in OWN_FILES {
        let path = Path::new("src/http/handlers/docs").join(name);
        println!("cargo::rerun-if-changed={}", path.display());
        files.push((name, fs::read(path)?));
    }
    let used = SwaggerUi::static_files().iter().filter(|(file, _)| file.file_name() != UNUSED_FILE);
    files.extend(used.map(|(file, content)| (file.file_name(), content.to_vec())));
    let mut list = "&[\n".to_owned();
    for (name, content) in files {
        let path = folder.join(format!("{name}.gz"));
        compress(&path, &content)?;
        list.push_str(&format!("    ({name:?}, include_bytes!({:?})),\n", path.display().to_string()));
    }
    list.push_str("]\n");
    Ok(fs::write(folder.join("swagger_ui.rs"), list)?)
}

fn compress(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut encoder = GzEncoder::new(fs::File::create(path)?, Compression::best());
    encoder.write_all(content)?;
    encoder.finish()?;
    Ok(())
}
