//! Prints a plan and its results.

use doorward_shared::{command_line::error_json, counted};
use serde_json::{Value, json};

use super::{
    execute::StepResult,
    plan::{Action, Plan, Step},
};
use crate::{
    command::{config::changes_to_json, error::CommandError, output::Output},
    sanitize::sanitize,
};

pub(super) struct Report<'a> {
    output: Output,
    plan: &'a Plan,
}

impl<'a> Report<'a> {
    pub(super) const fn new(output: Output, plan: &'a Plan) -> Self {
        Self { output, plan }
    }

    /// Prints the changes of each tenant as text. Prints nothing with `--json`, because the final JSON lists them.
    pub(super) fn print_plan(&self) -> Result<(), CommandError> {
        if self.output.json {
            return Ok(());
        }
        for step in &self.plan.steps {
            self.line(&format!("{} {}", step.action.as_str(), describe(step)))?;
            for change in &step.changes {
                match (step.action, &change.new) {
                    (Action::Create, Some(new)) => self.line(&format!("  {}: {new}", change.path))?,
                    _ => self.line(&format!("  {change}"))?,
                }
            }
            if let Some(lost) = step.lost_credentials() {
                self.line(&format!("  passkeys and second factors that stop working: {lost}"))?;
            }
            if let Some(impact) = step.trust_impact {
                self.line(&format!("  {}", crate::trust_text::describe(impact)))?;
            }
        }
        let number = |action| self.plan.steps.iter().filter(|step| step.action == action).count();
        self.line(&format!(
            "{} to create, {} to change, {} to disable, {} unchanged",
            number(Action::Create),
            number(Action::Change),
            number(Action::Disable),
            self.plan.unchanged
        ))
    }

    /// Prints the end of the report if no change is made: in a dry run, or if there is nothing to change.
    pub(super) fn print_end(&self, dry_run: bool) -> Result<(), CommandError> {
        if self.output.json {
            let tenants: Vec<_> = self.plan.steps.iter().map(step_to_json).collect();
            return self.print_json(false, dry_run, tenants);
        }
        match (dry_run, self.plan.steps.is_empty()) {
            (true, false) => self.line("dry run: nothing was changed"),
            (_, true) => self.line("no changes"),
            (false, false) => Ok(()),
        }
    }

    /// Prints the result of each step. Returns an error if a step failed.
    pub(super) fn print_results(&self, results: &[StepResult]) -> Result<(), CommandError> {
        let failed = results.iter().filter(|result| result.is_err()).count();
        let (steps, applied) = (&self.plan.steps, results.len() - failed);
        if self.output.json {
            let tenants = steps.iter().zip(results).map(|(step, result)| result_to_json(step, result));
            self.print_json(applied > 0, false, tenants.collect())?;
        } else {
            for (step, result) in steps.iter().zip(results) {
                match result {
                    Ok(id) => self.line(&format!("{} {} ({id})", done(step.action), step.name))?,
                    Err(error) => {
                        self.output.notice(&format!("cannot {} {}: {error}", step.action.as_str(), describe(step)))
                    }
                }
            }
            self.line(&format!("applied the changes of {applied} of {}", counted(steps.len(), "tenant")))?;
        }
        match failed {
            0 => Ok(()),
            failed => Err(CommandError::failed(format!(
                "the changes of {} failed; correct the causes and run the command again",
                counted(failed, "tenant")
            ))),
        }
    }

    fn print_json(&self, changed: bool, dry_run: bool, tenants: Vec<Value>) -> Result<(), CommandError> {
        let result = json!({ "dry_run": dry_run, "unchanged": self.plan.unchanged, "tenants": tenants });
        self.output.change_json(changed, &result)
    }

    fn line(&self, text: &str) -> Result<(), CommandError> {
        self.output.line(&sanitize(text))
    }
}

fn step_to_json(step: &Step) -> Value {
    let mut json = json!({
        "action": step.action.as_str(),
        "id": step.id,
        "display_name": step.name,
        "changes": changes_to_json(&step.changes),
    });
    if let (Value::Object(members), Some(lost)) = (&mut json, step.lost_credentials()) {
        members.insert("lost_credentials".to_owned(), lost.into());
    }
    if let (Some(members), Some(impact)) = (json.as_object_mut(), step.trust_impact) {
        members.insert("trust_impact".to_owned(), json!(impact));
    }
    json
}

fn result_to_json(step: &Step, result: &StepResult) -> Value {
    let (id, error) = match result {
        Ok(id) => (Some(*id), None),
        Err(error) => (step.id, Some(error_json(&error.to_string(), error.code(), error.status()))),
    };
    let mut json = step_to_json(step);
    if let Value::Object(members) = &mut json {
        members.insert("id".to_owned(), json!(id));
        members.insert("applied".to_owned(), error.is_none().into());
        members.extend(error.map(|error| ("error".to_owned(), error)));
    }
    json
}

/// Returns the name and, if it is known, the id of a tenant.
fn describe(step: &Step) -> String {
    match step.id {
        Some(id) => format!("{} ({id})", step.name),
        None => step.name.clone(),
    }
}

const fn done(action: Action) -> &'static str {
    match action {
        Action::Create => "created",
        Action::Change => "changed",
        Action::Disable => "disabled",
    }
}
