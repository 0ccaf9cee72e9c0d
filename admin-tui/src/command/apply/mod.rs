//! `doorward-admin apply`: changes tenants so that they match a file.

mod execute;
mod file;
mod lines;
mod plan;
mod report;

use doorward_shared::counted;

use self::{
    file::TenantsFile,
    plan::{Action, Plan},
    report::Report,
};
use super::{confirm::confirm, context::CommandContext, error::CommandError, input::read_text};
use crate::args::ApplyArgs;

/// Maximum size of the file: enough for 10 000 tenants with long configurations.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

pub(super) async fn run(context: &CommandContext, args: ApplyArgs) -> Result<(), CommandError> {
    let mut file = TenantsFile::parse(&read_text(&args.file, MAX_BYTES)?);
    if !file.has_valid_syntax || file.tenants.is_empty() {
        refuse_problems(&args, &mut file)?;
    }
    if args.prune && file.tenants.is_empty() {
        return Err(CommandError::usage("--prune would disable every tenant, because the file contains none"));
    }
    let plan = plan::plan(context, &mut file, args.prune).await;
    refuse_problems(&args, &mut file)?;
    let mut plan = plan?;
    plan::add_trust_impacts(context, &mut plan).await?;
    let report = Report::new(context.output, &plan);
    report.print_plan()?;
    if args.dry_run || plan.steps.is_empty() {
        report.print_end(args.dry_run)?;
        return if plan.steps.is_empty() { Ok(()) } else { Err(CommandError::WouldChange) };
    }
    confirm(args.confirmation, &consequence(&plan))?;
    let results = execute::execute(&context.api, &plan.steps).await;
    report.print_results(&results)
}

/// Returns an error with all problems of the file, in the order of their lines.
fn refuse_problems(args: &ApplyArgs, file: &mut TenantsFile) -> Result<(), CommandError> {
    if file.problems.is_empty() {
        return Ok(());
    }
    file.problems.sort();
    let name = args.file.display();
    let lines = file.problems.iter().map(|problem| format!("{name}: {problem}"));
    let lines =
        lines.chain([format!("nothing was changed, because the file has {}", counted(file.problems.len(), "problem"))]);
    Err(CommandError::failed(lines.collect::<Vec<_>>().join("\n")))
}

fn consequence(plan: &Plan) -> String {
    let mut text = format!("This changes {}.", counted(plan.steps.len(), "tenant"));
    let lost: Vec<u64> = plan.steps.iter().filter_map(plan::Step::lost_credentials).collect();
    if !lost.is_empty() {
        let lost: u64 = lost.iter().sum();
        text.push_str(&format!(" This changes RP IDs. Passkeys and second factors that stop working: {lost}."));
    }
    let locked_out = plan.steps.iter().filter_map(|step| step.trust_impact).map(|impact| impact.users_losing_all);
    let locked_out: u64 = locked_out.sum();
    if locked_out > 0 {
        text.push_str(&format!(" New trust policies refuse all credentials of {}.", counted(locked_out, "user")));
    }
    let disables = |step: &&plan::Step| step.action != Action::Create && step.new_disabled == Some(true);
    let disabled = plan.steps.iter().filter(disables).count();
    if disabled > 0 {
        text.push_str(&format!(" It disables {}: their users can no longer log in.", counted(disabled, "tenant")));
    }
    text
}
