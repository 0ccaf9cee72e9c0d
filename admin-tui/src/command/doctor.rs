//! `doorward-admin doctor`

use doorward_shared::counted;

use super::{context::CommandContext, error::CommandError};
use crate::{
    args::tenants::TenantArg,
    doctor::{self, Program, Severity},
    sanitize::sanitize,
};

/// Prints the findings about a tenant. Fails if one of them is an error.
pub(super) async fn run(context: &CommandContext, args: TenantArg) -> Result<(), CommandError> {
    let tenant = context.tenant(&args.tenant).await?;
    let report = context.api.tenant_report(tenant, context.now).await?;
    let connection = &context.connection;
    let program = Program::with_profile(connection.profile.as_deref());
    let findings = doctor::examine(&report, &program, context.now);
    if context.output.json {
        context.output.json(&findings)?;
    } else {
        for finding in &findings {
            let line = format!("{:<8} {}  [{}]", finding.severity.as_str(), finding.message, finding.name);
            context.output.line(&sanitize(&line))?;
            if let Some(command) = &finding.command {
                context.output.line(&format!("         {}", sanitize(command)))?;
            }
        }
        if findings.is_empty() {
            context.output.line("nothing was found")?;
        }
        let is_named = connection.is_default() || connection.profile.is_some();
        if !is_named && findings.iter().any(|finding| finding.command.is_some()) {
            let server = connection.endpoint.url.as_str().trim_end_matches('/');
            let source = &connection.url_source;
            context.output.notice(&format!("run the commands on the same server: {server} ({source})"));
        }
    }
    match findings.iter().filter(|finding| finding.severity == Severity::Error).count() {
        0 => Ok(()),
        errors => Err(CommandError::failed(format!("{} found", counted(errors, "error")))),
    }
}
