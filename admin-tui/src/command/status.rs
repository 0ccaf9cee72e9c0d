//! `doorward-admin status`, `me`, `version`

use serde::Serialize;

use super::{Context, Failed, output::Output};
use crate::{api::ApiError, escape::visible};

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

/// Says where the server and the token were found, and whether both work: what to look at first when nothing does.
pub(super) async fn run(context: &Context) -> Result<(), Failed> {
    let ready = context.api.ready().await;
    let me = match &ready {
        Ok(()) => context.api.me().await.map(Some),
        Err(_) => Ok(None),
    };
    let connection = &context.connection;
    let wrong = ready.as_ref().err().or(me.as_ref().err()).cloned();
    let me = me.ok().flatten();
    let status = Status {
        url: context.api.url().to_string(),
        url_source: &connection.url_source,
        token_source: &connection.token_source,
        profile: connection.profile.as_deref(),
        ready: ready.is_ok(),
        name: me.as_ref().map(|me| me.name.clone()),
        role: me.as_ref().map(|me| me.role.to_string()),
        error: wrong.as_ref().map(ApiError::to_string),
    };
    if context.out.json {
        context.out.value(&status)?;
    } else {
        let mut pairs = vec![
            ("server", format!("{}   ({})", status.url, status.url_source)),
            ("token", status.token_source.to_owned()),
            ("ready", super::output::yes(status.ready).to_owned()),
        ];
        pairs.extend(status.profile.map(|name| ("profile", name.to_owned())));
        pairs.extend(me.map(|me| ("you are", format!("{} ({})", me.name, me.role))));
        context.out.pairs(&pairs)?;
    }
    wrong.map_or(Ok(()), |wrong| Err(wrong.into()))
}

/// Says who the token is.
pub(super) async fn me(context: &Context) -> Result<(), Failed> {
    let me = context.api.me().await?;
    if context.out.json {
        return context.out.value(&me);
    }
    context.out.pairs(&[("name", me.name), ("role", me.role.to_string())])
}

/// Prints the figures as they come.
pub(super) async fn metrics(context: &Context) -> Result<(), Failed> {
    if context.out.json {
        return Err(Failed::usage("metrics are text: they have no --json"));
    }
    let text = context.api.metrics().await?;
    text.lines().try_for_each(|line| context.out.line(&visible(line)))
}

/// Prints the version.
pub(super) fn version(out: &Output) -> Result<(), Failed> {
    let version = env!("CARGO_PKG_VERSION");
    if out.json {
        out.value(&serde_json::json!({ "version": version }))
    } else {
        out.line(&format!("doorward-admin {version}"))
    }
}
