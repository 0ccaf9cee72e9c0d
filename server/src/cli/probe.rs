//! `doorward probe`: prints each step when the step ends.

use super::{CliError, args::ProbeArgs, output};
use crate::probe::{self, Step, Target};

pub(super) async fn run(args: ProbeArgs) -> Result<(), CliError> {
    let target = Target {
        url: args.url,
        tenant: args.tenant.to_string(),
        api_key: args.api_key.expose().to_owned(),
        origin: args.origin.map(|origin| origin.origin().ascii_serialization()),
        issuer: args.issuer,
        keep: args.keep,
    };
    let mut printed = Ok(());
    let mut print = |step: &Step| {
        let mark = if step.ok { "ok    " } else { "FAILED" };
        let text = format!("{mark}  {:<38} {:>5} ms   {}", step.name, step.millis, output::cell(&step.detail));
        if !args.json && printed.is_ok() {
            printed = output::line(&text);
        }
    };
    let steps = probe::run(&target, &mut print).await.map_err(|error| CliError::new(error.to_string()))?;
    printed?;
    let ok = steps.iter().all(|step| step.ok);
    if args.json {
        output::json(&serde_json::json!({ "ok": ok, "steps": steps }))?;
    }
    // The output already contains the errors of the steps.
    if ok { Ok(()) } else { Err(CliError::new(String::new())) }
}
