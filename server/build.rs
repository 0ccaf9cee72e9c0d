//! Compresses the OpenAPI documents and the files of Swagger UI, because they would otherwise be a tenth of the program.

use std::{
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};
use swagger_ui_redist::SwaggerUi;

/// File with the script that starts Swagger UI. The content security policy of the page forbids inline scripts.
const START_SCRIPT: &str = "start.js";

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
    let (page, script) = page()?;
    let mut files = vec![("index.html", page.into_bytes()), (START_SCRIPT, script.into_bytes())];
    files.extend(SwaggerUi::static_files().iter().map(|(file, content)| (file.file_name(), content.to_vec())));
    let mut list = "&[\n".to_owned();
    for (name, content) in files {
        let path = folder.join(format!("{name}.gz"));
        compress(&path, &content)?;
        list.push_str(&format!("    ({name:?}, include_bytes!({:?})),\n", path.display().to_string()));
    }
    list.push_str("]\n");
    Ok(fs::write(folder.join("swagger_ui.rs"), list)?)
}

/// Returns the page and the script that it loads.
fn page() -> Result<(String, String), Error> {
    let mut page = SwaggerUi::new();
    page.title("Doorward API").config().urls(["/openapi.json"]).try_it_out_enabled(true);
    let html = page.serve()?;
    let (before, rest) = html.split_once("<script>").ok_or("Swagger UI has no inline script")?;
    let (script, after) = rest.split_once("</script>").ok_or("the script of Swagger UI does not end")?;
    Ok((format!("{before}<script src=\"{START_SCRIPT}\" charset=\"UTF-8\"></script>{after}"), script.to_owned()))
}

fn compress(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut encoder = GzEncoder::new(fs::File::create(path)?, Compression::best());
    encoder.write_all(content)?;
    encoder.finish()?;
    Ok(())
}
