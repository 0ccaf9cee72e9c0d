//! `doorward probe`: tells each step as it ends.

use super::{Failed, args::ProbeArgs, output};
use crate::probe::{self, Step, Target};

pub(super) async fn run(args: ProbeArgs) -> Result<(), Failed> {
    let target = Target {
        url: args.url.to_string(),
        tenant: args.tenant.to_string(),
        api_key: args.api_key.expose().to_owned(),
        origin: args.origin.map(|origin| origin.origin().ascii_serialization()),
        keep: args.keep,
    };
    let mut told = Ok(());
    let mut tell = |step: &Step| {
        let mark = if step.ok { "ok    " } else { "FAILED" };
        let text = format!("{mark}  {:<38} {:>5} ms   {}", step.name, step.millis, output::cell(&step.detail));
        if !args.json && told.is_ok() {
            told = output::line(&text);
        }
    };
    let steps = probe::run(&target, &mut tell).await;
    told?;
    let ok = steps.iter().all(|step| step.ok);
    if args.json {
        output::json(&serde_json::json!({ "ok": ok, "steps": steps }))?;
    }
    // Each step has said what went wrong.
    if ok { Ok(()) } else { Err(Failed::new(String::new())) }
}
