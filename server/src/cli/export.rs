//! `doorward export`: writes a tenant to a file.

use doorward_shared::counted;

use std::{
    fs::OpenOptions,
    io::{BufWriter, Write as _},
    os::unix::fs::OpenOptionsExt as _,
};

use serde_json::json;

use super::{
    CliError,
    admin_call::{failed, find_tenant, open},
    args::ExportArgs,
    output,
};
use crate::import::neutral::{self, FileError};

/// Exports a tenant. Only the owner of the file can read it, because it contains personal data.
pub(super) async fn run(args: ExportArgs) -> Result<(), CliError> {
    let call = open(&args.admin).await?;
    let tenant = find_tenant(&call, &args.tenant).await?;
    let path = args.to.display();
    let failed_file = |error: std::io::Error| CliError::new(format!("{path}: {error}"));
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&args.to).map_err(failed_file)?;
    let mut out = BufWriter::new(file);
    let written = neutral::export(&call, tenant, &mut out).await;
    let lines = match written.and_then(|lines| Ok(out.flush().map(|()| lines)?)) {
        Ok(lines) => lines,
        Err(error) => {
            // An incomplete file must not look like an export.
            let _ = std::fs::remove_file(&args.to);
            return Err(match error {
                FileError::Target(error) => failed(error),
                other => CliError::new(format!("{path}: {other}")),
            });
        }
    };
    if args.admin.json {
        return output::json(&json!({ "tenant": tenant, "file": args.to, "lines": lines }));
    }
    output::line(&format!("wrote {} to {path}", counted(lines, "line")))
}
