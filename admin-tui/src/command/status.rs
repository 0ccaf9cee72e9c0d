//! `doorward-admin status`, `me`, `metrics` and `version`

use serde::Serialize;

use super::{
    context::CommandContext,
    error::CommandError,
    output::{Output, yes_no},
};
use crate::{api::ApiError, sanitize::sanitize};

#[derive(Serialize)]
struct Status<'a> {
    url: String,
    url_source: &'a str,
    token_source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<&'a str>,
    ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Prints the server, the settings that supplied its address and token, and whether both work.
pub(super) async fn run(context: &CommandContext) -> Result<(), CommandError> {
    let ready = context.api.ready().await;
    let me = match &ready {
        Ok(()) => context.api.me().await.map(Some),
        Err(_) => Ok(None),
    };
    let connection = &context.connection;
    let error = ready.as_ref().err().or(me.as_ref().err()).cloned();
    let me = me.ok().flatten();
    let status = Status {
        url: context.api.url().to_string(),
        url_source: &connection.url_source,
        token_source: &connection.token_source,
        profile: connection.profile.as_deref(),
        ready: ready.is_ok(),
        name: me.as_ref().map(|me| me.name.clone()),
        role: me.as_ref().map(|me| me.role.to_string()),
        error: error.as_ref().map(ApiError::to_string),
    };
    if context.output.json {
        context.output.json(&status)?;
    } else {
        let mut pairs = vec![
            ("server", format!("{}   ({})", status.url, status.url_source)),
            ("token", status.token_source.to_owned()),
            ("ready", yes_no(status.ready).to_owned()),
        ];
        pairs.extend(status.profile.map(|name| ("profile", name.to_owned())));
        pairs.extend(me.map(|me| ("you are", format!("{} ({})", me.name, me.role))));
        context.output.pairs(&pairs)?;
    }
    error.map_or(Ok(()), |error| Err(error.into()))
}

pub(super) async fn me(context: &CommandContext) -> Result<(), CommandError> {
    let me = context.api.me().await?;
    if context.output.json {
        return context.output.json(&me);
    }
    context.output.pairs(&[("name", me.name), ("role", me.role.to_string())])?;
    let Some(tenants) = me.tenants else { return Ok(()) };
    context
        .output
        .line(&format!("only for tenants: {}", tenants.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")))
}

pub(super) async fn metrics(context: &CommandContext) -> Result<(), CommandError> {
    if context.output.json {
        return Err(CommandError::usage(
            "metrics does not support --json: remove this flag to get the Prometheus text",
        ));
    }
    let text = context.api.metrics().await?;
    text.lines().try_for_each(|line| context.output.line(&sanitize(line)))
}

pub(super) fn version(output: Output) -> Result<(), CommandError> {
    let version = env!("CARGO_PKG_VERSION");
    if output.json {
        output.json(&serde_json::json!({ "version": version }))
    } else {
        output.line(&format!("doorward-admin {version}"))
    }
}
