//! `doorward-admin tenants …`

use doorward_shared::{
    admin::{CreateTenantRequest, TenantSort, TenantSummary},
    config::{Cors, RelyingParty, TenantConfig, Webauthn},
    page::Order,
};

use super::{
    Context, Failed, config,
    confirm::confirm_by_name,
    keys::undelivered,
    output::{maybe_time, time},
    table::{Column, Table},
    tenant,
};
use crate::{
    api::TenantSummaryQuery,
    args::tenants::{TenantsCommand, TenantsCreateArgs, TenantsDeleteArgs, TenantsListArgs},
};

/// Rows asked for at a time.
pub(super) const SLICE: usize = 200;

pub(super) async fn run(context: &Context, command: TenantsCommand) -> Result<(), Failed> {
    match command {
        TenantsCommand::List(args) => list(context, args).await,
        TenantsCommand::Show(args) => show(context, &args.tenant).await,
        TenantsCommand::Create(args) => create(context, args).await,
        TenantsCommand::Rename(args) => {
            let id = tenant::find(&context.api, &args.tenant).await?;
            context.api.rename_tenant(id, &args.name).await?;
            context.out.done(&format!("tenant {id} is now called {}", args.name))
        }
        TenantsCommand::Delete(args) => delete(context, args).await,
        TenantsCommand::Config(command) => config::run(context, command).await,
    }
}

pub(super) fn columns() -> Table {
    Table::new(&[
        Column::new("ID"),
        Column::text("NAME", 10),
        Column::text("RP ID", 10).spare(6),
        Column::number("USERS").spare(1),
        Column::number("CREDENTIALS").spare(4),
        Column::number("KEYS").spare(5),
        Column::number("OK 7D").spare(3),
        Column::number("REFUSED 7D").spare(2),
        Column::new("LAST ACTIVITY").spare(3),
    ])
}

pub(super) fn row(tenant: &TenantSummary) -> Vec<String> {
    vec![
        tenant.tenant.id.to_string(),
        tenant.tenant.display_name.clone(),
        tenant.rp_id.clone(),
        tenant.users.to_string(),
        tenant.credentials.to_string(),
        tenant.api_keys.to_string(),
        tenant.succeeded.to_string(),
        tenant.refused.to_string(),
        maybe_time(tenant.last_activity),
    ]
}

async fn list(context: &Context, args: TenantsListArgs) -> Result<(), Failed> {
    // What people want at the top: a name from A, of everything else the most or the latest.
    let usual = if args.sort == TenantSort::Name { Order::Ascending } else { Order::Descending };
    let order = match (usual, args.reverse) {
        (Order::Ascending, false) | (Order::Descending, true) => Order::Ascending,
        (Order::Descending, false) | (Order::Ascending, true) => Order::Descending,
    };
    let limit = args.limit.unwrap_or(usize::MAX);
    let mut found: Vec<TenantSummary> = Vec::new();
    let mut query = TenantSummaryQuery {
        text: args.search,
        sort: Some(args.sort),
        order: Some(order),
        after: None,
        limit: u32::try_from(limit.clamp(1, SLICE)).ok(),
    };
    while found.len() < limit {
        let page = context.api.tenant_summaries(&query).await?;
        found.extend(page.items);
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    found.truncate(limit);
    if context.out.json {
        return context.out.value(&found);
    }
    context.out.table(&columns(), &found.iter().map(row).collect::<Vec<_>>())
}

async fn show(context: &Context, text: &str) -> Result<(), Failed> {
    let id = tenant::find(&context.api, text).await?;
    let overview = context.api.tenant_overview(id, 14).await?;
    if context.out.json {
        return context.out.value(&overview);
    }
    let tenant = &overview.summary;
    context.out.pairs(&[
        ("tenant", tenant.tenant.id.to_string()),
        ("name", tenant.tenant.display_name.clone()),
        ("rp id", tenant.rp_id.clone()),
        ("created", time(tenant.created_at)),
        ("users", tenant.users.to_string()),
        ("credentials", tenant.credentials.to_string()),
        ("API keys", tenant.api_keys.to_string()),
        ("last 7 days", format!("{} succeeded, {} refused", tenant.succeeded, tenant.refused)),
        ("last activity", maybe_time(tenant.last_activity)),
    ])?;
    context.out.line("")?;
    super::overview::activity(context, &overview.activity)
}

async fn create(context: &Context, args: TenantsCreateArgs) -> Result<(), Failed> {
    let config = match &args.from {
        Some(file) => config::read(context, file).await?,
        None => described(&args),
    };
    let request =
        CreateTenantRequest { display_name: Some(args.name), config: Some(config), create_api_key: args.api_key };
    let created = context.api.create_tenant(&request).await?;
    let key = created.api_key.as_ref();
    let printed = if context.out.json {
        context.out.value(&created)
    } else if args.quiet {
        context.out.line(&created.id.to_string())
    } else {
        let secret = key.map(|key| ("api key", format!("{}   (shown only now)", key.secret)));
        let pairs: Vec<_> = std::iter::once(("tenant", created.id.to_string())).chain(secret).collect();
        context.out.pairs(&pairs)
    };
    match key {
        Some(key) => printed.map_err(|failed| undelivered("API key", key.id, failed)),
        None => printed,
    }
}

fn described(args: &TenantsCreateArgs) -> TenantConfig {
    let web = |origin: &&String| origin.contains("://");
    let own = || args.origins.iter().filter(web).cloned().collect();
    let relying_party = RelyingParty {
        id: args.rp_id.clone().unwrap_or_default(),
        display_name: args.name.clone(),
        icon: None,
        origins: args.origins.clone(),
    };
    TenantConfig {
        cors: Cors {
            allowed_origins: if args.cors_origins.is_empty() { own() } else { args.cors_origins.clone() },
            allow_unsafe_wildcard: false,
        },
        webauthn: Webauthn::for_relying_party(relying_party),
        mfa: None,
    }
}

async fn delete(context: &Context, args: TenantsDeleteArgs) -> Result<(), Failed> {
    let id = tenant::find(&context.api, &args.tenant).await?;
    let name = context.api.tenant(id).await?.display_name;
    let what = format!(
        "This deletes the tenant {name} ({id}) with all its users, credentials, keys and audit entries, for good."
    );
    confirm_by_name(args.confirmation, &what, &name)?;
    context.api.delete_tenant(id).await?;
    context.out.done(&format!("tenant {name} ({id}) is deleted with everything it had"))
}
