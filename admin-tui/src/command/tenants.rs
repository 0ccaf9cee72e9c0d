//! `doorward-admin tenant …`

use doorward_shared::{
    admin::{CreateTenantRequest, SORTED_BY_ACTIVITY, TenantDetail},
    config::{Cors, RelyingParty, TenantConfig},
    page::Order,
};

use super::{
    activity, config,
    confirm::confirm_by_name,
    context::CommandContext,
    disabling::{self, State},
    error::CommandError,
    output::{optional_time, refuse_lost_secret, time},
    pages, secrets, tenant_table,
};
use crate::{
    api::{DisableTarget, TenantSummaryQuery},
    args::tenants::{TenantCommand, TenantCreateArgs, TenantDeleteArgs, TenantListArgs, TenantRenameArgs},
};

const ACTIVITY_DAYS: u32 = 14;

pub(super) async fn run(context: &CommandContext, command: TenantCommand) -> Result<(), CommandError> {
    match command {
        TenantCommand::List(args) => list(context, args).await,
        TenantCommand::Show(args) => show(context, &args.tenant).await,
        TenantCommand::Create(args) => create(context, *args).await,
        TenantCommand::Rename(args) => rename(context, args).await,
        TenantCommand::Disable(args) => set_state(context, &args.tenant, State::Disabled).await,
        TenantCommand::Enable(args) => set_state(context, &args.tenant, State::Enabled).await,
        TenantCommand::Delete(args) => delete(context, args).await,
        TenantCommand::Config(command) => config::run(context, command).await,
    }
}

async fn list(context: &CommandContext, args: TenantListArgs) -> Result<(), CommandError> {
    // Names sort from A to Z; counts and times sort from the largest or latest.
    let is_text = args.sort.is_text();
    let order = if is_text == args.reverse { Order::Descending } else { Order::Ascending };
    let mut total = 0;
    let tenants = pages::collect(args.limit, async |after, limit| {
        let query = TenantSummaryQuery {
            text: args.search.clone(),
            sort: Some(args.sort),
            order: Some(order),
            after,
            limit: Some(limit),
        };
        let page = context.api.tenant_summaries(&query).await?;
        total = page.total;
        Ok((page.items, page.next))
    });
    let tenants = tenants.await?;
    if args.sort.leaves_out_tenants(total) {
        let latest = format!("the {SORTED_BY_ACTIVITY} with the latest activity of {total} tenants");
        context.output.notice(&format!("note: only {latest} were sorted; the list contains no others"));
    }
    context.output.list(&tenant_table::COLUMNS, &tenants, tenant_table::row)
}

async fn show(context: &CommandContext, id_or_name: &str) -> Result<(), CommandError> {
    let id = context.tenant(id_or_name).await?;
    let overview = context.api.tenant_overview(id, ACTIVITY_DAYS).await?;
    if context.output.json {
        return context.output.json(&overview);
    }
    let tenant = &overview.summary;
    context.output.pairs(&[
        ("tenant", tenant.tenant.id.to_string()),
        ("name", tenant.tenant.display_name.clone()),
        ("state", disabling::word(tenant.tenant.disabled_at)),
        ("rp id", tenant.rp_id.clone()),
        ("created", time(tenant.created_at)),
        ("users", tenant.users.to_string()),
        ("credentials", tenant.credentials.to_string()),
        ("API keys", tenant.api_keys.to_string()),
        ("last 7 days", format!("{} succeeded, {} refused", tenant.succeeded, tenant.refused)),
        ("last activity", optional_time(tenant.last_activity)),
    ])?;
    context.output.line("")?;
    activity::print(context.output, &overview.activity)
}

async fn rename(context: &CommandContext, args: TenantRenameArgs) -> Result<(), CommandError> {
    let id = context.tenant(&args.tenant).await?;
    let name = context.api.tenant(id).await?.tenant.display_name;
    if name == args.name {
        return context.output.unchanged(&format!("tenant {id} already has the name {name}"));
    }
    context.api.rename_tenant(id, &name, &args.name).await?;
    context.output.done(&format!("renamed tenant {id} to {}", args.name))
}

async fn create(context: &CommandContext, args: TenantCreateArgs) -> Result<(), CommandError> {
    if args.api_key {
        refuse_lost_secret()?;
    }
    let config = match &args.from {
        Some(file) => config::read(context, file, None).await?,
        None => config_from_args(&args),
    };
    let request = CreateTenantRequest {
        id: None,
        display_name: Some(args.name),
        config: Some(config),
        create_api_key: args.api_key,
    };
    let created = context.api.create_tenant(&request).await?;
    let key = created.api_key.as_ref();
    let printed = if context.output.json {
        context.output.change_json(true, &created)
    } else if args.quiet {
        context.output.line(&created.id.to_string())
    } else {
        let secret = key.map(|key| ("api key", format!("{}   (shown only now)", key.secret)));
        let pairs: Vec<_> = std::iter::once(("tenant", created.id.to_string())).chain(secret).collect();
        context.output.pairs(&pairs)
    };
    printed.map_err(|error| match key {
        Some(key) => secrets::not_printed("API key", key.id, &error),
        None => error,
    })
}

fn config_from_args(args: &TenantCreateArgs) -> TenantConfig {
    let mut config = TenantConfig::for_relying_party(RelyingParty::new(
        args.rp_id.clone().unwrap_or_default(),
        args.name.clone(),
        args.origins.clone(),
    ));
    args.policy.clone().apply(&mut config);
    config.cors = match args.cors_origins.is_empty() {
        true => Cors::for_relying_party(&config.webauthn.relying_party),
        false => Cors { allowed_origins: args.cors_origins.clone(), allow_unsafe_wildcard: false },
    };
    config
}

async fn set_state(context: &CommandContext, id_or_name: &str, state: State) -> Result<(), CommandError> {
    let id = context.tenant(id_or_name).await?;
    let TenantDetail { display_name, disabled_at, .. } = context.api.tenant(id).await?.tenant;
    let what = format!("tenant {display_name} ({id})");
    disabling::set(context, DisableTarget::Tenant(id), &what, disabled_at, state).await
}

async fn delete(context: &CommandContext, args: TenantDeleteArgs) -> Result<(), CommandError> {
    let id = context.tenant(&args.tenant).await?;
    let name = context.api.tenant(id).await?.tenant.display_name;
    let log =
        if args.erase_audit { "Its audit log is deleted." } else { "Its audit log is kept for the retention time." };
    let consequence = format!(
        "This deletes the tenant {name} ({id}) with all its users, credentials and keys. {log} It cannot be undone."
    );
    confirm_by_name(args.confirmation, &consequence, &name)?;
    context.api.delete_tenant(id, &name, args.erase_audit).await?;
    context.output.done(&format!("deleted tenant {name} ({id}) with its users, credentials and keys. {log}"))
}
