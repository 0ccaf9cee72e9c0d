//! Runs the steps of an import in order.

use doorward_shared::counted;

use std::collections::BTreeMap;

use tokio::runtime::Handle;

use super::{
    super::report::{Progress, Report, TenantState},
    history, owned_rows,
    rows::LEFT_OUT,
    session::{Import, ImportError, Options},
    source::Source,
    tenants,
};
use crate::{
    db::{DatabaseOptions, run_blocking},
    service::admin::{
        AdminContext,
        import::{self as target, ImportState},
    },
};

/// Imports the tenants of a source into the installation of `context`.
///
/// # Errors
/// [`ImportError`]. Rows that were written before the error stay; run the import again to complete it.
pub async fn run(
    source: DatabaseOptions,
    context: AdminContext,
    options: Options,
    mut progress: impl FnMut(Progress) + Send + 'static,
) -> Result<Report, ImportError> {
    let runtime = Handle::current();
    // The connection to the source needs a thread without an async runtime.
    run_blocking(move || {
        let source = Source::open(&source)?;
        import_all(Import { source, context, options, tenants: BTreeMap::new(), runtime, progress: &mut progress })
    })
    .await
}

fn import_all(mut import: Import<'_>) -> Result<Report, ImportError> {
    let mut report = Report { dry_run: import.options.dry_run, ..Report::default() };
    for (description, rows) in LEFT_OUT {
        let count = import.source.texts(&format!("SELECT COUNT(*)::text AS value {rows}"), &[])?;
        if let Some(count) = count.first().filter(|count| *count != "0") {
            report.problem(*description, format!("not imported: {}", counted(count, "row")));
        }
    }
    tenants::import(&mut import)?;
    for wanted in &import.options.tenants {
        if !import.tenants.contains_key(wanted) {
            return Err(ImportError::NoTenant(*wanted));
        }
    }
    owned_rows::users(&mut import)?;
    owned_rows::credentials(&mut import)?;
    owned_rows::transactions(&mut import)?;
    history::import(&mut import)?;
    owned_rows::delete_missing(&mut import)?;
    for (id, tenant) in std::mem::take(&mut import.tenants) {
        let mut tenant_report = tenant.report;
        if !import.options.dry_run && !tenant_report.is_skipped() {
            let next = ImportState { complete_until: Some(tenant.next.rows_until), ..tenant.next };
            import.wait(target::put_state(&import.context, id, &next))?;
        }
        if import.options.dry_run
            && tenant.previous.is_some()
            && !tenant_report.is_skipped()
            && !tenant_report.has_changes()
        {
            tenant_report.state = TenantState::Current;
        }
        tenant_report.finish();
        report.tenants.push(tenant_report);
    }
    Ok(report)
}
