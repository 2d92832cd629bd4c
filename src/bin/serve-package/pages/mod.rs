//! The pages beside the update: what this server is, whether it serves, and,
//! with `--status`, how the machines are.

mod budget;
mod html;
pub mod json;
mod metrics;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Instant;

use omaha::server::{Page, PageRequest};

use crate::watch::Watch;
use budget::Budget;

/// Nothing from elsewhere, no script or style in the page itself, and not in a
/// frame of another site.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";

/// The format of Prometheus.
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";

const STYLE: &str = include_str!("status.css");
const SCRIPT: &str = include_str!("status.js");

/// Makes the pages of a server that machines know by this URL. `has_status` is
/// whether it may be told how they are.
pub fn pages(
    has_status: bool,
    server_url: String,
    watch: Arc<Watch>,
) -> impl FnMut(&PageRequest<'_>) -> Option<Page> + Send + 'static {
    let mut budget = Budget::new(Instant::now());
    move |request| {
        let page = match request.path {
            "/" => front(&watch, &server_url, has_status),
            "/health" => health(&watch),
            _ if !has_status => return None,
            "/status.css" => Page::new("text/css; charset=utf-8", STYLE),
            "/status.js" => Page::new("text/javascript; charset=utf-8", SCRIPT),
            path @ ("/status" | "/status.json" | "/metrics") => {
                if !budget.is_left(Instant::now()) {
                    let page = Page::new(TEXT, "too many status pages at once\n").unavailable();
                    return Some(page.with_header("Retry-After", "2"));
                }
                let (content_type, body) = match path {
                    "/status" => (HTML, html::page(&watch)),
                    "/status.json" => (JSON, json::page(&watch)),
                    _ => (METRICS, metrics::page(&watch)),
                };
                budget.spend(body.len());
                Page::new(content_type, body)
            }
            _ => return None,
        };
        Some(
            page.with_header("Cache-Control", "no-store")
                .with_header("Content-Security-Policy", POLICY)
                .with_header("Referrer-Policy", "no-referrer"),
        )
    }
}

/// A page for people who come with a browser or curl.
fn front(watch: &Watch, server_url: &str, has_status: bool) -> Page {
    let offering = watch.offering();
    let status = if has_status { "\nHow the machines are: /status\n" } else { "" };
    let text = format!(
        "serve-package {}: an update server for Flatcar and Container Linux.\n\
         Now: {offering}.\n\n\
         On each machine, put this line into /etc/flatcar/update.conf\n\
         (Container Linux: /etc/coreos/update.conf):\n\n    SERVER={server_url}\n\n\
         then: systemctl restart update-engine && update_engine_client -check_for_update\n{status}",
        env!("CARGO_PKG_VERSION")
    );
    Page::new(TEXT, text)
}

/// Whether it serves, for load balancers.
fn health(watch: &Watch) -> Page {
    if watch.is_changed() {
        let renewal = watch.tracker().offered().renewal();
        let text = format!(
            "a package was changed: nothing is offered; {renewal} to serve it as it is now\n"
        );
        Page::new(TEXT, text).unavailable()
    } else {
        Page::new(TEXT, "ok\n")
    }
}
